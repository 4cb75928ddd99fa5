"""YAML from anybody: a value, or one line that says why it is none; never more than it may take."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmusset import recipe_file
from mmusset.errors import MmussetError, UsageError
from mmusset.finetune.recipe import FinetuneRecipe
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.publish import readme
from mmusset.recipe import Recipe
from mmusset.speakers.stub import plan as stub_plan
from mmusset.yaml_text import MOST_BYTES, NotYaml, read_yaml
from tests.support.command import mmusset

# What makes PyYAML fail in ways that are not its own errors, and what it takes without end.
TAGGED = [
    *(f"!!{tag} nonsense" for tag in ("timestamp", "bool", "int", "float", "null")),
    *(f"!!{tag} ''" for tag in ("timestamp", "bool", "int", "float", "binary")),
    *("!!int 0b2", "!!int 1:x", "!!float 1:2:x", "!!binary '='", "!!set 1", "!!omap {a: 1}"),
    *("!!pairs [1]", "!!merge x", "!!value x", "!!python/object:os.system x", "!!timestamp [a]"),
    *("2024-99-99", "2024-01-01 25:00:00", "2024-01-01T00:00:00+99:99", "0001-01-01T00:00:00+9:00"),
    *("9" * 5000, "1" + ":59" * 5000, "1" + ":59" * 30 + ".5", "0x" + "f" * 99, "{[]: 1}", "? {}"),
    *(
        "<<: 1",
        "{<<: [1]}",
        "&a [*a]",
        "*nowhere",
        "[" * 5_000,
        "a\x00b",
        "\x85",
        "%YAML 9.9\n--- 1",
    ),
]

LAUGHS = "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'ha'}]\n" for n in range(10)
)
MERGES = "".join(
    f"a{n}: &a{n} {{{f'<<: [*a{n - 1}, *a{n - 1}], ' if n else ''}k{n}: 1}}\n" for n in range(40)
)


def value_or_reason(text: str) -> object:
    """What is read; a reason is one line that can be printed."""
    try:
        return read_yaml(text)
    except NotYaml as error:
        assert str(error).isprintable()
        return error


@pytest.mark.parametrize("text", TAGGED, ids=lambda text: ascii(text[:30]))
def test_a_value_that_is_not_what_its_tag_says_is_one_line_wherever_yaml_is_read(
    tmp_path: Path, text: str
) -> None:
    value_or_reason(text)
    value_or_reason(f"name: {text}")
    path = tmp_path / "x.yaml"
    path.write_text(f"name: {text}", encoding="utf-8")
    for kind in (Recipe, MusFlowRecipe, FinetuneRecipe):
        for what in ((str(path), ()), (_shipped(kind), (f"name={text}",))):
            _refused_or_read(lambda kind=kind, what=what: recipe_file.load(kind, *what))
    _refused_or_read(lambda: stub_plan.load(path))
    path.write_text(f"---\nname: {text}\n---\n", encoding="utf-8")
    _refused_or_read(lambda: readme.split(path))


def _shipped(kind: type[object]) -> str:
    return {Recipe: "quickstart", MusFlowRecipe: "musflow-tiny", FinetuneRecipe: "lora-r8"}[kind]


def _refused_or_read(read: Callable[[], object]) -> None:
    try:
        read()
    except MmussetError as error:
        assert str(error).isprintable(), "one line"


@given(st.text(alphabet="!:[]{}&*<>?|-,'\"# \n\tabinty01.e~=%@", max_size=60))
@example("!!bool x")
def test_any_text_is_a_value_or_a_reason(text: str) -> None:
    value_or_reason(text)


@given(
    st.sampled_from(
        [
            "str",
            "int",
            "float",
            "bool",
            "null",
            "timestamp",
            "binary",
            "set",
            "omap",
            "pairs",
            "seq",
            "map",
            "merge",
            "value",
        ]
    ),
    st.text(max_size=12) | st.sampled_from(["[1, 2]", "{a: 1}", "{<<: {a: 1}}", "[[a, b]]", "=:"]),
)
def test_any_text_under_any_tag_is_a_value_or_a_reason(tag: str, text: str) -> None:
    value_or_reason(f"!!{tag} {text}")
    value_or_reason(f"a: !!{tag} {text!r}")
    value_or_reason(f"? !!{tag} {text}\n: 1")


@pytest.mark.parametrize("text", [LAUGHS, MERGES], ids=["aliases", "merges"])
def test_few_lines_that_stand_for_billions_of_values_are_refused(text: str) -> None:
    with pytest.raises(NotYaml, match="holds more than 20,000 values"):
        read_yaml(text)


def test_anchors_and_merges_of_a_usual_recipe_are_read() -> None:
    text = "usual: &usual {rate: 1}\nmine: {<<: *usual, seconds: 2}"
    assert read_yaml(text) == {"usual": {"rate": 1}, "mine": {"rate": 1, "seconds": 2}}


def test_what_is_wrong_and_where_is_said_in_one_line(tmp_path: Path) -> None:
    for text, why in (
        ("a: [\n b: }", "line 2, column 5: expected the node content, but found '}'"),
        ("&a [*a]", "it is nested more than 50 deep"),
        ("x" * (MOST_BYTES + 1), "it is longer than 256 kB"),
        (f"n: {'9' * 101}", "a number or date has more than 100 characters"),
        ("!!bool x", "a value is not what it is tagged or looks like"),
    ):
        with pytest.raises(NotYaml) as error:
            read_yaml(text)
        assert str(error.value) == why
    with pytest.raises(UsageError, match=r"^--set name=!!bool x is not a YAML value: a "):
        recipe_file.load(Recipe, "quickstart", ("name=!!bool x",))


def test_the_four_tags_in_set_are_wrong_usage(tmp_path: Path) -> None:
    for tag in ("timestamp", "bool", "int", "float"):
        done = mmusset("scan", tmp_path, "--set", f"clip.seconds=!!{tag} x")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert "is not a YAML value" in done.stderr
