"""What tests of marks share: a small dataset, its keys, and what its manifest and shards hold."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from mmusset.files import file_sha256
from mmusset.shards.tar import read_shard
from tests.support.command import SHORT, mmusset
from tests.support.media import library


def command(folder: Path, *more: str) -> list[str]:
    """The command that builds `folder`/out from `folder`/source."""
    where = ["--source", str(folder / "source"), "--out", str(folder / "out")]
    return ["build", *where, *SHORT, *more]


def begin(folder: Path, pieces: int) -> Path:
    """A folder with `source` and `out`, which was built from it by the offline speaker."""
    library(folder / "source", pieces)
    done = mmusset(*command(folder))
    assert done.returncode == 0, done.stderr
    return folder


def copied(begun: Path, folder: Path) -> Path:
    """A copy of what was built, beside its source."""
    (folder / "source").symlink_to(begun / "source")
    return Path(shutil.copytree(begun / "out", folder / "out"))


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
