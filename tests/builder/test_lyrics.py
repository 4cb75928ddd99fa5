"""`lyrics: keep`: given lyrics reach the shards, marked as unchecked; verses are never a story."""

import json
from pathlib import Path
from typing import Any

import pytest

from mmusset.publish.features import fields_of, optional_fields
from mmusset.recipe import Recipe
from mmusset.sample_parts.media import MediaFacts
from tests.builder.test_model_build import manifest
from tests.sources.test_lyrics import HARD_WRAPPED, LRC, VERSES
from tests.sources.test_tags import frame, tagged_mp3
from tests.support.command import SHORT, mmusset
from tests.support.explained import explained
from tests.support.media import picture, piece
from tests.support.thorough import slow

KEEP = (*SHORT, "--set", "lyrics=keep")


def uslt(words: str) -> bytes:
    """A frame of unsynchronised lyrics."""
    return frame(b"USLT", b"\x00eng\x00" + words.encode("latin-1"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A piece with an .lrc file, one with a tag, one with verses, one with none; and an .lrc file
    of no music."""
    folder = tmp_path_factory.mktemp("lyrics") / "source"
    for number, name in enumerate(("lrc", "verses", "none", "poem")):
        piece(folder / f"{name}.wav", number, seconds=26.0 if name == "lrc" else 3.0)
        picture(folder / f"{name}.png", number)
    tagged_mp3(folder / "tag.mp3", uslt("It rains\nAnd rains"))
    picture(folder / "tag.png", 7)
    (folder / "lrc.lrc").write_text(LRC)
    (folder / "lrc.txt").write_text(HARD_WRAPPED)
    (folder / "verses.txt").write_text(VERSES)
    (folder / "poem.story.txt").write_text(VERSES)
    (folder / "lost.lrc").write_text(LRC)
    return folder


@pytest.fixture(scope="module")
def kept(source: Path) -> dict[str, dict[str, Any]]:
    return explained(source, source.parent / "kept", *KEEP)


@pytest.mark.slow
def test_the_nearest_lyrics_are_kept(kept: dict[str, dict[str, Any]]) -> None:
    origins = {name: sample["lyrics"]["origin"] for name, sample in kept.items()}
    assert origins == {
        "lrc.wav": "lrc",
        "verses.wav": "text",
        "none.wav": "none",
        "poem.wav": "none",
        "tag.mp3": "tag",
    }
    assert kept["tag.mp3"]["lyrics"]["text"] == "It rains\nAnd rains"
    assert kept["verses.wav"]["lyrics"]["text"] == VERSES.strip()


def test_lines_with_times_go_with_their_clip(kept: dict[str, dict[str, Any]]) -> None:
    sample = kept["lrc.wav"]
    assert sample["music"]["start_s"] == 12.0
    assert sample["lyrics"]["timed"]
    assert sample["lyrics"]["in_clip"] == "The rain comes down"
    assert sample["lyrics"]["text"].splitlines()[-1] == "And nobody minds"


def test_they_are_marked_as_unchecked(kept: dict[str, dict[str, Any]]) -> None:
    for name in ("lrc.wav", "tag.mp3", "verses.wav"):
        lyrics = kept[name]["lyrics"]
        assert lyrics["verdict"] == "not checked"
        assert "nobody compared them with the sound" in lyrics["why"]
    assert "lyrics    of the music's tags; not checked: nobody compared" in kept["tag.mp3"]["text"]
    assert kept["none.wav"]["lyrics"]["verdict"] == ""


def test_no_text_quotes_them(kept: dict[str, dict[str, Any]]) -> None:
    for sample in kept.values():
        told = sample["caption"]["text"] + (
            sample["story"]["text"] if sample["story"]["writer"] != "given" else ""
        )
        assert "windowsill" not in told and "nobody minds" not in told.casefold()


@pytest.mark.parametrize("lyrics", ["keep", *slow("drop")])
def test_verses_are_no_story_but_by_name(source: Path, tmp_path: Path, lyrics: str) -> None:
    samples = explained(source, tmp_path / "out", *SHORT, "--set", f"lyrics={lyrics}")
    writers = {name: sample["story"]["writer"] for name, sample in samples.items()}
    assert writers["verses.wav"] != "given"
    assert (writers["lrc.wav"], writers["poem.wav"]) == ("given", "given")
    assert "text      the text beside it is lyrics, and no story" in samples["verses.wav"]["text"]


def test_by_default_nothing_of_them_is_kept(source: Path, tmp_path: Path) -> None:
    samples = explained(source, tmp_path / "out", *SHORT)
    assert not any("lyrics" in sample for sample in samples.values())
    assert {
        "status": "skipped",
        "reason": "lyrics, which the recipe drops",
        "count": 2,
    } in manifest(tmp_path / "out")["reasons"]
    ledger = (tmp_path / "out" / ".mmusset" / "ledger.db").read_bytes()
    assert b"Down on the sill" not in ledger


def test_lyrics_of_no_music_are_skipped_with_a_reason(
    source: Path, kept: dict[str, dict[str, Any]]
) -> None:
    assert "lyrics of no music" in mmusset("status", source.parent / "kept").stdout


def test_a_file_that_is_no_text_is_told_and_harms_nothing(tmp_path: Path) -> None:
    piece(tmp_path / "source" / "x.wav", 1)
    picture(tmp_path / "source" / "x.png", 1)
    (tmp_path / "source" / "x.lrc").write_bytes(b"\xff\x00\x81\x82\x83")
    samples = explained(tmp_path / "source", tmp_path / "out", *KEEP)
    lyrics = samples["x.wav"]["lyrics"]
    assert lyrics["origin"] == "none"
    assert lyrics["why"].startswith("the file of lyrics is no text, or its encoding is not sure")


def test_the_card_tells_that_there_are_some(source: Path, kept: dict[str, dict[str, Any]]) -> None:
    card = (source.parent / "kept" / "README.md").read_text()
    assert "3 samples with `lyrics` that the source gives" in card
    assert mmusset("verify", source.parent / "kept").returncode == 0


def test_a_card_types_them_where_they_are_kept(source: Path) -> None:
    assert "lyrics" not in str(fields_of(MediaFacts))
    asked = Recipe.model_validate({"lyrics": "keep"})
    optional = optional_fields(asked.model_dump(mode="json"))
    assert "in_clip" in str(fields_of(MediaFacts, optional=optional))
    assert "lyrics" not in json.loads(Recipe().canonical())
