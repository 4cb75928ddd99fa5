"""A new ear is one declaration: one that knows a whistle, declared here alone, is heard by all."""

# docs/ADDING.md: from here
from typing import TYPE_CHECKING

from mmusset.ears.declaration import Ear, Label, Step

if TYPE_CHECKING:
    from mmusset.ears.declaration import Floats

# docs/ADDING.md: to here
# isort: split
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmusset.builder import item_story, show_item
from mmusset.builder.ledger.file import open_to_read
from mmusset.ears.listed import EARS, ears_named
from mmusset.errors import MmussetError, Refused, UsageError
from mmusset.pipeline import build_dataset, replay_dataset
from mmusset.recipe import CERTAINTY, Recipe
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.shards.tar import read_shard
from mmusset.sources.folder import FolderSource
from mmusset.truth.extract import extract
from mmusset.truth.findings import sayable
from mmusset.truth.judge import judge
from tests.support.media import RATE_HZ, picture, piece
from tests.support.samples import music_evidence


# docs/ADDING.md: from here
def whistled(mono: "Floats") -> dict[str, float]:
    """How much of the sound is one tone: what a whistle, and little else, comes near."""
    import numpy as np

    power = np.abs(np.fft.rfft(mono)) ** 2
    strongest = int(power.argmax())
    near = power[max(0, strongest - 20) : strongest + 21]
    return {"whistle": float(near.sum() / power.sum())}


WHISTLER = Ear(
    name="whistler",
    kind="tagger",
    version="whistler 1",
    licences=("whistler 1: in the public domain",),
    labels=(
        Label(
            name="whistle",
            attribute="instrument",
            value="tin whistle",
            steps=(Step(0.0, 0.01), Step(0.5, 0.75), Step(0.8, 0.95)),
            absent_below=0.05,
        ),
    ),
    calibrated_on="tones and chords of its own test",
    rate_hz=16000,
    listen=whistled,
)
# docs/ADDING.md: to here
SETTINGS = Recipe.model_validate(
    {"ears": ["whistler"], "clip": {"seconds": 2}, "limits": {"block_size": 3}}
)


@pytest.fixture(autouse=True)
def listed() -> Iterator[None]:
    with EARS.added(WHISTLER):
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pieces of chords, and one of a single tone."""
    import numpy as np
    import soundfile

    folder = tmp_path_factory.mktemp("whistle") / "source"
    for number in range(2):
        piece(folder / f"song {number}.wav", number)
    tone = 0.3 * np.sin(2 * np.pi * 880 * np.arange(3 * RATE_HZ) / RATE_HZ)
    soundfile.write(folder / "whistle.wav", tone, RATE_HZ)
    for number, name in enumerate(("song 0", "song 1", "whistle")):
        picture(folder / f"{name}.png", number)
    return folder


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with EARS.added(WHISTLER):
        out = tmp_path_factory.mktemp("whistle") / "out"
        assert build_dataset(FolderSource(source), out, SETTINGS).finished
    return out


def samples_of(out: Path) -> list[dict[str, Any]]:
    shards = sorted((out / "data").glob("*.tar"))
    return [json.loads(members["json"]) for shard in shards for _, members in read_shard(shard)]


def heard(probability: float, score: float = 0.9) -> MusicEvidence:
    label = {"score": score, "probability": probability}
    return music_evidence(heard={"whistler": {"whistle": label}})


def test_what_it_hears_stands_in_every_sample_and_in_the_captions(built: Path) -> None:
    labels = [each["music_evidence"]["heard"]["whistler"]["whistle"] for each in samples_of(built)]
    assert sorted(label["probability"] for label in labels) == [0.01, 0.01, 0.95]
    [whistle] = [each for each in samples_of(built) if "whistle" in each["caption"]["text"]]
    [claim] = [c for c in whistle["caption"]["claims"] if c["attribute"] == "instrument"]
    assert (claim["value"], claim["verdict"], claim["tier"]) == (
        "tin whistle",
        "supported",
        "one ear",
    )
    assert claim["measured"] == "tin whistle by whistler"
    tiers = {claim["tier"] for each in samples_of(built) for claim in each["caption"]["claims"]}
    assert tiers == {"measured", "one ear"}


@pytest.mark.slow
def test_the_same_build_gives_the_same_bytes(source: Path, built: Path, tmp_path: Path) -> None:
    assert build_dataset(FolderSource(source), tmp_path / "again", SETTINGS).finished
    for shard in sorted((built / "data").glob("*.tar")):
        assert (tmp_path / "again" / "data" / shard.name).read_bytes() == shard.read_bytes()
    assert replay_dataset(FolderSource(source), built, SETTINGS) > 0


def test_manifest_card_and_explain_tell_of_it(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text())
    assert manifest["ears"]["whistler"]["licences"] == ["whistler 1: in the public domain"]
    assert manifest["ears"]["whistler"]["identity"] == WHISTLER.identity
    card = (built / "README.md").read_text()
    assert "- name: whistle\n" in card
    assert "in the public domain" in card
    [key] = [each["key"] for each in samples_of(built) if "whistle" in each["caption"]["text"]]
    with open_to_read(built) as ledger:
        text = show_item.stories(item_story.explain(ledger, key))
    assert "  whistler hears tin whistle 1 (0.95)" in text
    assert "tin whistle by whistler, 0.95; one ear" in text


@pytest.mark.slow
def test_a_dataset_without_ears_has_no_field_of_theirs(source: Path, tmp_path: Path) -> None:
    deaf = SETTINGS.model_copy(update={"ears": ()})
    assert build_dataset(FolderSource(source), tmp_path / "out", deaf).finished
    text = json.dumps(samples_of(tmp_path / "out"))
    assert '"heard": {' not in text
    assert '"tier"' not in text
    assert "ears" not in json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert "ears" not in deaf.canonical()
    with pytest.raises(Refused, match="ears: "):
        build_dataset(FolderSource(source), tmp_path / "out", SETTINGS)


def test_another_calibration_is_another_dataset(source: Path, built: Path) -> None:
    from dataclasses import replace

    EARS.remove(WHISTLER)
    surer = replace(WHISTLER.labels[0], steps=(Step(0.0, 0.01), Step(0.8, 0.99)))
    with (
        EARS.added(replace(WHISTLER, labels=(surer,))),
        pytest.raises(Refused, match="ear whistler: whistler 1, calibration"),
    ):
        build_dataset(FolderSource(source), built, SETTINGS)
    EARS.append(WHISTLER)


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.95, "instrument tin whistle"), (0.75, "instrument sounds like tin whistle"), (0.5, "")],
)
def test_certainty_decides_what_may_be_said_and_how(probability: float, said: str) -> None:
    claims = [c.text for c in sayable(heard(probability), CERTAINTY) if c.attribute == "instrument"]
    assert claims == ([said] if said else [])


@pytest.mark.parametrize(
    ("caption", "probability", "score", "verdict"),
    [
        ("A tune on a tin whistle.", 0.95, 0.9, "supported"),
        ("A tune on a tin whistle.", 0.75, 0.6, "unverifiable"),
        ("A tune on what sounds like a tin whistle.", 0.75, 0.6, "supported"),
        ("A tune on what sounds like a tin whistle.", 0.5, 0.4, "unverifiable"),
        ("A tune on a tin whistle.", 0.01, 0.01, "contradicted"),
        ("A tune without a tin whistle.", 0.01, 0.01, "supported"),
        ("A tune without a tin whistle.", 0.95, 0.9, "contradicted"),
        ("A tune on a tin whistle.", 0.01, 0.2, "unverifiable"),
        ("A tune on a flute.", 0.95, 0.9, "unverifiable"),
    ],
)
def test_an_ear_supports_and_contradicts_only_where_its_silence_counts(
    caption: str, probability: float, score: float, verdict: str
) -> None:
    [claim] = judge(extract(caption), heard(probability, score), CERTAINTY)
    assert claim.verdict == verdict


def test_two_ears_of_two_kinds_are_surer_than_one_and_of_one_kind_are_not() -> None:
    from dataclasses import replace

    label = {"whistle": {"score": 0.6, "probability": 0.8}}
    both = music_evidence(heard={"whistler": label, "second": label})
    [plain] = extract("A tune on a tin whistle.")
    with EARS.added(replace(WHISTLER, name="second", kind="listener")):
        [claim] = judge([plain], both, CERTAINTY)
        assert (claim.verdict, claim.tier, claim.confidence) == ("supported", "two ears", 0.941)
    with EARS.added(replace(WHISTLER, name="second")):
        [claim] = judge([plain], both, CERTAINTY)
        assert (claim.verdict, claim.tier) == ("unverifiable", "none")


def test_nobody_vouches_for_an_ear_that_is_not_listed() -> None:
    EARS.remove(WHISTLER)
    [claim] = judge(extract("A tune on a tin whistle."), heard(0.95), CERTAINTY)
    EARS.append(WHISTLER)
    assert claim.verdict == "unverifiable"


def test_a_name_is_taken_once_and_must_be_known() -> None:
    with pytest.raises(ValueError, match="there is an ear whistler already"):
        EARS.add(WHISTLER)
    with pytest.raises(UsageError, match=r"no ear named 'wistler'\. Did you mean 'whistler'"):
        ears_named(["wistler"])


@pytest.mark.slow
def test_what_the_listening_process_cannot_import_stops_the_build(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whistled, "__module__", "nowhere_to_be_found")
    with pytest.raises(MmussetError, match="can't import nowhere_to_be_found"):
        build_dataset(FolderSource(source), tmp_path / "out", SETTINGS)
