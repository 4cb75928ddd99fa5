"""The shards of a dataset, checked by as many child processes as there are cores."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from .check import CheckedShard
from .check_child import CheckChild
from .manifest import ListedShard
from .shard_files import ShardFiles, shard_files

# Of less a second process can't be worth its start, which takes as long as to check 20 MB.
WORTH_A_PROCESS = 64 << 20
# Each takes 54 MB, and the disk has to keep up.
MOST_PROCESSES = 16


def process_count(shards: Sequence[ListedShard]) -> int:
    """How many processes are worth while."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    worth = sum(shard.bytes for shard in shards) // WORTH_A_PROCESS
    return max(1, min(cores or 1, len(shards), worth, MOST_PROCESSES))


def check_all(
    out: Path, shards: Iterable[ListedShard], processes: int
) -> Generator[CheckedShard, None, None]:
    """Each shard of a dataset's folder, in their order; few of them are in memory at once.

    Raises MmussetError where the shards are in a bucket that can't be used.
    """
    with _children(shard_files(out), processes) as submit:
        ahead = deque[Future[CheckedShard]]()
        for shard in shards:
            ahead.append(submit(shard))
            if len(ahead) > 2 * processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


@contextmanager
def _children(
    files: ShardFiles, processes: int
) -> Iterator[Callable[[ListedShard], Future[CheckedShard]]]:
    """What has a shard checked by the next child that is free."""
    children = [CheckChild() for _ in range(processes)]
    free = SimpleQueue[CheckChild]()
    for child in children:
        free.put(child)

    def check(shard: ListedShard) -> CheckedShard:
        child = free.get()
        try:
            return _checked(shard, files, child)
        finally:
            free.put(child)

    threads = ThreadPoolExecutor(processes)
    try:
        yield lambda shard: threads.submit(check, shard)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        for child in children:
            child.stop()
        threads.shutdown()
        for child in children:
            child.close()


def _checked(shard: ListedShard, files: ShardFiles, child: CheckChild) -> CheckedShard:
    """A shard, which is fetched here if need be: the child has no network, and leaves nothing."""
    try:
        if files.stamp(shard.name) is None:
            return CheckedShard(is_missing=True)
        with files.as_it_lies(shard.name) as path:
            return child.check(path, shard)
    except FileNotFoundError:
        return CheckedShard(is_missing=True)
    except OSError as error:
        return CheckedShard(broken=f"can't be read: {error.strerror or error}")
