"""Measures of two voices, on texts whose measures are known; and the page, which escapes."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmusset.agents import AGENTS
from mmusset.errors import MmussetError, Refused, UsageError
from mmusset.finetune.chats import fitted
from mmusset.finetune.compare import (
    Comparison,
    ComparisonRequest,
    Example,
    HeldOut,
    base_of,
    compare,
    held_out,
    speaker_of,
)
from mmusset.finetune.metrics import (
    FreeReply,
    Interval,
    MetricRow,
    SampleResult,
    distinct,
    refuses,
    rows,
)
from mmusset.finetune.recipe import DataPart, FinetuneRecipe
from mmusset.finetune.report import make_free, page
from mmusset.progress import JsonProgress, Progress
from mmusset.recipe import CERTAINTY
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample_parts.claims import ClaimVerdict, JudgedClaim
from mmusset.shards.manifest import MANIFEST
from mmusset.truth.badges import badged
from mmusset.truth.extract import extract
from mmusset.truth.judge import judge
from tests.speakers.test_adapter import adapter_folder
from tests.support.command import mmusset
from tests.support.finetune_parts import FEW_PIXELS
from tests.support.manifests import manifest_of
from tests.support.musflow_parts import dataset
from tests.support.samples import music_evidence, sample
from tests.support.thorough import cases
from tests.support.tiny_qwen2vl import make_adapter


def claim(verdict: ClaimVerdict, text: str = "quiet") -> JudgedClaim:
    return JudgedClaim(
        attribute="loudness",
        value="quiet",
        text=text,
        verdict=verdict,
        measured="-30 LUFS",
        confidence=0.95,
    )


def result(
    *verdicts: ClaimVerdict,
    valid: bool = True,
    said: int = 1,
    accepted: bool = True,
    rounds: int = 0,
) -> SampleResult:
    return SampleResult(
        limits=CriticPart(),
        caption=FreeReply("A quiet piece.", valid),
        story=FreeReply("The lamp was out.", valid),
        claims=tuple(map(claim, verdicts)),
        faults=(),
        sayable=4,
        said=said,
        accepted=accepted,
        rounds=rounds,
        reason="" if accepted else "contradicted",
    )


def by_name(base: list[SampleResult], adapter: list[SampleResult]) -> dict[str, MetricRow]:
    return {row.name: row for row in rows(base, adapter)}


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


@settings(max_examples=cases(20))
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_an_interval_holds_its_value_and_a_voice_is_not_unlike_itself(
    pairs: list[tuple[bool, bool]],
) -> None:
    base = [result(valid=a, accepted=b) for a, b in pairs]
    adapter = [result(valid=b) for _, b in pairs]
    for row in rows(base, adapter):
        for interval in (row.base, row.adapter, row.difference):
            if interval:
                assert interval.low - 1e-9 <= interval.value <= interval.high + 1e-9
    for row in rows(base, base):
        assert not row.shown
        assert row.difference is None or row.difference.value == 0


def test_the_interval_is_paired() -> None:
    """Where each sample gains alike, the difference is surer than either voice."""
    base = [result(said=n % 3) for n in range(30)]
    adapter = [result(said=n % 3 + 1) for n in range(30)]
    recall = by_name(base, adapter)["claim recall"]
    assert recall.shown
    unpaired = by_name(base, adapter[::-1])["claim recall"]
    assert width(recall.difference) < 0.8 * width(unpaired.difference)
    words = by_name(base, adapter)["words, a caption"]
    assert words.difference == Interval(0.0, 0.0, 0.0)


def width(interval: Interval | None) -> float:
    assert interval
    return interval.high - interval.low


@pytest.mark.parametrize(("samples", "shown"), [(9, False), (10, True)])
def test_a_handful_of_samples_shows_nothing(samples: int, shown: bool) -> None:
    """Even where all agree that the adapter is better."""
    found = by_name([result(valid=False)] * samples, [result()] * samples)["answers in schema"]
    assert found.shown is shown
    assert found.difference
    assert found.difference.value == 1.0
    accepted = [result()] * samples + [result(accepted=False)] * 20
    mended = [result(rounds=1)] * samples + [result(accepted=False)] * 20
    assert by_name(accepted, mended)["mended, of the accepted"].shown is shown


def test_all_or_none_of_some_samples_is_not_surely_all_or_none() -> None:
    """Wilson's interval of 20 of 20 begins at 83.9 %; Bonett and Price's of no change is this."""
    same = by_name([result()] * 20, [result()] * 20)["accepted"]
    assert same.base == Interval(1.0, pytest.approx(0.8389, abs=1e-4), 1.0)
    assert same.difference
    assert (same.difference.low, same.difference.high) == pytest.approx((-0.126, 0.126), abs=1e-3)


def test_two_answers_of_a_sample_are_less_than_two_samples() -> None:
    """Caption and story are in schema together here, or neither is."""
    half = [result(valid=n % 2 == 0) for n in range(20)]
    found = by_name(half, half)
    assert width(found["answers in schema"].base) == pytest.approx(
        width(by_name([result(accepted=n % 2 == 0) for n in range(20)], half)["accepted"].base)
    )


def test_intervals_cover_what_they_should() -> None:
    """Those of 20 samples, for shares near 1 too: as often as the normal error allows."""
    dice = np.random.default_rng(0)
    held = []
    for _ in range(200):
        drawn = dice.random((2, 20)) < np.array([[0.6], [0.95]])
        row = by_name(*([result(accepted=bool(a)) for a in side] for side in drawn))["accepted"]
        for interval, truth in ((row.base, 0.6), (row.adapter, 0.95), (row.difference, 0.35)):
            assert interval
            held.append(interval.low <= truth <= interval.high)
    assert 0.92 < np.mean(held) < 0.99


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("I’m unable to describe this picture.", True),
        ("As an AI language model, I do not hear.", True),
        ('{"caption": "I cannot hear the music"}', True),
        ("A quiet piece that can't be hurried.", False),
        ("She was sorry that the lamp was out.", False),
        ("Sorry, but I'm not able to listen to this audio.", True),
        ('{"story": "As a large language model, I', True),
        ("I'm sorry, I can't assist with that request.", True),
        ("I apologize for the confusion, but I cannot generate a story.", True),
        ("I can't find my coat.", False),
        ("I'm sorry I ever left the quay.", False),
        ("I can't help but smile at the lamp.", False),
        ("I cannot describe the light of that morning.", False),
        ('"I can\'t find my coat," she said.', False),
        ("I won't go, she thought, and watched the ferry leave.", False),
        ('The lamp was out. "I\'m sorry," said Anna.', False),
        ("I am unable to sleep, so I walk along the quay.", False),
    ],
)
def test_a_refusal_is_a_models_and_not_a_storys(text: str, refusal: bool) -> None:
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


def test_each_claim_is_marked_where_it_stands() -> None:
    text = "Quieter than most: a quiet piece, and a quiet end."
    claims = judge(extract(text), music_evidence(), CERTAINTY)
    assert [c.text for c in claims] == ["quiet", "quiet"]
    assert badged(text, claims).startswith("Quieter than most: a <mark")
    assert badged(text, claims).endswith("quiet</mark> end.")
    assert badged(text, claims).count("<mark") == 2


def test_the_page_shows_text_as_text(tmp_path: Path) -> None:
    made = sample(0)
    held = HeldOut(made.quadruple, fitted(made.image_jpeg, 3136), CERTAINTY, (), CriticPart())
    evil = replace(result("supported"), story=FreeReply("<script>alert(1)</script>", True))
    found = tuple(rows([evil], [evil]))
    comparison = Comparison(
        data="d", base="<base>", adapter="a", split="test", samples=1, rows=found,
        distinct_2={"captions": (0.5, 0.5)}, reasons={},
    )  # fmt: skip
    html = page(comparison, [Example(held, evil, evil)])
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "&lt;base&gt;" in html
    assert "loudness quiet: -30.0 LUFS" in html
    assert "Too few to show a difference: it takes 10 samples or more." in html
    assert "not shown" in comparison.text()


def question(data: Path, adapter: Path = Path("a")) -> ComparisonRequest:
    return ComparisonRequest(str(data), "base", adapter, "test", None)


def test_a_dataset_without_held_out_samples_is_refused(tmp_path: Path) -> None:
    lone = dataset(tmp_path / "lone", train_0=[sample(0)])
    with pytest.raises(UsageError, match="no test samples, only train: build a larger dataset"):
        held_out(question(lone))
    some = dataset(tmp_path / "some", validation_0=[sample(0, "validation")])
    with pytest.raises(UsageError, match="or give --split validation"):
        held_out(question(some))
    both = dataset(tmp_path / "both", validation_0=[sample(0, "validation")],
                   test_0=[sample(1, "test"), sample(2, "test")])  # fmt: skip
    assert len(held_out(question(both))) == 2, "not those by which weights were chosen"
    assert len(held_out(replace(question(both), limit=1))) == 1
    with pytest.raises(UsageError, match="no train samples, only test and validation"):
        held_out(replace(question(both), split="train"))


def test_no_shard_is_read_beyond_the_limit(tmp_path: Path) -> None:
    two = dataset(tmp_path, test_0=[sample(0, "test")], test_1=[sample(1, "test")])
    (two / "data" / "test-000001.tar").write_bytes(b"cut short")
    assert len(held_out(replace(question(two), limit=1))) == 1
    with pytest.raises(MmussetError, match="test-000001"):
        held_out(question(two))


def test_texts_are_measured_by_the_limits_of_their_dataset(tmp_path: Path) -> None:
    data = dataset(tmp_path, test_0=[sample(0, "test")])
    assert held_out(question(data))[0].limits == CriticPart()
    manifest = manifest_of([], recipe={"critic": {"story_words": [3, 9]}})
    (data / MANIFEST).write_bytes(manifest.to_bytes())
    (held,) = held_out(question(data))
    assert held.limits == CriticPart(story_words=(3, 9))
    short = result()
    fitting = replace(short, limits=held.limits)
    found = by_name([short], [fitting])["stories of the right length"]
    assert found.base and found.adapter
    assert (found.base.value, found.adapter.value) == (0, 1)


def test_an_adapter_speaks_for_the_agents_it_was_taught_as(tmp_path: Path) -> None:
    """And beside the very revision of its base, with pictures of the size it knows."""
    asked = question(tmp_path, tmp_path)
    untold = speaker_of(asked, "a").adapters
    assert (untold["captioner"], untold["story_writer"]) == ("a", "a")
    part = DataPart(agents=("captioner",), max_pixels=3136)
    made_by = FinetuneRecipe(base="base", revision="v1", data=part)
    (tmp_path / "recipe.yaml").write_text(made_by.model_dump_json())
    told = speaker_of(asked, "a")
    assert {agent: lora for agent, lora in told.adapters.items() if lora} == {"captioner": "a"}
    assert (told.revision, told.max_pixels) == ("v1", 3136)
    assert speaker_of(replace(asked, base="another"), "a").revision == ""


def test_an_adapter_of_another_base_is_refused_before_any_work(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data", test_0=[sample(0, "test")])
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text('{"model_type": "qwen2_vl"}')
    other = adapter_folder(tmp_path / "a", base_model_name_or_path="Qwen/Qwen2-VL-2B-Instruct")
    done = mmusset("evaluate-speaker", data, "--adapter", other, "--base", base)
    assert done.returncode == 1
    assert "it was trained on Qwen/Qwen2-VL-2B-Instruct, not on" in done.stderr
    with pytest.raises(MmussetError, match="is no LoRA adapter"):
        base_of(tmp_path / "no")
    silent = adapter_folder(tmp_path / "silent", base_model_name_or_path="")
    with pytest.raises(UsageError, match="give --base"):
        base_of(silent)
    with pytest.raises(MmussetError):
        held_out(question(tmp_path))


def test_a_folder_to_write_to_is_made_before_any_work(tmp_path: Path) -> None:
    make_free(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="exists"):
        make_free(tmp_path / "file")
    (tmp_path / "examples.html").write_text("an earlier one")
    with pytest.raises(Refused, match="is there already"):
        make_free(tmp_path)


# Random weights never come to an end: they are cut off sooner.
BRIEF = tuple(
    replace(agent, sampling=agent.sampling.model_copy(update={"max_tokens": 48}))
    for agent in AGENTS
)


@pytest.fixture(scope="module")
def two_voices(
    base: Path, source: Path, tmp_path_factory: pytest.TempPathFactory
) -> ComparisonRequest:
    """A real Qwen2-VL of random weights, and an adapter that changes what its captioner says."""
    adapter = make_adapter(base, tmp_path_factory.mktemp("voices") / "a")
    part = DataPart(agents=("captioner",), max_pixels=FEW_PIXELS)
    made_by = FinetuneRecipe(base=str(base), data=part)
    (adapter / "recipe.yaml").write_text(made_by.model_dump_json())
    return ComparisonRequest(str(source), str(base), adapter, "validation", None)


@pytest.mark.slow
def test_two_voices_are_heard_and_what_fails_is_counted(two_voices: ComparisonRequest) -> None:
    told = StringIO()
    found, examples = compare(two_voices, JsonProgress(told), BRIEF)
    assert compare(two_voices, Progress(), BRIEF) == (found, examples), "the same figures again"
    assert found.samples == len(examples) == 2
    assert "chooses its weights by the validation samples" in found.text()
    for example in examples:
        assert example.base.caption.text != example.adapter.caption.text
        assert example.base.story == example.adapter.story, "the base writes both"
        assert not example.base.caption.valid, "it wrote freely, and knows no JSON"
    assert found.reasons == {"no usable answer": (2, 2)}, "cut off, since it never comes to an end"
    events = [json.loads(line) for line in told.getvalue().splitlines()]
    assert [event["stage"] for event in events if event["event"] == "stage"] == [
        f"{name}, {what}"
        for name in ("base", "adapter")
        for what in ("captions, freely", "stories, freely", "through the agents")
    ]
    assert [event["done"] for event in events if event["event"] == "step"] == [1, 2] * 6
