"""`scores`: a score beside music is evidence for it, and one that is alone is played."""

import json
from pathlib import Path
from typing import Any

import pytest

from mmusset.publish.features import fields_of, optional_fields
from mmusset.recipe import Recipe
from mmusset.sample_parts.evidence import MusicEvidence
from tests.builder.test_model_build import manifest
from tests.support.command import SHORT, mmusset
from tests.support.explained import explained
from tests.support.media import picture
from tests.support.scores import FLUTE, VIOLIN, midi, musicxml, song, sound_of, soundfont

USE = (*SHORT, "--set", "scores.use=true")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Music with its score, with that of another piece, with a file that is none, and without; and
    scores with no sound beside them."""
    folder = tmp_path_factory.mktemp("scores") / "source"
    for number, name in enumerate(("own", "others", "none", "broken")):
        sound_of(song(60 + number), 100, folder / f"{name}.wav")
        picture(folder / f"{name}.png", number)
    (folder / "own.mid").write_bytes(midi(song(60), key=(-3, 1), programs=(FLUTE, VIOLIN)))
    (folder / "others.mid").write_bytes(midi(song(66)))
    (folder / "broken.musicxml").write_text("no XML at all")
    for number, name in enumerate(("alone.mid", "written.musicxml", "damaged.mid"), start=4):
        picture(folder / f"{name.partition('.')[0]}.png", number)
    (folder / "alone.mid").write_bytes(midi(song(62), key=(2, 0), programs=(FLUTE, VIOLIN)))
    (folder / "written.musicxml").write_text(musicxml())
    (folder / "damaged.mid").write_bytes(midi(song())[:200])
    return folder


@pytest.fixture(scope="module")
def used(source: Path) -> dict[str, dict[str, Any]]:
    return explained(source, source.parent / "used", *USE)


@pytest.fixture(scope="module")
def played(source: Path) -> dict[str, dict[str, Any]]:
    font = soundfont(source.parent / "tone.sf2")
    return explained(source, source.parent / "played", *SHORT, "--set", f"scores.soundfont={font}")


def score_of(sample: dict[str, Any]) -> dict[str, Any]:
    score: dict[str, Any] = sample["music_evidence"]["score"]
    return score


@pytest.mark.slow
def test_a_score_beside_its_music_says_what_plays(used: dict[str, dict[str, Any]]) -> None:
    sample = used["own.wav"]
    score = score_of(sample)
    assert (score["origin"], score["used"], score["why"]) == ("beside", True, "")
    assert (score["bpm"], score["percussion"]) == (100.0, "present")
    assert set(score["instruments"].split(", ")) == {"flute", "violin"}
    assert "score beside the music, and of this sound" in sample["text"]


def test_captions_say_it_at_its_tier(used: dict[str, dict[str, Any]]) -> None:
    claims = used["own.wav"]["caption"]["claims"]
    by_score = {(c["attribute"], c["value"]) for c in claims if c["tier"] == "score"}
    assert {("instrument", "flute"), ("instrument", "violin")} <= by_score
    assert all(c["measured"].endswith("by its score") for c in claims if c["tier"] == "score")


def test_what_was_measured_stays_beside_it(used: dict[str, dict[str, Any]]) -> None:
    sample = used["own.wav"]
    evidence = MusicEvidence.model_validate(sample["music_evidence"])
    assert evidence.known["tempo"].bpm == 100.0
    assert evidence.fields["tempo"].bpm == sample["music_evidence"]["tempo"]["bpm"]


@pytest.mark.parametrize(
    ("name", "origin", "why"),
    [
        ("others.wav", "beside", "its notes are not those of the sound"),
        ("broken.wav", "beside", "it is no XML that can be read"),
        ("none.wav", "none", ""),
    ],
)
def test_what_is_not_its_score_is_told_and_changes_nothing(
    used: dict[str, dict[str, Any]], name: str, origin: str, why: str
) -> None:
    score = score_of(used[name])
    assert (score["origin"], score["used"], score["why"]) == (origin, False, why)
    assert not any(c["tier"] == "score" for c in used[name]["caption"]["claims"])


def test_without_a_sound_font_scores_alone_are_left_out_and_told(
    source: Path, used: dict[str, dict[str, Any]]
) -> None:
    assert used.keys() == {"own.wav", "others.wav", "none.wav", "broken.wav"}
    status = mmusset("status", source.parent / "used").stdout
    assert "notes and no sound: name a sound font in scores.soundfont" in status


def test_by_default_none_is_used_and_what_would_change_that_is_told(
    source: Path, tmp_path: Path
) -> None:
    samples = explained(source, tmp_path / "out", *SHORT)
    assert not any("score" in sample["music_evidence"] for sample in samples.values())
    reasons = {each["reason"]: each["count"] for each in manifest(tmp_path / "out")["reasons"]}
    beside = [reason for reason in reasons if reason.startswith("a score beside its music")]
    assert [reasons[reason] for reason in beside] == [3]
    assert "set scores.use to true" in beside[0]


@pytest.mark.slow
def test_a_sound_font_plays_scores_that_are_alone(played: dict[str, dict[str, Any]]) -> None:
    sample = played["alone.mid"]
    score = score_of(sample)
    assert (score["origin"], score["used"], score["key"]) == ("rendered", True, "D major")
    assert "tone.sf2" in score["rendered_by"]
    assert sample["music"]["source_rate_hz"] == 44100
    assert score_of(played["written.musicxml"])["instruments"] == "flute"
    assert score_of(played["own.wav"])["origin"] == "beside"


def test_one_that_can_not_be_played_is_skipped_with_its_reason(
    source: Path, played: dict[str, dict[str, Any]]
) -> None:
    assert "damaged.mid" not in played
    status = mmusset("status", source.parent / "played", "--json").stdout
    assert "a score that can't be played" in status


@pytest.mark.slow
def test_built_again_it_gives_the_same_bytes(
    source: Path, played: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    font = source.parent / "tone.sf2"
    words = ("build", "--source", source, "--out", tmp_path / "out", *SHORT)
    mmusset(*words, "--set", f"scores.soundfont={font}")
    for shard in (source.parent / "played" / "data").iterdir():
        assert (tmp_path / "out" / "data" / shard.name).read_bytes() == shard.read_bytes()
    assert mmusset("verify", tmp_path / "out").returncode == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "can't be read"), (b"no sound font", "is no sound font")],
)
def test_a_sound_font_that_is_none_is_told_before_anything_is_read(
    source: Path, tmp_path: Path, content: bytes | None, why: str
) -> None:
    font = tmp_path / "x.sf2"
    if content is not None:
        font.write_bytes(content)
    words = ("build", "--source", source, "--out", tmp_path / "out", *SHORT)
    done = mmusset(*words, "--set", f"scores.soundfont={font}")
    assert done.returncode == 1
    assert why in done.stderr


def test_a_card_types_the_field_where_scores_are_read() -> None:
    assert "score" not in {field["name"] for field in fields_of(MusicEvidence)}
    asked = Recipe.model_validate({"scores": {"use": True}})
    optional = optional_fields(json.loads(asked.canonical()))
    assert "score" in {field["name"] for field in fields_of(MusicEvidence, optional=optional)}
    assert "scores" not in json.loads(Recipe().canonical())
