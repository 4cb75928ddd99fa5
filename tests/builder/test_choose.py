"""`clip.choose`: clips are cut where a piece is typical, loudest, or where an ear hears a voice."""

import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from mmusset.ears.declaration import Ear, Floats, Label, Step
from mmusset.ears.listed import EARS
from mmusset.errors import UsageError
from mmusset.pipeline import build_dataset
from mmusset.publish.features import fields_of, optional_fields
from mmusset.recipe import Recipe
from mmusset.sample_parts.media import ClipFacts
from mmusset.shards.tar import read_shard
from mmusset.sources.folder import FolderSource
from tests.support.command import SHORT, mmusset, tree
from tests.support.media import RATE_HZ, picture, sound_of
from tests.support.thorough import slow

CHORDS_S, LOUD_S, TONE_S = 12.0, 4.0, 4.0


def a_piece() -> NDArray[np.float64]:
    """Chords for 12 s, 4 s of them twice as loud, and 4 s of a soft high tone."""
    tone = 0.03 * np.sin(2 * np.pi * 880 * np.arange(int(TONE_S * RATE_HZ)) / RATE_HZ)
    chords = sound_of(1, CHORDS_S)
    loud = 2 * sound_of(1, LOUD_S)
    return np.concatenate([0.4 * chords, 0.4 * loud, np.stack([tone, tone], axis=1)])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("choose") / "source"
    folder.mkdir()
    soundfile.write(folder / "song.wav", a_piece(), RATE_HZ)
    picture(folder / "song.png", 1)
    return folder


def clips_of(out: Path) -> list[dict[str, Any]]:
    samples = [m for shard in sorted((out / "data").iterdir()) for _, m in read_shard(shard)]
    return [json.loads(members["json"])["music"] for members in samples]


def choosing(by: str, *more: str) -> tuple[str, ...]:
    return (*SHORT, "--set", f"clip.choose={by}", *more)


def starts_s(source: Path, out: Path, by: str, *more: str) -> list[float]:
    done = mmusset("build", "--source", source, "--out", out, *choosing(by, *more))
    assert done.returncode == 0, done.stderr
    return [clip["start_s"] for clip in clips_of(out)]


def test_the_loudest_place_is_taken(source: Path, tmp_path: Path) -> None:
    (start_s,) = starts_s(source, tmp_path / "out", "loudest")
    assert CHORDS_S <= start_s <= CHORDS_S + LOUD_S - 2


def test_the_most_typical_place_is_neither_loud_nor_the_tone(source: Path, tmp_path: Path) -> None:
    starts = starts_s(source, tmp_path / "out", "representative", "--set", "clip.per_track=3")
    assert len(starts) == 3
    assert max(starts) <= CHORDS_S - 2
    assert starts == sorted(starts)


def test_explain_says_why(source: Path, tmp_path: Path) -> None:
    starts_s(source, tmp_path / "out", "loudest")
    told = mmusset("explain", tmp_path / "out", "song.wav").stdout
    assert "cut there since it is among the loudest of 10 places: " in told
    (clip,) = clips_of(tmp_path / "out")
    assert clip["chosen"]["by"] == "loudest"
    assert clip["chosen"]["figure"] > clip["chosen"]["usual"]
    assert mmusset("verify", tmp_path / "out").returncode == 0


@pytest.mark.parametrize("failpoint", [*slow("media_kept", "media_stored", "shard_written")])
def test_killed_and_begun_again_it_chooses_the_same(
    failpoint: str, source: Path, tmp_path: Path
) -> None:
    words = ("build", "--source", source, *choosing("representative", "--set", "clip.per_track=2"))
    assert mmusset(*words, "--out", tmp_path / "whole").returncode == 0
    killed = mmusset(*words, "--out", tmp_path / "killed", failpoint=failpoint)
    assert killed.returncode == -signal.SIGKILL
    assert mmusset(*words, "--out", tmp_path / "killed").returncode == 0
    assert tree(tmp_path / "killed") == tree(tmp_path / "whole")


def test_a_shard_is_written_again_from_the_places_that_were_chosen(
    source: Path, tmp_path: Path
) -> None:
    starts_s(source, tmp_path / "out", "representative")
    before = tree(tmp_path / "out")
    for shard in (tmp_path / "out" / "data").iterdir():
        shard.unlink()
    words = ("build", "--source", source, "--out", tmp_path / "out", *choosing("representative"))
    assert mmusset(*words).returncode == 0
    assert tree(tmp_path / "out") == before


def test_a_piece_with_room_for_one_clip_has_no_choice(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    soundfile.write(tmp_path / "source" / "x.wav", sound_of(1, 3.0), RATE_HZ)
    picture(tmp_path / "source" / "x.png", 1)
    (start_s,) = starts_s(tmp_path / "source", tmp_path / "out", "loudest")
    assert start_s == 0.5
    told = mmusset("explain", tmp_path / "out", "x.wav").stdout
    assert "cut there since the piece has no other place that sounds" in told


def test_spread_clips_are_those_of_recipes_that_do_not_choose() -> None:
    assert "choose" not in Recipe().canonical()
    assert "choose" in Recipe.model_validate({"clip": {"choose": "loudest"}}).canonical()


def test_a_card_has_the_field_where_the_samples_have_it() -> None:
    chosen = Recipe.model_validate({"clip": {"choose": "loudest"}}).model_dump(mode="json")
    names = [f["name"] for f in fields_of(ClipFacts, optional=optional_fields(chosen))]
    assert "chosen" in names
    assert "chosen" not in [f["name"] for f in fields_of(ClipFacts)]


# --- voices -------------------------------------------------------------------------------


def sung(mono: Floats) -> Mapping[str, float]:
    """Stands in for a voice: how much of the sound is one tone."""
    power = np.abs(np.fft.rfft(mono)) ** 2
    strongest = int(power.argmax())
    near = power[max(0, strongest - 20) : strongest + 21]
    return {"voice": float(near.sum() / power.sum())}


SINGER = Ear(
    name="singer",
    kind="tagger",
    version="singer 1",
    licences=("singer 1: in the public domain",),
    labels=(
        Label(
            name="voice",
            attribute="vocals",
            value="present",
            steps=(Step(0.0, 0.1), Step(0.9, 0.95)),
        ),
    ),
    calibrated_on="tones and chords of its own test",
    listen=sung,
)


@pytest.fixture
def listed() -> Iterator[None]:
    with EARS.added(SINGER):
        yield


@pytest.mark.slow
def test_a_voice_is_where_an_ear_hears_one(source: Path, tmp_path: Path, listed: None) -> None:
    recipe = Recipe.model_validate(
        {"ears": ["singer"], "clip": {"seconds": 2, "choose": "voice"}, "limits": {"workers": 1}}
    )
    assert build_dataset(FolderSource(source), tmp_path / "out", recipe).finished
    (clip,) = clips_of(tmp_path / "out")
    assert clip["start_s"] >= CHORDS_S + LOUD_S
    assert (clip["chosen"]["figure"], clip["chosen"]["usual"]) == (0.95, 0.1)


def test_without_an_ear_a_voice_is_refused_in_one_sentence(source: Path, tmp_path: Path) -> None:
    words = ("build", "--source", source, "--out", tmp_path / "out", *choosing("voice"))
    refused = mmusset(*words)
    assert refused.returncode == 2
    assert "clip.choose: voice needs an ear that hears voices: name one in ears" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_an_ear_that_hears_no_voices_is_no_help(source: Path, tmp_path: Path) -> None:
    recipe = Recipe.model_validate({"ears": ["listener"], "clip": {"choose": "voice"}})
    with pytest.raises(UsageError, match="an ear that listens for voices on this machine"):
        build_dataset(FolderSource(source), tmp_path / "out", recipe)
