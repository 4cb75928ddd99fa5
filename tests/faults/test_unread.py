"""What could not be read is undecided, and never a lasting lie.

Nothing else is paired in its place; its block stays open; the next run's bytes are those of a run
in which nothing failed; after three runs it has failed, by name.
"""

import json
import os
import pickle
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mmusset.sources.folder import walk
from tests.faults.injection import compiler, interposer
from tests.faults.unreadable import mmusset_failing
from tests.support.command import SHORT, mmusset, start, tree
from tests.support.media import library, picture
from tests.support.thorough import slow

needs_a_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler is here")
T = TypeVar("T")
PASSING = ("EACCES", *slow("ENOMEM", "ETIMEDOUT", "EREMOTEIO", "ENXIO"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pieces; the first has a picture of its own name, and the folder has a cover."""
    folder = library(tmp_path_factory.mktemp("unread") / "source", 4)
    picture(folder / "artist 0" / "cover.png", 9)
    return folder


@pytest.fixture(scope="module")
def shared(source: Path) -> Path:
    return interposer(source.parent)


@pytest.fixture(scope="module")
def expected(source: Path) -> dict[str, str]:
    """What an undisturbed build writes."""
    out = source.parent / "undisturbed"
    assert mmusset("build", "--source", source, "--out", out, *SHORT).returncode == 0
    return tree(out)


def status(out: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(mmusset("status", out, "--json").stdout)
    return told


def words(source: Path, out: Path, *more: str) -> tuple[str | Path, ...]:
    return ("build", "--source", source, "--out", out, *SHORT, *more)


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.parametrize("error", PASSING)
def test_a_picture_that_could_not_be_read_gives_way_to_no_other(
    error: str, source: Path, shared: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    out, own = tmp_path / "out", source / "artist 0" / "song 0.png"
    done = mmusset_failing(shared, own, "open", error, *words(source, out))
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    told = status(out)
    assert (told["tally"]["accepted"], told["tally"]["undecided"]) == (3, 1)
    (lost,) = told["lost"]
    assert (lost["path"], lost["status"]) == ("artist 0/song 0.wav", "undecided")
    assert lost["detail"].startswith("artist 0/song 0.png: ")
    assert [path for path, *_ in told["skipped"]] == ["artist 0/cover.png"]
    assert mmusset(*words(source, out)).returncode == 0
    assert tree(out) == expected


@needs_a_compiler
@pytest.mark.parametrize("kind", ["open", *slow("pread")])
@pytest.mark.parametrize("error", PASSING)
def test_a_source_that_could_not_be_read_is_not_an_empty_one(
    error: str, kind: str, source: Path, shared: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = mmusset_failing(shared, source, kind, error, *words(source, out))
    assert done.returncode == 1
    assert f"nothing in {source} could be read" in done.stderr
    assert mmusset(*words(source, out)).returncode == 0
    assert tree(out) == expected


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.parametrize("what", ["song 0.wav", "song 0.png"])
def test_what_no_run_of_three_could_read_has_failed(
    what: str, source: Path, shared: Path, tmp_path: Path
) -> None:
    out, watched = tmp_path / "out", source / "artist 0" / what
    for run in (1, 2, 3):
        done = mmusset_failing(shared, watched, "pread", "EIO", *words(source, out))
        assert done.returncode == 4
        fate = "failed" if run == 3 else "undecided"
        tally = status(out)["tally"]
        assert (tally["accepted"], tally[fate]) == (3, 1), done.stdout
        assert (out / "manifest.json").exists() == (run == 3)
    (lost,) = status(out)["lost"]
    assert (lost["path"], lost["reason"]) == ("artist 0/song 0.wav", "could not be read")
    assert mmusset("verify", out).returncode == 0
    # It can be read now: it comes in as a file does that is new.
    assert mmusset(*words(source, out)).returncode == 0
    assert status(out)["tally"] == {
        "accepted": 4,
        "rejected": 0,
        "failed": 0,
        "skipped": 1,
        "undecided": 0,
    }
    assert mmusset("verify", out).returncode == 0


@pytest.mark.slow
@needs_a_compiler
def test_an_item_whose_plan_stands_waits_in_its_open_block(
    source: Path, shared: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    out, song = tmp_path / "out", source / "artist 1" / "song 2.wav"
    killed = mmusset(*words(source, out), failpoint="plan_frozen")
    assert killed.returncode == -signal.SIGKILL
    for run in (1, 2):
        done = mmusset_failing(shared, song, "pread", "ETIMEDOUT", *words(source, out))
        assert done.returncode == 4, run
        assert "artist 1/song 2.wav could not be read (Connection timed out)" in done.stderr
        assert status(out)["tally"]["undecided"] == 1
    assert mmusset(*words(source, out)).returncode == 0
    assert tree(out) == expected


@pytest.mark.slow
@needs_a_compiler
def test_an_item_whose_plan_stands_fails_in_its_third_run(
    source: Path, shared: Path, tmp_path: Path
) -> None:
    out, song = tmp_path / "out", source / "artist 1" / "song 2.wav"
    assert mmusset(*words(source, out), failpoint="plan_frozen").returncode == -signal.SIGKILL
    for _ in range(3):
        done = mmusset_failing(shared, song, "pread", "EIO", *words(source, out))
        assert done.returncode == 4
    assert status(out)["tally"]["failed"] == 1
    assert mmusset("verify", out).returncode == 0
    assert mmusset(*words(source, out, "--retry-failed")).returncode == 0
    assert status(out)["tally"]["accepted"] == 4


@pytest.mark.slow
@needs_a_compiler
def test_accept_counts_on_what_could_not_be_read(
    source: Path, shared: Path, tmp_path: Path
) -> None:
    accept = ("--accept", "3")
    assert mmusset(*words(source, tmp_path / "clean", *accept)).returncode == 0
    out, first = tmp_path / "out", source / "artist 0" / "song 0.wav"
    asked = words(source, out, *accept)
    assert mmusset_failing(shared, first, "pread", "ETIMEDOUT", *asked).returncode == 4
    assert mmusset(*asked).returncode == 0
    # The manifest tells that one more piece was asked about meanwhile.
    assert tree(out / "data") == tree(tmp_path / "clean" / "data")


@needs_a_compiler
def test_scan_tells_what_it_could_not_read(source: Path, shared: Path) -> None:
    own = source / "artist 0" / "song 0.png"
    done = mmusset_failing(shared, own, "open", "EACCES", "scan", source, *SHORT)
    assert "undecided 1, which could not be read" in done.stdout
    assert "artist 0/song 0.png: Permission denied: artist 0/song 0.wav" in done.stdout


@pytest.mark.slow
def test_a_decoder_that_dies_while_files_are_surveyed_decides_nothing(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    """Each decoder is killed in the first build, in whatever it does; the second is left alone."""
    out = tmp_path / "out"
    process = start(*words(source, out), stdout=subprocess.DEVNULL)
    killed = 0
    while process.poll() is None:
        killed += kill_decoders(process.pid)
    said = process.communicate()[1]
    assert killed
    assert process.returncode in (1, 4), said
    assert "Traceback" not in said
    assert mmusset(*words(source, out)).returncode == 0
    assert tree(out) == expected


def kill_decoders(parent: int) -> int:
    """Kill the decoders that a build has now; gives how many."""
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        return 0
    for child in children:
        try:
            os.kill(int(child), signal.SIGKILL)
        except ProcessLookupError:
            return 0
    return len(children)


@pytest.mark.slow
@needs_a_compiler
def test_a_file_that_stays_closed_stops_no_build_for_ever(shared: Path, tmp_path: Path) -> None:
    """A dozen of them, scattered: after three runs they have failed, and the rest is sealed."""
    source, out = library(tmp_path / "source", 16), tmp_path / "out"
    closed = source / "closed"
    for number in range(4, 16):
        folder = closed / f"artist {number}"
        folder.mkdir(parents=True)
        for suffix in (".wav", ".png"):
            name = f"artist {number // 2}/song {number}{suffix}"
            (source / name).rename(folder / f"song {number}{suffix}")
    for run in (1, 2, 3):
        done = mmusset_failing(shared, closed, "pread", "EIO", *words(source, out))
        assert done.returncode == 4, done.stderr
        tally = status(out)["tally"]
        assert (tally["accepted"], tally["failed" if run == 3 else "undecided"]) == (4, 12)
    assert mmusset("verify", out).stdout == "4 samples read, no problems\n"


@pytest.mark.slow
@needs_a_compiler
def test_a_picture_of_a_sealed_piece_takes_nothing_back(
    source: Path, shared: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    out, own = tmp_path / "out", source / "artist 0" / "song 0.png"
    assert mmusset(*words(source, out)).returncode == 0
    own.touch()  # so that it is read again
    done = mmusset_failing(shared, own, "open", "EACCES", *words(source, out))
    assert done.returncode == 0, done.stdout
    assert tree(out) == expected


@pytest.mark.slow
@needs_a_compiler
def test_a_mark_waits_with_its_item(source: Path, shared: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", source / "artist 0" / "song 0.png"
    own = source / "artist 1" / "song 2.png"
    mmusset_failing(shared, other, "open", "EACCES", *words(source, out))
    (key,) = (
        item["item"]["key"]
        for item in json.loads(mmusset("explain", out, "artist 1/song 2.wav", "--json").stdout)
    )
    assert mmusset("mark", out, key, "drop").returncode == 0
    own.touch()
    mmusset_failing(shared, own, "open", "EACCES", *words(source, out))
    assert status(out)["tally"]["undecided"] == 1
    assert mmusset(*words(source, out)).returncode == 0
    assert mmusset(*words(source, out, "--apply-marks")).returncode == 0
    tally = status(out)["tally"]
    assert (tally["accepted"], tally["rejected"]) == (3, 1)


@pytest.mark.slow
@needs_a_compiler
def test_what_is_tried_again_waits_in_an_open_block_too(
    source: Path, shared: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    own, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(source, own)
    failing = own / "artist 1" / "song 3.png"
    failing.write_text("no picture")
    unread = own / "artist 0" / "song 0.wav"
    done = mmusset_failing(shared, unread, "pread", "EIO", *words(own, out))
    assert (done.returncode, status(out)["tally"]["failed"]) == (4, 1)
    shutil.copy(source / "artist 1" / "song 3.png", failing)
    mmusset_failing(shared, unread, "pread", "EIO", *words(own, out, "--retry-failed"))
    assert not list((out / "data").glob("*"))
    assert mmusset(*words(own, out)).returncode == 0
    assert tree(out / "data") == {
        name.removeprefix("data/"): digest
        for name, digest in expected.items()
        if name.startswith("data/")
    }


@needs_a_compiler
def test_accept_is_not_short_of_what_is_undecided(
    source: Path, shared: Path, tmp_path: Path
) -> None:
    out, first = tmp_path / "out", source / "artist 0" / "song 0.wav"
    assert mmusset(*words(source, out, "--accept", "2"), failpoint="plan_frozen").returncode < 0
    done = mmusset_failing(shared, first, "pread", "EIO", *words(source, out, "--accept", "2"))
    assert done.returncode == 4
    assert "short of --accept" not in done.stdout
    assert "no group was left" not in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_closed_folder_is_undecided(source: Path) -> None:
    """As a user who may not look into it, in a folder that, unlike pytest's, is open to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        own = Path(folder) / "source"
        shutil.copytree(source, own)
        (own / "artist 1").chmod(0o700)
        (own / "lost+found").mkdir(mode=0o700)
        found = as_nobody(lambda: [e for e in walk(own) if b"/" not in e.path])
    assert [(e.path, e.kind, e.skip, e.unread) for e in found] == [
        (b"artist 1", "folder", "", "Permission denied"),
        (b"lost+found", "other", "a system's own, such as thumbnails", ""),
    ]


def as_nobody(ask: Callable[[], T]) -> T:
    """What a call gives in a process of a user who owns nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        with os.fdopen(writing, "wb") as file:
            pickle.dump(ask(), file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        answer: T = pickle.load(file)
    os.waitpid(child, 0)
    return answer
