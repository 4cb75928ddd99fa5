"""`caption.scope: piece`: captions hold of the whole piece, and tell when its drums come in."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from mmusset.agents.state import begin
from mmusset.builder import item_story, show_item
from mmusset.builder.decoding.borne_out import borne_out
from mmusset.builder.ledger.file import open_to_read
from mmusset.ears.declaration import Ear, Label, Listen, Step
from mmusset.ears.listed import EARS
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.piece import PLACE_S
from mmusset.evidence.sound import open_sound
from mmusset.pipeline import build_dataset
from mmusset.publish.features import fields_of, optional_fields
from mmusset.recipe import CERTAINTY, Recipe
from mmusset.sample import Prepared
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.shards.tar import read_shard
from mmusset.sources.folder import FolderSource
from mmusset.structure import Change, Section
from tests.evidence.test_music_evidence import RATE_HZ, SECONDS, song
from tests.support.command import mmusset
from tests.support.media import picture
from tests.support.samples import material, media_facts, music_evidence

if TYPE_CHECKING:
    from mmusset.ears.declaration import Floats

MUCH = 0.02  # of a sound's power: drums


def treble(mono: "Floats") -> dict[str, float]:
    """How much of a sound lies above 4 kHz: of a tune with drums, more than of one without."""
    power = np.abs(np.fft.rfft(mono)) ** 2
    share = power[len(power) // 2 :].sum() / power.sum()
    return {"drums": min(1.0, float(share) / MUCH)}


DRUMMER = Ear(
    name="drummer",
    kind="tagger",
    version="drummer 1",
    licences=("drummer 1: in the public domain",),
    labels=(
        Label(
            name="drums",
            attribute="percussion",
            value="present",
            steps=(Step(0.0, 0.01), Step(0.6, 0.95)),
            absent_below=0.6,
        ),
    ),
    calibrated_on="tunes of its own test",
    rate_hz=16000,
    listen=treble,
)


def ruler(folder: str) -> Listen:
    """What hears nothing but how long a sound is, in hundreds of seconds."""
    return lambda mono: {"length": len(mono) / RULER.rate_hz / 100}


# One whose model is heavy: it listens in a process of its own.
RULER = Ear(
    name="ruler",
    kind="similarity",
    version="ruler 1",
    licences=("ruler 1: in the public domain",),
    labels=(Label(name="length", attribute="genre", value="ambient", steps=(Step(0.0, 0.01),)),),
    calibrated_on="nothing",
    opens=ruler,
    model="none",
)
SETTINGS = {
    "ears": ["drummer", "ruler"],
    "caption": {"scope": "piece"},
    "clip": {"seconds": 2, "per_track": 2},
    "limits": {"block_size": 3, "workers": 1},
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A piece in which drums come in halfway, as it gets louder."""
    folder = tmp_path_factory.mktemp("whole") / "source"
    folder.mkdir()
    plain, drummed = song(140.0, drums=False), song(140.0)
    whole = np.concatenate([0.1 * plain, 0.1 * plain, drummed, drummed])
    soundfile.write(folder / "x.wav", whole, RATE_HZ)
    picture(folder / "x.png", 1)
    return folder


@pytest.fixture(scope="module")
def built(source: Path) -> Path:
    """Two clips of it, told of by measuring and by an ear."""
    out = source.parent / "out"
    with EARS.added(DRUMMER), EARS.added(RULER):
        recipe = Recipe.model_validate(SETTINGS)
        assert build_dataset(FolderSource(source), out, recipe).finished
    return out


@pytest.fixture(scope="module")
def samples(built: Path) -> list[dict[str, Any]]:
    return samples_of(built)


def samples_of(out: Path) -> list[dict[str, Any]]:
    shards = sorted((out / "data").iterdir())
    return [json.loads(members["json"]) for shard in shards for _, members in read_shard(shard)]


@pytest.mark.slow
def test_captions_tell_when_the_drums_come_in(samples: list[dict[str, Any]]) -> None:
    assert len(samples) == 2
    for sample in samples:
        claims = {claim["attribute"]: claim for claim in sample["caption"]["claims"]}
        came_in = claims["drums in"]
        assert came_in["verdict"] == "supported"
        assert float(came_in["value"].split()[0]) == pytest.approx(2 * SECONDS, abs=3)
        assert came_in["measured"].endswith(" s of the piece")
        assert came_in["text"] in sample["caption"]["text"]


@pytest.mark.parametrize(
    ("at_s", "change", "ears", "confidence"),
    [
        (2 * SECONDS, "drums in", (DRUMMER,), 0.95),
        (2 * SECONDS, "drums in", (), 0.5),  # nobody was asked
        (2 * SECONDS, "drums out", (DRUMMER,), 0.5),  # the other way round
        (SECONDS, "drums in", (DRUMMER,), 0.5),  # none before, and none after
        (3 * SECONDS, "drums in", (DRUMMER,), 0.5),  # the beat gets fuller, but it was there
    ],
)
def test_a_change_that_no_ear_bears_out_is_likely_at_most(
    source: Path, at_s: float, change: Change, ears: tuple[Ear, ...], confidence: float
) -> None:
    found = Section(
        start_s=at_s,
        end_s=4 * SECONDS,
        change=change,
        confidence=0.95,
        loudness_lufs=-20.0,
        from_clip_s=at_s,
    )
    with MediaFile(source / "x.wav") as media:
        [judged] = borne_out([found], open_sound(media), ears, -60.0)
    assert judged.confidence == confidence


def test_what_holds_of_a_clip_alone_is_not_said(samples: list[dict[str, Any]]) -> None:
    """One clip is quiet and has no drums, the other is loud and has some."""
    for sample in samples:
        assert sample["music_evidence"]["scope"] == "piece"
        for field in ("loudness_lufs", "percussiveness"):
            assert sample["music_evidence"][field]["confidence"] == 0
        said = {claim["attribute"] for claim in sample["caption"]["claims"]}
        assert not said & {"loudness", "percussion", "energy"}


def test_ears_hear_the_same_places_of_the_piece_for_all_of_its_clips(
    samples: list[dict[str, Any]], built: Path
) -> None:
    one, other = (sample["music_evidence"]["heard"] for sample in samples)
    assert one == other
    places = min(3, int(4 * SECONDS / PLACE_S))
    assert one["ruler"]["length"]["score"] == pytest.approx(places * PLACE_S / 100, abs=0.001)
    assert not list(built.rglob("*.places.flac")), "what was stored for it is gone"


def test_explain_names_the_ground_and_verify_agrees(built: Path) -> None:
    with open_to_read(built) as ledger:
        assert "drums in at 20" in show_item.stories(item_story.explain(ledger, "x.wav"))
    assert mmusset("verify", built).returncode == 0
    card = (built / "README.md").read_text()
    assert "what is heard in the whole piece that the clip is from" in card
    assert "| drums in | 2 | 2 |" in card


def test_models_are_told_that_captions_are_of_the_piece() -> None:
    whole = music_evidence(scope="piece")
    of_piece = Prepared(media=media_facts(music_evidence=whole), given_story="")
    state = begin(replace(material(), prepared=of_piece), CERTAINTY)
    assert "the caption is of the piece" in state["evidence"]
    assert "the caption is of the piece" not in begin(material(), CERTAINTY)["evidence"]


def test_the_card_types_what_is_asked_for_alone() -> None:
    asked = Recipe.model_validate({"caption": {"scope": "piece"}})
    optional = optional_fields(json.loads(asked.canonical()))
    assert {"scope", "sections"} <= {
        field["name"] for field in fields_of(MusicEvidence, optional=optional)
    }
    assert "caption" not in json.loads(Recipe().canonical())
