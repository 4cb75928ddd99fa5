"""The child process that checks shards of a dataset.

    python -m mmusset.shards.check_process OUT

Each line of stdin is a shard as the manifest lists it, each line of stdout what was found in it, or
{"trouble": why} where the place of the shards can't be used. It ends with its stdin.
"""

import json
import resource
import sys
from pathlib import Path

from mmusset.errors import MmussetError

from .check import check_listed
from .manifest import ListedShard
from .shard_files import ShardFiles, shard_files


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    files = shard_files(Path(sys.argv[1]))
    for line in sys.stdin:
        print(_checked(ListedShard.model_validate_json(line), files), flush=True)


def _checked(shard: ListedShard, files: ShardFiles) -> str:
    try:
        return check_listed(shard, files).to_json()
    except MmussetError as error:
        return json.dumps({"trouble": str(error)})
    except OSError as error:
        return json.dumps({"trouble": f"{shard.name}: {error.strerror or error}"})


if __name__ == "__main__":
    main()
