"""A build, and what can be learnt of each of its samples."""

import json
from pathlib import Path
from typing import Any

from mmusset.shards.tar import read_shard
from tests.support.command import mmusset


def explained(source: Path, out: Path, *words: str | Path) -> dict[str, dict[str, Any]]:
    """Build; the samples by the name of their music, each with what `explain` tells of it."""
    done = mmusset("build", "--source", source, "--out", out, *words)
    assert done.returncode == 0, done.stderr
    samples = {}
    for shard in sorted((out / "data").iterdir()):
        for key, members in read_shard(shard):
            told = mmusset("explain", out, key).stdout
            name = told.splitlines()[0].split()[1]
            samples[name] = json.loads(members["json"]) | {"text": told}
    return samples
