"""Failed items tried again: in new shards, all accounted for, whatever kills it."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.support.command import SHORT, mmusset, tree
from tests.support.media import library, picture


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `source`, of whose pictures three are broken, and `out`, built from it."""
    folder = tmp_path_factory.mktemp("retry")
    source = library(folder / "source", 7)
    for number in (0, 3, 5):
        song(source, number).write_bytes(b"no picture")
    done = mmusset("build", "--source", source, "--out", folder / "out", *SHORT)
    assert done.returncode == 4, done.stderr
    return folder


@pytest.fixture
def words(begun: Path, tmp_path: Path) -> list[str]:
    """The command to try again on a copy of it, in which two of the pictures are mended."""
    for name in ("source", "out"):
        shutil.copytree(begun / name, tmp_path / name)
    for number in (0, 3):
        picture(song(tmp_path / "source", number), number)
    folders = ("--source", str(tmp_path / "source"), "--out", str(tmp_path / "out"))
    return ["build", *folders, *SHORT, "--retry-failed"]


def song(source: Path, number: int) -> Path:
    return source / f"artist {number // 2}" / f"song {number}.png"


@pytest.mark.slow
def test_mended_items_go_into_new_shards(words: list[str], begun: Path, tmp_path: Path) -> None:
    assert mmusset(*words).returncode == 4, "one is still broken"
    tally = json.loads(mmusset("status", tmp_path / "out", "--json").stdout)["tally"]
    assert tally == {"accepted": 6, "rejected": 0, "failed": 1, "skipped": 0, "undecided": 0}
    old, new = tree(begun / "out" / "data"), tree(tmp_path / "out" / "data")
    assert old.items() < new.items(), "no sealed shard changes"
    assert mmusset("verify", tmp_path / "out").stdout == "6 samples read, no problems\n"
    assert mmusset(*words[:-1], "--replay").returncode == 0
    assert tree(tmp_path / "out" / "data") == new


def test_without_failed_items_there_is_nothing_to_try(words: list[str], tmp_path: Path) -> None:
    picture(song(tmp_path / "source", 5), 5)
    assert mmusset(*words).returncode == 0
    before = tree(tmp_path / "out")
    assert mmusset(*words).stdout.startswith("nothing to do")
    assert tree(tmp_path / "out") == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "failpoint", ["retry_planned", "media_kept", "verdict_kept:2", "shard_renamed"]
)
@pytest.mark.parametrize("insist", [True, False])
def test_killed_while_trying_again(
    words: list[str], tmp_path: Path, failpoint: str, insist: bool
) -> None:
    shutil.copytree(tmp_path / "out", tmp_path / "undisturbed")
    elsewhere = [w.replace(str(tmp_path / "out"), str(tmp_path / "undisturbed")) for w in words]
    assert mmusset(*elsewhere).returncode == 4
    assert mmusset(*words, failpoint=failpoint).returncode == -signal.SIGKILL
    # A kill before the plan of the new try was written leaves the failed items failed.
    again = words if insist or failpoint == "retry_planned" else words[:-1]
    assert mmusset(*again).returncode == 4
    assert tree(tmp_path / "out") == tree(tmp_path / "undisturbed")


def test_a_new_picture_that_another_split_knows_is_not_taken(
    words: list[str], tmp_path: Path
) -> None:
    source = tmp_path / "source"
    told = json.loads(mmusset("explain", tmp_path / "out", "artist 0/song 0.wav", "--json").stdout)
    split = told[0]["item"]["split"]
    others = [
        number
        for number in (1, 2, 4, 6)
        if json.loads(
            mmusset(
                "explain", tmp_path / "out", f"artist {number // 2}/song {number}.wav", "--json"
            ).stdout
        )[0]["item"]["split"]
        != split
    ]
    shutil.copy(song(source, others[0]), song(source, 0))
    assert mmusset(*words).returncode == 4
    lost = json.loads(mmusset("status", tmp_path / "out", "--json").stdout)["lost"]
    assert ("artist 0/song 0.wav", "picture changed since it was planned") in [
        (item["path"], item["reason"]) for item in lost
    ]
    assert mmusset("verify", tmp_path / "out").returncode == 0
