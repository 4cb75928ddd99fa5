"""The shards of a dataset, checked by as many child processes as there are cores."""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from mmusset.errors import MmussetError

from .check import CheckedShard, check_listed
from .manifest import ListedShard
from .shard_files import shard_files

# Of less a process can't be worth its start, which takes as long as to check 20 MB.
WORTH_A_PROCESS = 64 << 20


def process_count(shards: Sequence[ListedShard]) -> int:
    """How many processes are worth while."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    worth = sum(shard.bytes for shard in shards) // WORTH_A_PROCESS
    return max(1, min(cores or 1, len(shards), worth))


def check_all(
    out: Path, shards: Sequence[ListedShard], processes: int
) -> Generator[CheckedShard, None, None]:
    """Each shard of a dataset's folder, in their order; few of them are in memory at once. One
    process is this one.

    Raises MmussetError where the shards are in a bucket that can't be used.
    """
    if processes == 1:
        files = shard_files(out)
        yield from (check_listed(shard, files) for shard in shards)
        return
    with _children(out, processes) as submit:
        ahead = deque[Future[CheckedShard]]()
        for shard in shards:
            ahead.append(submit(shard))
            if len(ahead) > 2 * processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


@contextmanager
def _children(out: Path, processes: int) -> Iterator[Callable[[ListedShard], Future[CheckedShard]]]:
    """What has a shard checked by the next child that is free."""
    children = [_Child(out) for _ in range(processes)]
    free = SimpleQueue[_Child]()
    for child in children:
        free.put(child)

    def check(shard: ListedShard) -> CheckedShard:
        child = free.get()
        try:
            return child.check(shard)
        finally:
            free.put(child)

    threads = ThreadPoolExecutor(processes)
    try:
        yield lambda shard: threads.submit(check, shard)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        for child in children:
            child.end()
        threads.shutdown()


class _Child:
    """A child process, started when it is first asked, and again where it died."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._process: subprocess.Popen[str] | None = None

    def check(self, shard: ListedShard) -> CheckedShard:
        process = self._process = self._process or self._start()
        assert process.stdin and process.stdout
        line = ""
        try:
            process.stdin.write(shard.model_dump_json() + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            pass
        if not line.endswith("\n"):
            self.end()
            why = f"the process that read it died (exit status {process.returncode})"
            return CheckedShard(broken=why)
        if "trouble" in (said := json.loads(line)):
            raise MmussetError(said["trouble"])
        return CheckedShard.of(said)

    def end(self) -> None:
        """End it, whatever it does."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "mmusset.shards.check_process", self._out],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Pydantic looks for plugins in each installed package, a tenth of a child's start.
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"},
            # Ctrl-C is for the one that asks.
            start_new_session=True,
        )
