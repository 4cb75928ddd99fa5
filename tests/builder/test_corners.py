"""Corners of a build that are easily forgotten."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mmusset.sample_parts.piece import Tags
from mmusset.shards.tar import read_shard
from mmusset.text import word_count
from tests.builder.test_build import started
from tests.evidence.test_music_evidence import RATE_HZ, song
from tests.sources.test_tags import FRONT, cover, tagged_mp3, text
from tests.support.command import SHORT, mmusset, tree
from tests.support.media import library, picture
from tests.support.thorough import slow

LICENCE = "CC BY 4.0"


def build(source: Path, out: Path, *words: str) -> int:
    return mmusset("build", "--source", source, "--out", out, *SHORT, *words).returncode


def facts_of(out: Path) -> list[dict[str, Any]]:
    """The JSON of every sample."""
    return [
        json.loads(members["json"])
        for path in sorted((out / "data").iterdir())
        for _, members in read_shard(path)
    ]


def status(out: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(mmusset("status", out, "--json").stdout)
    return told


def tagged(folder: Path) -> Path:
    """A song of known title, artist and licence, with a picture."""
    folder.mkdir()
    song = tagged_mp3(
        folder / "x.mp3",
        text(b"TIT2", "Rain on Tin"),
        text(b"TPE1", "The Gutters"),
        text(b"TCOP", LICENCE),
    )
    picture(song.with_suffix(".png"), 1)
    return folder


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("[]", {"title": "", "artist": "", "album": "", "license": ""}),
        ("[license]", {"title": "", "artist": "", "album": "", "license": "cc-by-4.0"}),
        (
            "[title, artist, album, license]",
            {"title": "Rain on Tin", "artist": "The Gutters", "album": "", "license": "cc-by-4.0"},
        ),
    ],
)
def test_the_tags_that_the_recipe_keeps(
    tmp_path: Path, keep: str, expected: dict[str, str]
) -> None:
    source, out = tagged(tmp_path / "source"), tmp_path / "out"
    assert build(source, out, "--set", f"tags.keep={keep}") == 0
    assert [facts["tags"] for facts in facts_of(out)] == [Tags(**expected).model_dump()]
    assert mmusset("verify", out).returncode == 0


@pytest.mark.parametrize("words", [(), *slow(("--replay",))])
def test_a_shard_that_was_deleted_is_written_again(tmp_path: Path, words: tuple[str, ...]) -> None:
    source, out = library(tmp_path / "source", 5), tmp_path / "out"
    assert build(source, out) == 0
    before = tree(out)
    sorted((out / "data").iterdir())[-1].unlink()
    assert "missing" in mmusset("verify", out).stdout
    assert build(source, out, *words) == 0
    assert tree(out) == before


@pytest.mark.slow
def test_a_deleted_shard_whose_source_is_gone_too_is_an_error(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 5), tmp_path / "out"
    assert build(source, out) == 0
    shutil.rmtree(out / "data")
    (source / "artist 1" / "song 2.wav").unlink()
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 1
    assert "song 2.wav or its picture has changed" in done.stderr


def test_a_broken_cover_costs_only_its_song(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 1), tmp_path / "out"
    tagged_mp3(source / "broken.mp3", text(b"TIT2", "Broken"), cover(FRONT, b"no picture"))
    assert build(source, out) == 4
    told = status(out)
    assert told["reasons"] == [["failed", "picture can't be decoded", 1]]
    assert told["tally"]["accepted"] == 1


def test_a_title_of_a_megabyte_is_cut(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    tagged_mp3(source / "x.mp3", text(b"TIT2", "loud " * 200_000), text(b"TPE1", "x" * 1_000_000))
    picture(source / "x.png", 1)
    assert build(source, out, "--set", "tags.keep=[title, artist]") == 0
    (facts,) = facts_of(out)
    assert len(facts["tags"]["title"]) <= 200 and len(facts["tags"]["artist"]) <= 200


def test_stories_have_as_many_words_as_the_recipe_asks_for(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 4), tmp_path / "out"
    assert build(source, out, "--set", "critic.story_words=[30, 36]") == 0
    counts = [word_count(facts["story"]["text"]) for facts in facts_of(out)]
    assert len(counts) == 4 and all(30 <= count <= 36 for count in counts), counts


def test_status_answers_while_a_build_runs(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 8), tmp_path / "out"
    with started(["build", "--source", str(source), "--out", str(out), *SHORT]) as process:
        tally = status(out)["tally"]
        assert tally["accepted"] >= 1
        assert sum(tally.values()) == 8
        process.communicate()
    assert process.returncode == 0
    assert status(out)["tally"]["accepted"] == 8


@pytest.mark.slow
def test_clips_of_a_piece_share_its_tempo_and_key_whoever_measures_them(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, tempi in (("one", (70, 70, 140)), ("two", (96, 96, 96))):
        sound = np.concatenate([song(bpm) for bpm in tempi])
        soundfile.write(source / f"{name}.wav", sound, RATE_HZ)
        picture(source / f"{name}.png", len(name))
    shards = []
    for workers in (1, 2):
        out = tmp_path / f"by-{workers}"
        more = ("--set", "clip.per_track=6", "--set", f"limits.workers={workers}")
        assert build(source, out, *more) == 0
        shards.append({path.name: path.read_bytes() for path in (out / "data").iterdir()})
        by_piece: dict[str, set[tuple[float, str]]] = {}
        for facts in facts_of(out):
            heard = facts["music_evidence"]
            said = (round(heard["tempo"]["bpm"], 3), heard["key"]["tonic"])
            by_piece.setdefault(facts["source_sha256"], set()).add(said)
        assert [len(said) for said in by_piece.values()] == [1, 1]
    assert shards[0] == shards[1]
