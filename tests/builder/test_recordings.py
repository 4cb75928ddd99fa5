"""The same recording in two files: one group, in one build or two; or only the better one."""

import json
import shutil
from pathlib import Path

import pytest

from tests.builder.test_hostile import fates
from tests.builder.test_layouts import group_of
from tests.support.command import SHORT, mmusset
from tests.support.media import RATE_HZ, picture, piece, sound_of
from tests.support.sounds import in_container

SECONDS = 12.0


def pieces(source: Path, *numbers: int) -> Path:
    for number in numbers:
        piece(source / f"lossless {number}" / "song.flac", number, SECONDS)
        picture(source / f"lossless {number}" / "cover.png", number)
    return source


def as_mp3(source: Path, number: int) -> None:
    """The same in another folder, with another picture."""
    folder = source / f"copy {number}"
    picture(folder / "cover.png", 20 + number)
    sound = sound_of(number, SECONDS).astype("float32")
    data = in_container(sound, "mp3", "libmp3lame", RATE_HZ)
    (folder / "another name.mp3").write_bytes(data)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two recordings, one of them in two files."""
    folder = tmp_path_factory.mktemp("recordings")
    source, out = pieces(folder / "source", 1, 2), folder / "out"
    as_mp3(source, 1)
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    assert "alike     1 piece sounds the same as an earlier one" in done.stdout
    return out


@pytest.mark.slow
def test_a_flac_and_its_mp3_are_one_group(built: Path) -> None:
    out, found = built, mmusset("scan", built.parent / "source").stdout
    assert "alike     1 piece sounds the same as an earlier one" in found
    copy = group_of(out, "copy 1/another name.mp3")
    assert copy == group_of(out, "lossless 1/song.flac")
    assert copy != group_of(out, "lossless 2/song.flac")
    assert json.loads((out / "manifest.json").read_text())["near_duplicates"]["recordings"] == 1
    assert "1 piece is the recording of an earlier one" in (out / "README.md").read_text()


def test_what_stays_of_a_recording_that_is_removed_is_named(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(built, out)
    place = built.parent / "source" / "copy 1"
    shown = mmusset("remove", out, "--source", place, "--dry-run").stdout
    first, gone, stays = shown.splitlines()
    assert (first, gone) == ("would remove 1 piece:", "  copy 1/another name.mp3")
    assert stays.startswith("lossless 1/song.flac stays, and is the same recording: --item ")
    done = mmusset("remove", out, "--source", place, "--why", "asked", "--yes")
    assert done.stdout.splitlines()[-1] == stays
    key = stays.split()[-4]
    assert (
        "removed 1 piece" in mmusset("remove", out, "--item", key, "--why", "asked", "--yes").stdout
    )


@pytest.mark.slow
def test_a_copy_that_comes_later_joins_the_group_of_what_is_gone(tmp_path: Path) -> None:
    source, out = pieces(tmp_path / "source", 1, 2), tmp_path / "out"
    assert mmusset("build", "--source", source, "--out", out, *SHORT).returncode == 0
    before = group_of(out, "lossless 1/song.flac")
    (source / "lossless 1" / "song.flac").unlink()
    as_mp3(source, 1)
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    assert group_of(out, "copy 1/another name.mp3") == before


def test_skip_takes_the_lossless_one_and_names_it(tmp_path: Path) -> None:
    source, out = pieces(tmp_path / "source", 1, 2), tmp_path / "out"
    as_mp3(source, 1)
    skip = ("--set", "duplicates=skip")
    done = mmusset("build", "--source", source, "--out", out, *SHORT, *skip)
    assert done.returncode == 0, done.stderr
    assert fates(out)["copy 1/another name.mp3"] == "sounds the same as another"
    status = json.loads(mmusset("status", out, "--json").stdout)
    named = ["copy 1/another name.mp3", "sounds the same as another", "lossless 1/song.flac"]
    assert named in status["skipped"]
