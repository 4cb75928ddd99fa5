"""What tests of marks look at: a dataset's keys, and what its manifest and its shards hold."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from mmusset.files import file_sha256
from mmusset.shards.tar import read_shard


def keys(out: Path) -> list[str]:
    """All samples' keys, in the order of the plan."""
    with closing(sqlite3.connect(out / ".mmusset" / "ledger.db")) as db:
        return [key for (key,) in db.execute("SELECT key FROM item ORDER BY idx")]


def manifest(out: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return facts


def samples(out: Path) -> dict[str, dict[str, bytes]]:
    """The members of every sample in the shards that the manifest names, by key.

    All of those are there and whole, at any moment.
    """
    found = {}
    for shard in manifest(out)["shards"]:
        assert file_sha256(out / shard["name"]) == shard["sha256"], f"{shard['name']} is damaged"
        found |= dict(read_shard(out / shard["name"]))
    return found


def published(out: Path) -> bytes:
    """Every byte of a dataset but its ledger's folder."""
    files = (p for p in sorted(out.rglob("*")) if p.is_file() and ".mmusset" not in p.parts)
    return b"".join(path.read_bytes() for path in files)
