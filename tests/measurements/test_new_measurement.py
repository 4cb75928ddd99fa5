"""A new measurement is one declaration: a crest factor, declared here alone, takes part in all.

How far the peaks stand over the mean level tells squashed from punchy.
"""

# docs/ADDING.md: from here
from typing import TYPE_CHECKING

from mmusset.measured import Measured
from mmusset.measurements.declaration import (
    Border,
    Measurement,
    Scale,
    number_histogram,
    number_line,
)
from mmusset.measurements.phrases import joined

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal

# docs/ADDING.md: to here
# isort: split
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmusset import prompts
from mmusset.agents import AGENTS
from mmusset.builder import item_story, show_item
from mmusset.builder.ledger.file import open_to_read
from mmusset.errors import MmussetError
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.pipeline import build_dataset
from mmusset.recipe import CERTAINTY, Recipe
from mmusset.recipe_file import load
from mmusset.sample_parts.claims import Claim
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.shards.tar import read_shard
from mmusset.sources.folder import FolderSource
from mmusset.truth.extract import extract
from mmusset.truth.findings import sayable
from mmusset.truth.judge import judge
from mmusset.view.detail import detail_of
from mmusset.view.facets import facets
from mmusset.view.index import Filter, Index
from mmusset.view.open_dataset import open_dataset
from tests.support.media import library
from tests.support.samples import music_evidence


# docs/ADDING.md: from here
def crest(signal: "ClipSignal") -> Measured:
    """Peak over RMS in dB: 3 for a sine, 10 and more for music that nobody has squashed."""
    import numpy as np

    rms = np.sqrt(np.mean(np.square(signal.samples)))
    peak = np.max(np.abs(signal.samples))
    value = float(20 * np.log10(max(peak, 1e-6) / max(rms, 1e-6)))
    return Measured(value=value, confidence=signal.audible_share)


CREST = Measurement(
    name="crest",
    model=Measured,
    field="crest_db",
    measure=crest,
    scale=Scale(("squashed", "punchy"), (Border(10.0, 1.0),)),
    form="crest {:.1f} dB",
    synonyms={
        "squashed": joined("squashed|flattened|low in punch"),
        "punchy": (*joined("punchy|high in punch"), *joined("full of|plenty of", "punch")),
    },
    sentences={
        "squashed": ("the sound is squashed",),
        "punchy": ("the sound is punchy", "it is full of punch"),
    },
    rank=65,
    prompt="crest {{ music.crest_db.value | round(1) }} dB",
    line=number_line("crest", "{:.1f} dB"),
    histogram=number_histogram("crest", "Crest", "dB", range(4, 24, 2)),
)
# docs/ADDING.md: to here
SHORT = ("clip.seconds=2", "limits.block_size=3")


@pytest.fixture
def listed() -> Iterator[None]:
    with MEASUREMENTS.added(CREST):
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("crest") / "source", 4)


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with MEASUREMENTS.added(CREST):
        return build(source, tmp_path_factory.mktemp("crest") / "out")


def build(source: Path, out: Path, *overrides: str) -> Path:
    recipe = load(Recipe, "quickstart", (*SHORT, *overrides), AGENTS)
    assert build_dataset(FolderSource(source), out, recipe).finished
    return out


def samples_of(out: Path) -> dict[str, dict[str, Any]]:
    shards = sorted((out / "data").glob("*.tar"))
    return {
        key: json.loads(members["json"]) for shard in shards for key, members in read_shard(shard)
    }


def claims_of(out: Path, attribute: str) -> list[dict[str, Any]]:
    samples = samples_of(out).values()
    claims = [claim for sample in samples for claim in sample["caption"]["claims"]]
    return [claim for claim in claims if claim["attribute"] == attribute]


def with_crest(value: float) -> MusicEvidence:
    return music_evidence(crest_db=Measured(value=value, confidence=0.95))


def test_captions_say_it_and_the_shards_hold_it(built: Path) -> None:
    evidence = [sample["music_evidence"] for sample in samples_of(built).values()]
    assert len(evidence) == 4
    assert all(0 < each["crest_db"]["value"] < 30 for each in evidence)
    claims = claims_of(built, "crest")
    assert claims
    for claim in claims:
        assert claim["verdict"] == "supported"
        assert claim["value"] in CREST.values
        assert claim["measured"].startswith("crest ")


def test_it_is_said_only_where_it_is_certain(listed: None) -> None:
    for db, said in ((15.0, True), (10.2, False), (6.0, True)):
        names = [claim.attribute for claim in sayable(with_crest(db), CERTAINTY)]
        assert ("crest" in names) == said


def test_it_is_recognised_denied_and_judged(listed: None) -> None:
    text = "A quiet piece that is full of punch, and not flattened."
    claims = [claim for claim in extract(text) if claim.attribute == "crest"]
    assert [(claim.value, claim.text) for claim in claims] == [
        ("punchy", "full of punch"),
        ("punchy", "not flattened"),
    ]
    punchy = Claim(attribute="crest", value="punchy", text="punchy")
    for db, verdict in ((15.0, "supported"), (9.5, "unverifiable"), (6.0, "contradicted")):
        assert judge([punchy], with_crest(db), CERTAINTY)[0].verdict == verdict


def test_a_model_is_told_of_it(listed: None) -> None:
    prompt = prompts.load("evidence")
    assert "percussiveness" in prompt.text
    assert "dB\n\n# May be said" in prompt.text
    assert "crest {{ music.crest_db.value | round(1) }} dB" in prompt.text


def test_explain_the_page_and_the_card_show_it(listed: None, built: Path, tmp_path: Path) -> None:
    key, sample = next(iter(samples_of(built).items()))
    value = f"{sample['music_evidence']['crest_db']['value']:.1f} dB"
    with open_to_read(built) as ledger:
        assert f"  crest {value} (" in show_item.stories(item_story.explain(ledger, key))
    with open_dataset(built).reading() as reading:
        story = reading.story(key)
        assert story
        assert ("crest", value) in [
            (line.name, line.value) for line in detail_of(story, reading.answer).measures
        ]
        index = Index(tmp_path / "view.db")
        index.refresh(reading)
        [crests] = [each for each in index.counts(Filter("", ())) if each.name == "crest"]
    assert sum(count for _, count in crests.values) == 4
    card = (built / "README.md").read_text()
    assert "| crest |" in card
    assert "- name: crest_db" in card


@pytest.mark.slow
def test_the_bundled_encoder_takes_its_words(listed: None) -> None:
    from mmusset.musflow.encoders.bundled import ReadText

    with_it = ReadText()
    low, high = with_it(["It sounds flattened.", "It is full of punch."])
    assert with_it.identity == "read-text/2+crest"
    assert (low[18].item(), high[18].item()) == (-1.0, 1.0)


def test_without_it_nothing_of_it_is_left() -> None:
    assert "crest" not in prompts.load("evidence").text
    assert "crest" not in [facet.name for facet in facets()]
    assert extract("It is full of punch.") == ()
    with pytest.raises(ValueError, match="crest_db"):
        with_crest(15.0)


def test_a_dataset_that_has_it_is_not_opened_without_it(built: Path) -> None:
    key = next(iter(samples_of(built)))
    with (
        open_to_read(built) as ledger,
        pytest.raises(MmussetError, match=r"other measurements than this mmusset has .*crest_db"),
    ):
        item_story.explain(ledger, key)


def test_a_name_is_taken_once(listed: None) -> None:
    with pytest.raises(ValueError, match="there is a measurement crest already"):
        MEASUREMENTS.add(CREST)
    assert [each.name for each in MEASUREMENTS].count("crest") == 1


@pytest.mark.slow
def test_what_the_measuring_process_cannot_import_stops_the_build(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crest, "__module__", "nowhere_to_be_found")
    with (
        MEASUREMENTS.added(CREST),
        pytest.raises(MmussetError, match="can't import nowhere_to_be_found"),
    ):
        build(source, tmp_path / "out")
