"""The samples of a dataset of the example source, and what is true of them."""

import json
from pathlib import Path
from typing import Any

from mmusset.shards.tar import read_shard
from tests.support.command import mmusset

EXAMPLES = Path(__file__).parents[2] / "examples"
TRUTH: dict[str, dict[str, Any]] = json.loads((EXAMPLES / "truth.json").read_text())


def samples_by_path(out: Path) -> dict[str, dict[str, Any]]:
    """The JSON of each accepted sample, by its path in the source, in the dataset's order."""
    stories = {}
    for shard in sorted((out / "data").glob("*.tar")):
        for key, members in read_shard(shard):
            (story,) = json.loads(mmusset("explain", out, key, "--json").stdout)
            stories[story["item"]["piece"]["music"]["path"]] = json.loads(members["json"])
    return stories
