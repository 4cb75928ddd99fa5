"""What could not be read is undecided, and never a lasting lie.

Nothing else is paired in its place; its block stays open; the next run's bytes are those of a run
in which nothing failed; after three runs it has failed, by name.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command import SHORT, environment, mmusset, tree
from tests.faults.injection import compiler, interposer
from tests.faults.unreadable import mmusset_failing
from tests.media import library, picture

needs_a_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler is here")
PASSING = ("EACCES", "ETIMEDOUT", "EREMOTEIO", "ENXIO", "ENOMEM")


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
@pytest.mark.parametrize("kind", ["open", "pread"])
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


def test_a_decoder_that_dies_while_files_are_surveyed_decides_nothing(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    """Each decoder is killed in the first build, in whatever it does; the second is left alone."""
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "mmusset", *map(str, words(source, out))],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
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
