"""Whether a ledger is whole, and belongs to its folder: rows, lock, copy, manifest, shards.

A ledger that is damaged, older than its shards, or gone must never be built on: shards
would be replaced and every answer paid again.
"""

import re
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from mmusset.shards.manifest import LedgerStamp, known_manifest

from .rows import LedgerConnection, NotWhole, check_rows, damaged

SHARD = re.compile(r"(train|validation|test)-\d{6}\.tar")


@dataclass(frozen=True, slots=True, order=True)
class Age:
    """How far a ledger has come: how often it was recovered, and how often copied."""

    generation: int
    copies: int


def check(connection: LedgerConnection, noted: int, copy: Path) -> int:
    """Check an open ledger; returns its generation.

    `noted` is the generation that the lock file names. Raises NotWhole where a row or a
    page is damaged, or where it is older than its copy, its manifest or its shards.
    """
    # These first: a build that goes on writes them after it has written the ledger.
    copied = age_of_copy(copy) if copy.exists() else None
    stamp = manifest_stamp(connection.out)
    there = shards_in(connection.out)
    check_rows(connection)
    age = age_of(connection)
    if age.generation < noted:
        raise _older(connection.out, "a later one was in its place")
    if copied and age < copied:
        raise _older(connection.out, "its copy has come further")
    is_last = stamp.generation == age.generation
    if stamp.generation > age.generation or (is_last and stamp.verdicts > _known(connection)):
        raise _older(connection.out, "the manifest was made from a later one")
    _check_shards(connection, there)
    return age.generation


def age_of(connection: sqlite3.Connection) -> Age:
    """How far a ledger has come. Raises sqlite3.Error or ValueError where it does not say."""
    facts = dict(connection.execute("SELECT name, value FROM meta"))
    return Age(int(facts.get("generation", 0)), int(facts.get("copies", 0)))


def age_of_copy(copy: Path) -> Age | None:
    """How far the copy of a ledger has come; None where it can't be read."""
    with suppress(sqlite3.Error, ValueError):
        uri = f"{copy.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return age_of(connection)
    return None


def shards_in(out: Path) -> list[str]:
    """The names of the files in `out` that are named as shards are."""
    folder = out / "data"
    if not folder.is_dir():
        return []
    return sorted(f"data/{p.name}" for p in folder.iterdir() if SHARD.fullmatch(p.name))


def lost(out: Path) -> NotWhole:
    """The error to raise where a folder had a ledger, and it is gone or empty."""
    return NotWhole(out, "is gone (if its shards were pulled, build into a new --out)")


def manifest_stamp(out: Path) -> LedgerStamp:
    """The ledger that a manifest was counted from; zeros where there is none."""
    manifest = known_manifest(out)
    return manifest.ledger if manifest else LedgerStamp()


def _known(connection: sqlite3.Connection) -> int:
    """How many verdicts there are, with those that were taken back since the last manifest."""
    (verdicts,) = connection.execute("SELECT COUNT(*) FROM verdict").fetchone()
    row = connection.execute("SELECT value FROM meta WHERE name = 'taken back'").fetchone()
    return int(verdicts) + int(row[0] if row else 0)


def _check_shards(connection: LedgerConnection, there: list[str]) -> None:
    """Raises NotWhole for a shard whose items are not known, or that is not known itself."""
    row = connection.execute(
        "SELECT name FROM shard WHERE samples != (SELECT COUNT(*) FROM item JOIN verdict"
        " USING (idx) WHERE item.block = shard.block AND status = 'accepted') LIMIT 1"
    ).fetchone()
    if row:
        raise damaged(connection.out, f"it lacks items of {row[0] or 'a sealed block'}")
    # In one statement: a build that goes on moves names from one table to another.
    known = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM shard UNION SELECT name FROM sealing UNION SELECT name FROM replaced"
        )
    }
    unknown = [name for name in there if name not in known]
    if unknown:
        raise _older(connection.out, f"it does not know {unknown[0]}")


def _older(out: Path, why: str) -> NotWhole:
    return NotWhole(out, f"is out of date: {why}")
