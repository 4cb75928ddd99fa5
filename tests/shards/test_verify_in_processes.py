"""A dataset of many shards is verified by several processes: the report is that of one."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from mmusset.shards.check_child import CheckChild, most_seconds
from mmusset.shards.check_in_processes import _children, check_all, process_count
from mmusset.shards.manifest import ListedShard, read_manifest
from mmusset.shards.shard_files import shard_files
from mmusset.shards.verify import verify
from tests.evidence.test_no_network import namespaces_are_allowed
from tests.shards.test_shards import write_folder
from tests.support.samples import sample

SHARDS = {
    "data/train-000000.tar": [sample(1), sample(2)],
    "data/train-000001.tar": [sample(3), sample(4)],
    "data/train-000002.tar": [sample(5)],
    "data/train-000003.tar": [sample(6), sample(1)],
    "data/test-000000.tar": [sample(7, "test", group=sample(2).quadruple.group)],
}


def readers(of: Path, parent: int | None = None) -> list[int]:
    """The child processes of one, this one if none is named, that have a file open."""
    found = []
    for pid in children(parent):
        with suppress(OSError):  # it may end meanwhile
            opened = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
            found += [pid] if str(of) in opened else []
    return found


def children(parent: int | None = None) -> set[int]:
    """The child processes of one, this one if none is named, whichever of its threads began them,
    and though that has ended."""
    parents = dict[int, int]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # a process may end meanwhile
            _state, parent_pid, *_ = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(parent_pid)
    return {pid for pid, of in parents.items() if of == (parent or os.getpid())}


def test_two_processes_report_what_one_does_in_the_same_order(tmp_path: Path) -> None:
    write_folder(tmp_path, SHARDS)
    broken = tmp_path / "data/train-000001.tar"
    broken.write_bytes(broken.read_bytes()[:1000])
    (tmp_path / "data/train-000002.tar").unlink()
    in_one = verify(tmp_path, processes=1)
    assert len(in_one[1]) >= 5  # changed, broken, missing, twice, in two splits
    assert verify(tmp_path, processes=2) == in_one


def make_endless(out: Path) -> Path:
    """A dataset whose second shard takes for ever to hash, and no disk."""
    write_folder(out, SHARDS)
    endless = out / "data/train-000001.tar"
    text, was = (out / "manifest.json").read_text(), read_manifest(out).shards[1].bytes
    (out / "manifest.json").write_text(text.replace(f'"bytes": {was}', f'"bytes": {1 << 40}'))
    os.truncate(endless, 1 << 40)
    return endless


@pytest.mark.parametrize("processes", [1, 2])
def test_a_shard_that_kills_each_process_costs_itself_alone(tmp_path: Path, processes: int) -> None:
    endless = make_endless(tmp_path)
    with ThreadPoolExecutor(1) as thread:
        report = thread.submit(verify, tmp_path, None, processes)
        killed = set[int]()
        while not report.done():
            for pid in set(readers(endless)) - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            time.sleep(0.01)
        samples, problems = report.result()
    died = "the process that read it died (exit status -9)"
    assert [each.what for each in problems if each.where == "data/train-000001.tar"] == [died]
    assert len(killed) == 2, "the second might have read what the first could not"
    assert samples == 6


def test_a_process_that_was_killed_costs_nothing(tmp_path: Path) -> None:
    write_folder(tmp_path, SHARDS)
    child, shard = CheckChild(), read_manifest(tmp_path).shards[0]
    before = children()
    right = child.check(tmp_path / shard.name, shard)
    (pid,) = children() - before
    os.kill(pid, signal.SIGKILL)
    assert child.check(tmp_path / shard.name, shard) == right
    child.close()


def test_a_process_that_hangs_is_given_up(tmp_path: Path) -> None:
    request = json.dumps([str(make_endless(tmp_path)), 1 << 40, ""])
    child = CheckChild()
    with pytest.raises(TimeoutError, match="took over 1 s"):
        child.ask(request, 1)
    assert most_seconds(10**20) == 86400, "whatever a manifest says"


def test_a_shard_that_cannot_be_read_is_its_problem_alone(tmp_path: Path) -> None:
    write_folder(tmp_path, SHARDS)
    looped = tmp_path / "data/train-000002.tar"
    looped.unlink()
    looped.symlink_to("/proc/self/mem")  # its first page can't be read: EIO
    samples, problems = verify(tmp_path)
    assert samples == 7
    assert any(each.where == "data/train-000002.tar" and "rror" in each.what for each in problems)


def test_a_child_has_no_network_and_little_memory_and_knows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "quite secret")
    write_folder(tmp_path, SHARDS)
    child, shard, before = CheckChild(), read_manifest(tmp_path).shards[0], children()
    child.check(tmp_path / shard.name, shard)
    (pid,) = children() - before
    networks = [Path(f"/proc/{each}/ns/net").readlink() for each in (pid, "self")]
    assert b"quite secret" not in Path(f"/proc/{pid}/environ").read_bytes()
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    (memory,) = [line.split()[3] for line in limits if line.startswith("Max address space")]
    assert int(memory) <= 2 << 30
    child.close()
    assert networks[0] != networks[1] or not namespaces_are_allowed()


def test_who_stops_at_any_moment_leaves_no_process(tmp_path: Path) -> None:
    write_folder(tmp_path, SHARDS)
    before, shards = children(), read_manifest(tmp_path).shards
    for moment in range(12):
        with _children(shard_files(tmp_path), 2) as submit:
            for shard in shards:
                submit(shard)
            time.sleep(moment * 0.0004)
        assert children() == before


def test_who_stops_in_the_middle_leaves_no_process(tmp_path: Path) -> None:
    write_folder(tmp_path, SHARDS)
    before = children()
    checked = check_all(tmp_path, read_manifest(tmp_path).shards, 2)
    assert [each.key for each in next(checked).samples] == ["k00001", "k00002"]
    assert children() != before
    checked.close()
    assert children() == before


def test_a_child_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    endless = make_endless(tmp_path)
    command = [sys.executable, "-m", "mmusset", "verify", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as parent:
        while not (found := readers(endless, parent.pid)):
            assert parent.poll() is None
            time.sleep(0.01)
        parent.kill()
    while Path(f"/proc/{found[0]}/exe").exists():
        time.sleep(0.01)


def test_few_shards_are_in_memory_at_once(tmp_path: Path) -> None:
    write_folder(tmp_path, SHARDS)
    shards = iter(read_manifest(tmp_path).shards)
    checked = check_all(tmp_path, shards, 1)
    next(checked)
    assert len(list(shards)) == len(SHARDS) - 3
    checked.close()


def test_a_core_gets_a_process_where_it_is_worth_its_start() -> None:
    cores = len(os.sched_getaffinity(0))
    large = ListedShard(name="data/train-000000.tar", samples=1, bytes=1 << 30, sha256="0" * 64)
    assert process_count([large] * 100) == min(cores, 16)
    assert process_count([large]) == 1
    assert process_count([]) == 1
    assert process_count([large.model_copy(update={"bytes": 1000})] * 100) == 1
