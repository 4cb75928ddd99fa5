"""A dataset of many shards is verified by several processes: the report is that of one."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from mmusset.shards.check_in_processes import check_all
from mmusset.shards.manifest import read_manifest
from mmusset.shards.verify import Problem, verify
from tests.shards.test_shards import write_folder
from tests.support.samples import sample

SHARDS = {
    "data/train-000000.tar": [sample(1), sample(2)],
    "data/train-000001.tar": [sample(3), sample(4)],
    "data/train-000002.tar": [sample(5)],
    "data/train-000003.tar": [sample(6), sample(1)],
    "data/test-000000.tar": [sample(7, "test", group=sample(2).quadruple.group)],
}


def readers(of: Path) -> list[int]:
    """The child processes of this one that have a file open."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            with suppress(OSError):
                opened = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
                found += [int(pid)] if str(of) in opened else []
    return found


def children() -> str:
    """The child processes of this one."""
    return "".join(
        (task / "children").read_text() for task in sorted(Path("/proc/self/task").iterdir())
    )


def test_two_processes_report_what_one_does_in_the_same_order(tmp_path: Path) -> None:
    write_folder(tmp_path, SHARDS)
    broken = tmp_path / "data/train-000001.tar"
    broken.write_bytes(broken.read_bytes()[:1000])
    (tmp_path / "data/train-000002.tar").unlink()
    in_one = verify(tmp_path, processes=1)
    assert len(in_one[1]) >= 5  # changed, broken, missing, twice, in two splits
    assert verify(tmp_path, processes=2) == in_one


def test_a_process_that_dies_costs_its_shard_alone(tmp_path: Path) -> None:
    write_folder(tmp_path, SHARDS)
    endless = tmp_path / "data/train-000001.tar"
    text = (tmp_path / "manifest.json").read_text()
    was = read_manifest(tmp_path).shards[1].bytes
    (tmp_path / "manifest.json").write_text(text.replace(f'"bytes": {was}', f'"bytes": {1 << 40}'))
    os.truncate(endless, 1 << 40)  # it takes for ever to hash, and no disk
    with ThreadPoolExecutor(1) as thread:
        report = thread.submit(verify, tmp_path, None, 2)
        while not (found := readers(endless)):
            assert not report.done()
            time.sleep(0.01)
        os.kill(found[0], signal.SIGKILL)
        samples, problems = report.result()
    died = Problem("data/train-000001.tar", "the process that read it died (exit status -9)")
    assert samples == 6
    assert died in problems


def test_who_stops_in_the_middle_leaves_no_process(tmp_path: Path) -> None:
    write_folder(tmp_path, SHARDS)
    before = children()
    checked = check_all(tmp_path, read_manifest(tmp_path).shards, 2)
    assert [each.key for each in next(checked).samples] == ["k00001", "k00002"]
    assert children() != before
    checked.close()
    assert children() == before
