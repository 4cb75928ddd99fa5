"""The child process that checks shards of a dataset, as `check_child.py` starts it.

    python -P -m mmusset.shards.check_process

Each line of stdin is a shard's file and what the manifest says of it, each line of stdout what was
found in it. It ends with its stdin. It has no network, little memory and none of our secrets: a
shard that takes over its decoder gets no further.
"""

import json
import resource
import sys
from pathlib import Path

from mmusset.child_process import end_with_parent, own_stdout
from mmusset.no_network import drop_network

from .check import CheckedShard, check_listed

MEMORY = 2 << 30  # bytes, as much as a decoder of a build may take by default


def main() -> None:
    _limit_memory()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    drop_network()
    end_with_parent()
    replies = own_stdout()
    for line in sys.stdin:
        path, size, sha256 = json.loads(line)
        print(_checked(Path(path), size, sha256).to_json(), file=replies, flush=True)


def _limit_memory() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    memory = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _checked(path: Path, size: int, sha256: str) -> CheckedShard:
    try:
        return check_listed(path, size, sha256)
    except MemoryError:
        return CheckedShard(broken="it takes too much memory to read")


if __name__ == "__main__":
    main()
