"""Kill it anywhere, run the same command again: the same bytes as if nothing had happened."""

import random
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.command import SHORT, mmusset, start, tree
from tests.support.media import library
from tests.support.thorough import slow

PIECES = 4
KILLS = 30
FAILPOINTS = [
    *("plan_frozen", "reply_kept", "verdict_kept", "shard_renamed", "manifest_renamed"),
    *slow("media_kept", "shard_written", "copy_synced"),
    *slow("ledger_made", "job_noted", "plan_written", "media_stored"),
    *slow("shard_begun", "shard_synced", "shard_recorded", "manifest_written", "manifest_synced"),
    *slow("media_stored:3", "reply_kept:2", "reply_kept:7", "verdict_kept:4"),
    *slow("shard_written:2", "shard_renamed:2", "shard_recorded:2"),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("kills") / "source", PIECES)


@pytest.fixture(scope="module")
def expected(source: Path) -> dict[str, str]:
    """What an undisturbed build writes."""
    out = source.parent / "undisturbed"
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    return tree(out)


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_killed_at_a_named_moment(
    failpoint: str, source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    words = ("build", "--source", source, "--out", tmp_path / "out", *SHORT)
    killed = mmusset(*words, failpoint=failpoint)
    assert killed.returncode == -signal.SIGKILL, f"{failpoint} was not reached: {killed.stderr}"
    assert mmusset(*words).returncode == 0
    assert tree(tmp_path / "out") == expected


@pytest.mark.slow
def test_killed_at_random_moments(source: Path, expected: dict[str, str], tmp_path: Path) -> None:
    """Thirty kills, each at a moment of an undisturbed build; nothing is paid for twice."""
    moments = random.Random(2504)
    begun_s = time.monotonic()
    assert mmusset("build", "--source", source, "--out", tmp_path / "out", *SHORT).returncode == 0
    whole_s = time.monotonic() - begun_s
    kills, build = 0, 0
    while kills < KILLS:
        build += 1
        out = tmp_path / f"out{build}"
        words = ["build", "--source", str(source), "--out", str(out), *SHORT]
        for _ in range(moments.randint(3, 8)):
            kills += kill_after(words, moments.uniform(0.0, whole_s))
        assert mmusset(*words).returncode == 0
        assert tree(out) == expected
        assert calls_are_unique(out)


def kill_after(words: list[str], seconds: float) -> int:
    """Start a build and kill it after so long; 1 if it was still running, else 0."""
    process = start(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return 1
    return 0


def calls_are_unique(out: Path) -> bool:
    """Whether every agent was asked once a round for every item."""
    with sqlite3.connect(out / ".mmusset" / "ledger.db") as db:
        rows = db.execute("SELECT COUNT(*), COUNT(DISTINCT key || agent || round) FROM call")
        count, distinct = rows.fetchone()
    return bool(count == distinct == 3 * PIECES)
