"""The command line's manners: quick, quiet, helpful; and the package as it is laid out."""

import os
import resource
import signal
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
import yaml
from typer.models import CommandInfo

from mmusset import __version__ as mmusset_version
from mmusset import recipe_file
from mmusset.agents import AGENTS
from mmusset.cli.main import app
from mmusset.errors import UsageError
from mmusset.recipe import Recipe
from mmusset.recipe_parts.speaker import complete_speaker
from tests.support.command import environment, mmusset

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "numpy", "langgraph", "pydantic", "rich", "av", "PIL", "soundfile")


def test_help_answers_at_once() -> None:
    """Under half a CPU-second, and nothing heavy is imported for it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = mmusset("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert done.returncode == 0
    assert spent < 0.5
    loaded = subprocess.run(
        [sys.executable, "-c", "import mmusset.cli.main, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not set(HEAVY) & set(loaded)


def test_a_build_needs_no_torch() -> None:
    names = (
        "mmusset.builder.run, mmusset.agents.graph, mmusset.speakers.offline.speaker,"
        " mmusset.builder.decoding.worker"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", f"import {names}, langgraph.graph, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"torch", "transformers", "librosa"} & set(loaded)


def commands() -> list[str]:
    """All that `mmusset --help` lists."""
    return [str(info.name or info.callback.__name__) for info in registered() if info.callback]


def registered() -> list[CommandInfo]:
    groups = (info.typer_instance for info in app.registered_groups)
    return [info for group in groups if group for info in group.registered_commands]


@pytest.mark.parametrize("info", registered(), ids=commands())
def test_every_command_has_a_whole_first_line_a_group_and_an_example(info: CommandInfo) -> None:
    """A first line that fits beside the command's name on 80 columns, and is a sentence."""
    assert info.rich_help_panel
    first, _, rest = (info.callback.__doc__ or "").partition("\n")
    assert first.endswith(".")
    assert "Example" in rest


def test_the_overview_shows_each_first_sentence_whole() -> None:
    overview = mmusset("--help").stdout
    assert "..." not in overview.partition("Make a dataset:")[2]
    for info, name in zip(registered(), commands(), strict=True):
        sentence = (info.callback.__doc__ or "").partition("\n")[0].partition(". ")[0]
        line = next(line for line in overview.splitlines() if line.split()[:1] == [name])
        assert sentence.removesuffix(".") in line, "it fits on one line of 80 columns"


def test_the_version_is_that_of_the_package() -> None:
    assert mmusset("--version").stdout == f"mmusset {mmusset_version}\n"


def test_commands_on_no_dataset_say_so(tmp_path: Path) -> None:
    for words in (["status"], ["explain"]):
        done = mmusset(*words, tmp_path, *(["x"] if words == ["explain"] else []))
        assert done.returncode == 1
        assert "is not a dataset of mmusset" in done.stderr


def usual() -> Recipe:
    """The recipe that says nothing of its own."""
    return Recipe().with_agents(AGENTS)


def test_shipped_recipes_are_whole_and_valid() -> None:
    assert recipe_file.names() == ["quickstart", "transformers", "vllm"]
    shown: set[str] = set()
    for name in recipe_file.names():
        loaded = recipe_file.load(Recipe, name, agents=AGENTS)
        assert loaded.name == name
        text = (resources.files("mmusset.recipes") / f"{name}.yaml").read_text()
        given = yaml.safe_load(text)
        speaker = complete_speaker(given["speaker"], AGENTS)
        assert loaded == Recipe.model_validate(given | {"speaker": speaker})
        shown |= set(given)
    assert recipe_file.load(Recipe, "quickstart", agents=AGENTS) == usual()
    assert shown == set(Recipe.model_fields), "every key is shown in a recipe"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"name: caf\xe9", "is not UTF-8 text"),
        (b"name: 2024-99-99", "is not YAML"),
        (b"[" * 20_000, "is not YAML"),
        (b"name: [", "is not YAML"),
        (b"- a", "must be a mapping"),
    ],
)
def test_a_recipe_that_is_none_is_a_usage_error(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "x.yaml").write_bytes(data)
    with pytest.raises(UsageError, match=message):
        recipe_file.load(Recipe, str(tmp_path / "x.yaml"))


def test_an_override_that_is_no_value_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="is not a YAML value"):
        recipe_file.load(Recipe, "quickstart", ("name=2024-99-99",))


@pytest.mark.parametrize(
    ("before", "number"),
    [
        ("", signal.SIGINT),
        ("", signal.SIGTERM),
        # As a script's background jobs do; SIGTERM still ends them.
        ("signal.signal(signal.SIGINT, signal.SIG_IGN)", signal.SIGTERM),
    ],
)
def test_a_stop_during_the_imports_leaves_no_traceback(
    tmp_path: Path, before: str, number: signal.Signals
) -> None:
    """A module that is imported early stands for the moment that the signal comes at."""
    (tmp_path / "typer.py").write_text(
        f"import os, signal\n{before}\nos.kill(os.getpid(), {int(number)})"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mmusset", "--help"],
        env=environment() | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', ROOT)}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "")


def test_overrides_change_one_key() -> None:
    changed = recipe_file.load(
        Recipe, "quickstart", ("clip.seconds=5", "tags.keep=[title]"), AGENTS
    )
    assert (changed.clip.seconds, changed.tags.keep) == (5.0, ("title",))
    differences = recipe_file.differences(usual().canonical(), changed.canonical())
    assert [str(difference) for difference in differences] == [
        "clip.seconds: 10.24 -> 5.0",
        "tags.keep: [] -> ['title']",
    ]


def test_one_key_of_one_agents_sampling_can_be_changed() -> None:
    sampling = recipe_file.load(
        Recipe, "vllm", ("speaker.sampling.critic.max_tokens=99",), AGENTS
    ).speaker.sampling
    usual_sampling = usual().speaker.sampling
    assert sampling["critic"] == usual_sampling["critic"].model_copy(update={"max_tokens": 99})
    assert sampling["captioner"] == usual_sampling["captioner"]
    with pytest.raises(UsageError, match=r"sampling\.critic\.max_tokens"):
        recipe_file.load(Recipe, "vllm", ("speaker.sampling.critic.max_token=99",), AGENTS)


@pytest.mark.parametrize("bounds", ["[80, 8]", "[0, 8]"])
@pytest.mark.parametrize("name", ["caption_words", "story_words"])
def test_bounds_that_nothing_can_meet_are_a_usage_error(name: str, bounds: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be the fewest and the most"):
        recipe_file.load(Recipe, "quickstart", (f"critic.{name}={bounds}",))


def test_gates_of_an_earlier_recipe_are_refused_with_what_replaced_them() -> None:
    with pytest.raises(UsageError, match=r"unknown key 'gates'. There is one 'certainty' \(0\.9\)"):
        recipe_file.load(Recipe, "quickstart", ("gates.tempo=0.3",))


def test_what_can_not_change_the_output_is_no_difference() -> None:
    more_workers = recipe_file.load(
        Recipe, "quickstart", ("limits.workers=8", "limits.decode_seconds=5"), AGENTS
    )
    assert more_workers.canonical() == usual().canonical()


def test_a_key_that_has_moved_is_refused_with_its_new_place() -> None:
    with pytest.raises(UsageError, match=r"'keep_tags'. It is 'tags\.keep' now"):
        recipe_file.load(Recipe, "quickstart", ("keep_tags=[title]",), AGENTS)
