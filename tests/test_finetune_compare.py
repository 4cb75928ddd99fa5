"""Measures of two voices, on texts whose measures are known; and the page, which escapes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmusset.errors import MmussetError, UsageError
from mmusset.finetune.chats import fitted
from mmusset.finetune.compare import Comparison, Example, HeldOut, Question, held_out
from mmusset.finetune.measures import Interval, Result, Row, Written, distinct, refuses, rows
from mmusset.finetune.report import badged, page
from mmusset.recipe import CriticPart, GatesPart
from mmusset.sample import ClaimVerdict, JudgedClaim
from tests.command import mmusset
from tests.musflow_parts import dataset
from tests.samples import sample
from tests.test_adapter import adapter_folder


def claim(verdict: ClaimVerdict, text: str = "quiet") -> JudgedClaim:
    return JudgedClaim(
        attribute="loudness",
        value="quiet",
        text=text,
        verdict=verdict,
        measured="-30 LUFS",
        confidence=0.9,
    )


def result(
    *verdicts: ClaimVerdict,
    valid: bool = True,
    said: int = 1,
    accepted: bool = True,
    rounds: int = 0,
) -> Result:
    return Result(
        caption=Written("A quiet piece.", valid),
        story=Written("The lamp was out.", valid),
        claims=tuple(map(claim, verdicts)),
        faults=(),
        sayable=4,
        said=said,
        accepted=accepted,
        rounds=rounds,
        reason="" if accepted else "contradicted",
    )


def by_name(base: list[Result], adapter: list[Result], seed: int = 0) -> dict[str, Row]:
    return {row.name: row for row in rows(base, adapter, CriticPart(), seed)}


def test_known_results_have_known_measures() -> None:
    base = [result("supported", "contradicted"), result("contradicted", valid=False, said=0)]
    adapter = [result("supported", said=3), result("supported", said=3, rounds=1)]
    found = by_name(base, adapter)

    def values(name: str) -> tuple[float, float]:
        row = found[name]
        assert row.base and row.adapter and row.difference
        assert row.difference.value == pytest.approx(row.adapter.value - row.base.value)
        return row.base.value, row.adapter.value

    assert values("claim precision") == (pytest.approx(1 / 3), 1.0)
    assert values("claim recall") == (1 / 8, 6 / 8)
    assert values("answers in schema") == (0.5, 1.0)
    assert values("contradicted claims, a caption") == (1.0, 0.0)
    assert values("rounds, of an accepted one") == (0.0, 0.5)
    assert values("words, a caption") == (3.0, 3.0)
    assert not found["words, a caption"].shown


def test_what_nobody_did_has_no_measure() -> None:
    rejected = [result(accepted=False), result(accepted=False)]
    assert by_name(rejected, rejected)["rounds, of an accepted one"].difference is None
    assert by_name(rejected, rejected)["claim precision"].base is None


@settings(max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_an_interval_holds_its_value_and_a_voice_is_not_unlike_itself(
    pairs: list[tuple[bool, bool]],
) -> None:
    base = [result(valid=a) for a, _ in pairs]
    adapter = [result(valid=b) for _, b in pairs]
    for row in rows(base, adapter, CriticPart(), 0):
        for interval in (row.base, row.adapter, row.difference):
            if interval:
                assert interval.low - 1e-9 <= interval.value <= interval.high + 1e-9
    for row in rows(base, base, CriticPart(), 0):
        assert not row.shown
        assert row.difference is None or row.difference == Interval(0.0, 0.0, 0.0)


def test_the_interval_is_paired_and_seeded() -> None:
    """Where each sample gains alike, the difference is sure, however much samples differ."""
    base = [result(said=n % 3) for n in range(30)]
    adapter = [result(said=n % 3 + 1) for n in range(30)]
    row = by_name(base, adapter)["claim recall"]
    assert row.shown
    assert row.base and row.difference
    assert row.base.high - row.base.low > 0.1
    assert row.difference.high - row.difference.low < 1e-9
    assert by_name(base, adapter, 0)["claim recall"] == row


def test_an_interval_covers_what_it_should() -> None:
    """95 % intervals of 40 samples hold the true share about as often."""
    dice = np.random.default_rng(0)
    held = 0
    for _ in range(30):
        drawn = [result(valid=bool(dice.random() < 0.6)) for _ in range(40)]
        found = by_name(drawn, drawn)["answers in schema"].base
        assert found
        held += found.low <= 0.6 <= found.high
    assert held >= 25


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("I’m unable to describe this picture.", True),
        ("As an AI language model, I do not hear.", True),
        ('{"caption": "I cannot hear the music"}', True),
        ("A quiet piece that can't be hurried.", False),
        ("She was sorry that the lamp was out.", False),
    ],
)
def test_refusals_are_known_by_their_opening(text: str, refusal: bool) -> None:
    assert refuses(text) is refusal


def test_distinct_2() -> None:
    assert distinct(["a b a b"]) == pytest.approx(2 / 3)
    assert distinct([""]) == 0


def test_claims_are_marked_and_all_else_is_escaped() -> None:
    marked = badged("<b>A quiet</b> & calm piece", (claim("supported", "quiet"),))
    assert "&lt;b&gt;A " in marked
    assert '<mark class="supported"' in marked
    assert marked.count("<") == 2
    assert "&amp; calm" in marked


def test_the_page_shows_text_as_text(tmp_path: Path) -> None:
    made = sample(0)
    held = HeldOut(made.quadruple, fitted(made.image_jpeg, 3136), GatesPart())
    evil = replace(result("supported"), story=Written("<script>alert(1)</script>", True))
    found = tuple(rows([evil], [evil], CriticPart(), 0))
    comparison = Comparison(
        base="<base>", adapter="a", split="test", samples=1, seed=0, rows=found,
        distinct_2={"captions": (0.5, 0.5)}, reasons={},
    )  # fmt: skip
    html = page(comparison, [Example(held, evil, evil)])
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "&lt;base&gt;" in html
    assert "not shown" in comparison.text()


def question(data: Path, adapter: Path = Path("a")) -> Question:
    return Question(str(data), "base", adapter, "held-out", None, 0)


def test_a_dataset_without_held_out_samples_is_refused(tmp_path: Path) -> None:
    lone = dataset(tmp_path / "lone", train_0=[sample(0)])
    with pytest.raises(UsageError, match="no validation or test samples, only train"):
        held_out(question(lone))
    both = dataset(tmp_path / "both", validation_0=[sample(0, "validation")],
                   test_0=[sample(1, "test"), sample(2, "test")])  # fmt: skip
    assert len(held_out(question(both))) == 3
    assert len(held_out(replace(question(both), limit=2))) == 2


def test_an_adapter_of_another_base_is_refused_before_any_work(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data", test_0=[sample(0, "test")])
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text('{"model_type": "qwen2_vl"}')
    other = adapter_folder(tmp_path / "a", base_model_name_or_path="Qwen/Qwen2-VL-2B-Instruct")
    done = mmusset("evaluate-speaker", "--data", data, "--adapter", other, "--base", base)
    assert done.returncode == 1
    assert "it was trained on Qwen/Qwen2-VL-2B-Instruct, not on" in done.stderr
    none = mmusset("evaluate-speaker", "--data", data, "--adapter", tmp_path / "no")
    assert none.returncode == 1
    assert "is no LoRA adapter" in none.stderr
    with pytest.raises(MmussetError):
        held_out(question(tmp_path))
