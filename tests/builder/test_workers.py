"""Workers, each a process, share a build: the bytes of one process, even if some are killed."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mmusset.builder.workers.board import SHARDS, Board
from mmusset.builder.workers.sharing import board_of
from mmusset.builder.workers.worker import wait_s
from tests.support.clocks import AN_HOUR_AHEAD, needs_faketime
from tests.support.command import SHORT, Process, environment, finished, mmusset, start, tree
from tests.support.media import library
from tests.support.serving import serving
from tests.support.thorough import slow

PIECES = 6
# Blocks of one artist: three in all.
TWOS = (*SHORT, "--set", "limits.block_size=2")
# A worker that is killed has lost its block soon.
SOON = ("--set", "limits.lease_seconds=1")
# Longer than any test.
LATE = ("--set", "limits.lease_seconds=600")
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("workers") / "source", PIECES)


@pytest.fixture(scope="module")
def expected(source: Path) -> dict[str, str]:
    """What one process writes."""
    out = source.parent / "alone"
    done = mmusset("build", "--source", source, "--out", out, *TWOS)
    assert done.returncode == 0, done.stderr
    return tree(out)


@contextmanager
def driver(source: Path, out: Path, *more: str, failpoint: str = "") -> Iterator[Process]:
    """A running build of `out` that offers its blocks to workers; killed at the end."""
    words = ("build", "--source", source, "--out", out, *TWOS, "--engine", "workers", *more)
    with start(*words, env=environment(failpoint)) as process:
        try:
            if not failpoint:
                until(lambda: board_of(out).job() is not None, process)
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def until(is_true: Callable[[], bool], process: Process) -> None:
    """Wait while a process runs."""
    begun_s = time.monotonic()
    while not is_true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - begun_s < PATIENCE_S
        time.sleep(0.02)


@contextmanager
def halted(worker: Process) -> Iterator[None]:
    """Meanwhile a worker neither works nor renews its lease."""
    worker.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.send_signal(signal.SIGCONT)


def leases(board: Board) -> dict[str, int]:
    """Which claim on each block counts."""
    return {block: lease.term for block, lease in board.leases().items()}


def test_two_workers_give_the_bytes_of_one_process(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with driver(source, out) as build, ExitStack() as workers:
        both = [workers.enter_context(start("worker", out)) for _ in range(2)]
        done = [finished(worker) for worker in both]
        assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
        assert finished(build).returncode == 0
    assert tree(out) == expected
    assert sum(int(each.stdout.split()[0]) for each in done) == 3
    status = json.loads(mmusset("status", out, "--json").stdout)
    assert status["tally"]["accepted"] == PIECES
    again = mmusset("build", "--source", source, "--out", out, *TWOS, "--engine", "workers")
    assert again.stdout.startswith("nothing to do")


def test_a_worker_without_a_build_says_what_to_do(tmp_path: Path) -> None:
    done = mmusset("worker", tmp_path)
    assert done.returncode == 2
    assert f"no build offers blocks in {tmp_path}" in done.stderr
    assert "mmusset build --engine workers" in done.stderr


@pytest.mark.parametrize(
    "moment",
    [
        "segment_handed_in",
        *slow("lease_taken", "verdict_kept", "marker_handed_in"),
        *slow("ledger_made", "media_stored", "reply_kept:4", "shard_renamed", "shard_handed_in"),
        *slow("lease_taken:2", "marker_handed_in:2", "manifest_written", "shard_recorded"),
    ],
)
def test_a_worker_that_is_killed_costs_its_block_alone(
    moment: str, source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    """What it has left on its disk, the next worker there removes."""
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    scratch.mkdir()
    with driver(source, out, *SOON) as build:
        words = "worker", out, "--scratch", scratch
        killed = mmusset(*words, failpoint=moment)
        assert killed.returncode == -signal.SIGKILL, f"{moment} was not reached: {killed.stderr}"
        for left in scratch.iterdir():
            os.utime(left, (0, 0))
        other = mmusset(*words)
        assert other.returncode == 0, other.stderr
        done = finished(build)
        assert done.returncode == 0, done.stderr
    assert tree(out) == expected
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "moment",
    [
        "shard_taken_over",
        *slow("job_offered", "plan_frozen", "blocks_offered", "block_taken_over"),
        *slow("block_taken_over:2", "shard_taken_over:2", "manifest_renamed", "copy_synced"),
    ],
)
def test_a_driver_that_is_killed_goes_on(
    moment: str, source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    """Workers go on meanwhile, and a driver that is started again takes over what they did."""
    out = tmp_path / "out"
    with driver(source, out, failpoint=moment) as build:
        if moment in {"job_offered", "plan_frozen", "blocks_offered"}:
            assert finished(build).returncode == -signal.SIGKILL
        else:
            until(lambda: board_of(out).job() is not None, build)
            assert mmusset("worker", out).returncode == 0
            assert finished(build).returncode == -signal.SIGKILL
    if moment == "job_offered":
        assert mmusset("worker", out).returncode == 0, "there is no driver, which nobody needs"
    with driver(source, out, failpoint="none") as build:
        if moment in {"plan_frozen", "blocks_offered"}:
            until(lambda: board_of(out).job() is not None, build)
            assert mmusset("worker", out).returncode == 0
        done = finished(build)
        assert done.returncode == 0, done.stderr
    assert tree(out) == expected
    assert calls(out) == 3 * PIECES


def calls(out: Path) -> int:
    """How many replies the ledger holds."""
    with sqlite3.connect(out / ".mmusset" / "ledger.db") as db:
        return int(db.execute("SELECT COUNT(*) FROM call").fetchone()[0])


@pytest.mark.slow
def test_an_owner_that_was_silent_finishes_in_vain(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    """Its lease is over while it still works: another takes the block, and the first counts."""
    out, board = tmp_path / "out", board_of(tmp_path / "out")
    with driver(source, out, *SOON) as build, start("worker", out) as slow_worker:
        until(lambda: bool(board.leases()), slow_worker)
        with halted(slow_worker):
            assert mmusset("worker", out).returncode == 0
            until(lambda: build.poll() is not None or not board.blocks(), slow_worker)
        assert finished(slow_worker).returncode == 0
        assert finished(build).returncode == 0
    assert tree(out) == expected


@pytest.mark.slow
@needs_faketime
def test_a_worker_whose_clock_is_an_hour_ahead_takes_no_living_lease(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    """By its own clock the lease of the other, who holds on to a block, has long been over."""
    out, board = tmp_path / "out", board_of(tmp_path / "out")
    with driver(source, out, *LATE) as build, ExitStack() as workers:
        slow_worker = workers.enter_context(start("worker", out))
        until(lambda: bool(board.leases()), slow_worker)
        with halted(slow_worker):
            held = board.leases()
            other = start("worker", out, env=environment() | AN_HOUR_AHEAD)
            ahead = workers.enter_context(other)
            until(lambda: board.undecided() == list(held), ahead)
            time.sleep(1.0)  # it looks again after half a second
            assert board.undecided() == list(held), "it waits for the last block"
            assert {block: board.leases()[block] for block in held} == held
        assert [finished(each).returncode for each in (slow_worker, ahead)] == [0, 0]
        done = finished(build)
        assert done.returncode == 0, done.stderr
        assert "decided twice" not in done.stderr
    assert tree(out) == expected


@pytest.mark.slow
def test_a_worker_that_is_stopped_hands_on_what_it_has(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    """Who takes the block up pays for no reply again, and need not wait for a lease to end."""
    out, board = tmp_path / "out", board_of(tmp_path / "out")
    whole = ("split.train=1", "split.validation=0", "split.test=0", "limits.block_size=6")
    block = tuple(word for setting in whole for word in ("--set", setting))
    with driver(source, out, *block, *LATE) as build:
        with start("worker", out, "--log-json") as stopped:
            assert stopped.stderr
            for line in stopped.stderr:
                if json.loads(line)["event"] == "decided":
                    break
            stopped.send_signal(signal.SIGTERM)
            assert finished(stopped).returncode == 130
        (lease,) = board.leases().values()
        assert lease.is_free
        (name,) = board.blocks()
        handed_on = json.loads(board.store.read(f"leases/{name}/000001.free") or b"")["segment"]
        begun = board.segment(handed_on)
        assert begun
        decided = len(begun.tables["verdict"][1])
        assert 1 <= decided < PIECES
        other = mmusset("worker", out, "--log-json")
        assert other.returncode == 0
        events = [json.loads(line)["event"] for line in other.stderr.splitlines()]
        assert events.count("decided") == PIECES - decided
        assert finished(build).returncode == 0
    alone = mmusset("build", "--source", source, "--out", tmp_path / "alone", *TWOS, *block)
    assert alone.returncode == 0
    assert tree(out) == tree(tmp_path / "alone")


@pytest.mark.slow
@pytest.mark.parametrize("tries", [2, 3])
def test_what_a_worker_can_t_read_is_left_to_others(
    tries: int, source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    """What three could not read has failed, as in a build by one process."""
    out = tmp_path / "out"
    with driver(source, out, *LATE) as build:
        for number in range(1, tries + 1):
            # No decoder is so fast.
            hasty = mmusset("worker", out, "--set", "limits.decode_seconds=0.0001")
            assert hasty.returncode == (0 if number == 3 else 4), hasty.stderr
        if tries == 2:
            assert "3 given back" in hasty.stdout
            other = mmusset("worker", out)
            assert other.returncode == 0, other.stderr
        assert finished(build).returncode == (0 if tries == 2 else 4)
    if tries == 2:
        assert tree(out) == expected
    told = json.loads(mmusset("status", out, "--json").stdout)
    assert told["tally"]["failed"] == (0 if tries == 2 else PIECES)


def test_a_worker_that_would_build_otherwise_is_refused(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with driver(source, out, *LATE) as build:
        other = mmusset("worker", out, "--set", "clip.seconds=3")
        assert other.returncode == 1
        assert "clip.seconds: 2.0 -> 3.0" in other.stderr
        right = mmusset("worker", out, "--set", "limits.workers=2")
        assert right.returncode == 0, "its block was free at once"
        assert finished(build).returncode == 0


@pytest.mark.slow
def test_what_was_handed_in_damaged_is_decided_again(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    out, board = tmp_path / "out", board_of(tmp_path / "out")
    with driver(source, out, failpoint="job_offered") as build:
        assert finished(build).returncode == -signal.SIGKILL
    assert mmusset("worker", out).returncode == 0
    one, other, _ = (board.marker(block) for block in board.markers())
    assert one and other
    board.store.put(SHARDS + one.shard.sha256, b"half of it")
    board.store.delete(f"segments/{other.segment}")
    with driver(source, out, failpoint="none") as build:
        until(lambda: len(board.undecided()) == 2, build)
        assert mmusset("worker", out).returncode == 0
        done = finished(build)
    assert "can't be used (its shard has other bytes); it is decided again" in done.stderr
    assert "can't be used (its segment is gone); it is decided again" in done.stderr
    assert tree(out) == expected


@pytest.mark.slow
def test_a_block_that_was_decided_twice_counts_once(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    """The grammar writes the same twice, so other bytes are reported by their name."""
    out, board = tmp_path / "out", board_of(tmp_path / "out")
    with driver(source, out, failpoint="job_offered") as build:
        assert finished(build).returncode == -signal.SIGKILL
    assert mmusset("worker", out).returncode == 0
    same, other, _ = (board.marker(block) for block in board.markers())
    assert same and other
    assert not board.hand_in(replace(same, worker="equal"))
    odd = replace(other, worker="odd", shard=replace(other.shard, sha256=64 * "0"))
    assert not board.hand_in(odd)
    done = mmusset("build", "--source", source, "--out", out, *TWOS, "--engine", "workers")
    assert "2 blocks were decided twice; the first counts" in done.stderr
    assert f"{other.shard.name} came out with other bytes where odd decided it" in done.stderr
    assert "where equal decided" not in done.stderr
    assert tree(out) == expected


@pytest.mark.slow
def test_workers_speak_through_servers_of_their_own(source: Path, tmp_path: Path) -> None:
    """Each of another, of the same model; who is killed has paid for its own block alone."""
    out, sent = tmp_path / "out", [0, 0, 0]
    model = ("--speaker", "vllm", "--set", "server.max_in_flight=4")
    words = ("build", "--source", source, *TWOS, *model, *SOON)
    with serving() as alone:
        done = mmusset(*words, "--out", tmp_path / "alone", "--set", f"server.url={alone.url}")
        assert done.returncode == 0, done.stderr
        sent[0] = len(alone.seen)
    nobody = ("--set", "server.url=http://127.0.0.1:9/v1")
    with serving() as one, serving() as other, driver(source, out, *model, *SOON, *nobody) as build:
        mine = ("--set", f"server.url={one.url}")
        killed = mmusset("worker", out, *mine, failpoint="lease_taken:2")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        last = mmusset("worker", out, "--set", f"server.url={other.url}")
        assert last.returncode == 0, last.stderr
        done = finished(build)
        assert done.returncode == 0, done.stderr
        sent[1:] = len(one.seen), len(other.seen)
    assert 0 < sent[1] < sent[0] == sent[1] + sent[2]
    assert tree(out / "data") == tree(tmp_path / "alone" / "data")
    facts = json.loads((out / "manifest.json").read_text())
    assert set(facts["models"].values()) == {"stub"}
    assert facts["cost"]["agents"]["captioner"]["calls"] == PIECES


def test_a_worker_with_another_model_is_refused(source: Path, tmp_path: Path) -> None:
    board = board_of(tmp_path / "out")
    with driver(source, tmp_path / "out", *LATE) as build:
        board.agree_on_models({"captioner": "another/1"})
        other = mmusset("worker", tmp_path / "out")
        assert other.returncode == 1
        assert "speak through another/1, and this one through offline-grammar/1" in other.stderr
        assert board.leases() == {}
        assert build.poll() is None


@pytest.mark.slow
def test_a_build_that_is_interrupted_leaves_its_workers_alone(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with driver(source, out) as build:
        build.send_signal(signal.SIGINT)
        assert finished(build).returncode == 130
    assert mmusset("worker", out).returncode == 0
    done = mmusset("build", "--source", source, "--out", out, *TWOS, "--engine", "workers")
    assert done.returncode == 0, done.stderr
    assert tree(out) == expected


def test_one_process_takes_over_what_workers_have_done(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with driver(source, out, failpoint="job_offered") as build:
        assert finished(build).returncode == -signal.SIGKILL
    killed = mmusset("worker", out, failpoint="lease_taken:2")
    assert killed.returncode == -signal.SIGKILL
    alone = mmusset("build", "--source", source, "--out", out, *TWOS, "--log-json")
    assert alone.returncode == 0
    decided = [json.loads(line)["event"] for line in alone.stderr.splitlines()].count("decided")
    assert 0 < decided < PIECES
    assert tree(out) == expected
    assert mmusset("worker", out).returncode == 2, "nothing is offered any more"


def test_a_worker_that_waits_looks_soon_and_then_seldom() -> None:
    assert [wait_s(waited, 600) for waited in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]
    assert wait_s(10_000, 600) == 15
    assert wait_s(0, 1) == 0.25, "a lease that ends soon is looked at sooner"
