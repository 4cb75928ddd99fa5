"""Builds of folders as people have them: compilations, guests, bins, and nothing usable at all."""

import json
import re
from pathlib import Path

from tests.builder.test_hostile import fates
from tests.support.command import SHORT, mmusset
from tests.support.media import picture, piece


def tagged(path: Path, number: int, **comments: str) -> None:
    """A FLAC with these Vorbis comments, and a picture of its name."""
    piece(path, number)
    picture(path.with_suffix(".png"), number)
    texts = [f"{name}={value}".encode() for name, value in comments.items()]
    block = bytes(4) + len(texts).to_bytes(4, "little")
    block += b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    data, at = path.read_bytes(), 4 + 4 + 34  # behind "fLaC" and STREAMINFO with its header
    path.write_bytes(data[:at] + b"\x04" + len(block).to_bytes(3, "big") + block + data[at:])


def group_of(out: Path, path: str) -> str:
    told = re.search(r"group (\w+)", mmusset("explain", out, path).stdout)
    assert told
    return told[1]


def test_guests_and_album_artists_are_one_group_and_compilations_are_not(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    tagged(source / "a/1.flac", 1, ARTIST="Queen")
    tagged(source / "b/1.flac", 2, ARTIST="Queen feat. Bowie")
    tagged(source / "c/1.flac", 3, ARTIST="Bowie", ALBUMARTIST="Queen")
    tagged(source / "sampler 1/1.flac", 4, ARTIST="Various Artists")
    tagged(source / "sampler 2/1.flac", 5, ARTIST="Various Artists")
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    names = ("a", "b", "c", "sampler 1", "sampler 2")
    first, *others, one, two = (group_of(out, f"{name}/1.flac") for name in names)
    assert others == [first, first]
    assert len({first, one, two}) == 3


def test_what_was_deleted_is_left_out_in_one_line(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    for number, folder in enumerate(("album", "$RECYCLE.BIN/S-1-5-21", "#recycle", "@eaDir")):
        piece(source / folder / "song.wav", number)
        picture(source / folder / "song.png", number)
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    assert "skipped: deleted: it lies in a recycle bin: 2" in done.stdout
    assert fates(out) == {
        "#recycle": "deleted: it lies in a recycle bin",
        "$RECYCLE.BIN": "deleted: it lies in a recycle bin",
        "@eaDir": "a system's own, such as thumbnails",
    }


def test_a_build_that_yields_nothing_says_so_and_why(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    for number in range(3):
        piece(source / f"{number}.wav", number, seconds=1.0)
        picture(source / f"{number}.png", number)
    piece(source / "lonely.wav", 9)
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 4, done.stderr
    assert (
        "no sample came of it; the commonest reason: shorter than a clip (3 of 4);"
        " no clip may be shorter than 2 s" in done.stdout
    )
    assert json.loads((out / "manifest.json").read_text())["accepted"] == 0


def test_of_ten_second_clips_it_is_told_which_length_fits(tmp_path: Path) -> None:
    for number in range(3):
        piece(tmp_path / f"{number}.wav", number, seconds=3.0 + number / 100)
        picture(tmp_path / f"{number}.png", number)
    told = mmusset("scan", tmp_path).stdout
    assert "note: `--set clip.seconds=3` takes 3 of these 3" in told
    assert "pieces    3 of 3" in mmusset("scan", tmp_path, "--set", "clip.seconds=3").stdout


def test_a_source_without_music_says_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    for number in range(3):
        (tmp_path / "source" / f"{number}.m3u").write_text("song.mp3")
    done = mmusset("build", "--source", tmp_path / "source", "--out", tmp_path / "out", *SHORT)
    assert done.returncode == 2
    assert "but a playlist, which names other files (3 of 3)" in done.stderr
