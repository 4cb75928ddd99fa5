"""A sequence of pictures with one story and one piece: each picture has a clip of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from mmusset.shards.tar import read_shard
from tests.support.command import SHORT, mmusset, tree
from tests.support.media import library, picture, piece

STORY = (
    "We packed the basket before the sun was up. By noon the whole hill smelled of grass and"
    " lemons, and on the way home nobody wanted to be the first to leave the river."
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / "picnic"
    piece(folder / "song.wav", 1, seconds=9.0)
    for number in range(1, 4):
        picture(folder / f"photo_{number}.png", number)
    (folder / "story.txt").write_text(STORY)
    return tmp_path / "source"


def build(source: Path, *words: str) -> tuple[dict[str, dict[str, Any]], str]:
    """The samples by key, and what the build said."""
    out = source.parent / "out"
    done = mmusset("build", "--source", source, "--out", out, *SHORT, *words)
    assert done.returncode == 0, done.stderr
    found = {}
    for shard in sorted((out / "data").iterdir()):
        for key, members in read_shard(shard):
            found[key] = json.loads(members["json"]) | {"pixels": members["image.jpg"]}
    return found, done.stdout


def test_each_picture_has_a_clip_and_all_have_the_story(source: Path) -> None:
    samples, said = build(source)
    assert "found 3 = 3 accepted" in said
    in_order = sorted(samples.values(), key=lambda sample: sample["music"]["start_s"])
    assert {sample["story"]["text"] for sample in in_order} == {STORY}
    assert {sample["image"]["origin"] for sample in in_order} == {"sequence"}
    assert len({sample["pixels"] for sample in in_order}) == 3
    assert len({sample["group"] for sample in in_order}) == 1
    explained = mmusset("explain", source.parent / "out", "picnic/song.wav").stdout
    places = [explained.index(f"picnic/photo_{number}.png") for number in (1, 2, 3)]
    assert places == sorted(places)


def test_a_piece_too_short_for_all_skips_some(source: Path) -> None:
    samples, _ = build(source, "--set", "clip.seconds=4")
    assert len(samples) == 2


def test_pictures_that_moved_are_found_again(source: Path) -> None:
    _, _ = build(source)
    out = source.parent / "out"
    before = tree(out / "data")
    (source / "picnic").rename(source / "outing")
    for shard in (out / "data").iterdir():
        shard.unlink()
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    assert tree(out / "data") == before


@pytest.mark.parametrize("change", ["another song", "another text", "a name", "named story"])
def test_what_is_no_sequence_is_none(source: Path, change: str) -> None:
    folder = source / "picnic"
    if change == "another song":
        piece(folder / "other.wav", 2)
    elif change == "another text":
        (folder / "more.txt").write_text("More.")
    elif change == "a name":
        picture(folder / "map.png", 9)
    else:
        (folder / "story.txt").rename(folder / "photo_1.txt")
    library(source / "others", 1)
    samples, said = build(source)
    assert not any(sample["image"]["origin"] == "sequence" for sample in samples.values())
    assert "no picture" in said


def test_a_story_whose_music_has_no_picture_is_told_as_that(tmp_path: Path) -> None:
    library(tmp_path / "source", 1)
    piece(tmp_path / "source" / "alone.wav", 5)
    (tmp_path / "source" / "alone.txt").write_text(STORY)
    (tmp_path / "source" / "nothing.txt").write_text(STORY)
    _, said = build(tmp_path / "source")
    assert "text of music without a picture: 1" in said
    assert "text of no music: 1" in said
