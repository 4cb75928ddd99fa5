"""The part of a ledger that takes one block out, and what was decided on it in again.

A segment is all that a ledger knows of one block. A worker begins with that of a block to be
decided and gives back that of the decided one; it never opens the ledger of the dataset itself.
"""

import base64
import hashlib
import json
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mmusset.errors import MmussetError
from mmusset.json_text import canonical_json

from .rows import LedgerConnection, columns
from .schema import SCHEMA_VERSION

# Far more than a block of 512 items takes (some 15 MB), whatever a damaged object claims.
MOST_BYTES = 1 << 30
_ITEMS = "idx IN (SELECT idx FROM item WHERE block = :n)"
# The rows of each table that are of block :n.
_OF_BLOCK = {
    "block": "n = :n",
    "item": "block = :n",
    "next_match": "music_sha256 IN (SELECT music_sha256 FROM item WHERE block = :n)",
    "prepared": _ITEMS,
    "verdict": _ITEMS,
    "unread_item": _ITEMS,
    "applied": _ITEMS,
    "mark": _ITEMS,
    "call": "key IN (SELECT key FROM item WHERE block = :n)",
}
# What is learnt of a block while it is decided. A verdict that is known already stays.
_LEARNT = {
    "prepared": "INSERT OR REPLACE",
    "call": "INSERT OR REPLACE",
    "unread_item": "INSERT OR REPLACE",
    "verdict": "INSERT OR IGNORE",
}

_PICTURE = ("image_path", "image_sha256", "story_path")

Rows = list[list[Any]]


class DamagedSegment(MmussetError):
    """A segment is not what its hash says."""


@dataclass(frozen=True)
class Segment:
    """The rows of one block, by table, with the names of their columns before them."""

    tables: Mapping[str, tuple[tuple[str, ...], Rows]]

    @cached_property
    def text(self) -> bytes:
        """The same rows give the same text."""
        tables = {
            name: {"columns": names, "rows": [[_plain(value) for value in row] for row in rows]}
            for name, (names, rows) in self.tables.items()
        }
        return canonical_json({"schema": SCHEMA_VERSION, "tables": tables}).encode()

    @cached_property
    def sha256(self) -> str:
        """What a segment is known by: the hash of its text."""
        return hashlib.sha256(self.text).hexdigest()

    def to_bytes(self) -> bytes:
        """The segment as it is sent: compressed, to about a sixth."""
        return zlib.compress(self.text)

    @classmethod
    def from_bytes(cls, data: bytes, sha256: str) -> "Segment":
        """The segment of this hash. Raises DamagedSegment where it is another, MmussetError where
        another version of mmusset made it."""
        try:
            text = zlib.decompressobj().decompress(data, MOST_BYTES)
        except zlib.error as error:
            raise DamagedSegment(f"the segment {sha256[:16]} is damaged: {error}") from None
        if hashlib.sha256(text).hexdigest() != sha256:
            raise DamagedSegment(f"the segment {sha256[:16]} is damaged: it has another hash")
        said = json.loads(text)
        if said["schema"] != SCHEMA_VERSION:
            raise MmussetError(
                f"the segment {sha256[:16]} is of another version of mmusset; use the same version"
                " for the build and all of its workers"
            )
        return cls(
            {
                name: (tuple(each["columns"]), [[_value(v) for v in row] for row in each["rows"]])
                for name, each in said["tables"].items()
            }
        )

    def column(self, table: str, name: str) -> list[Any]:
        """The values of a column, row by row."""
        names, rows = self.tables[table]
        place = names.index(name)
        return [row[place] for row in rows]


class LedgerSegments:
    """The blocks of one open ledger as segments. Nothing here commits by itself."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._db = connection

    def of(self, block: int) -> Segment:
        """All that is known of a block."""
        tables = dict[str, tuple[tuple[str, ...], Rows]]()
        for table, rows_of_block in _OF_BLOCK.items():
            names = columns(self._db, table)
            rows = []
            # Calls have no index by item; nobody was asked about what was not measured.
            if table != "call" or tables["prepared"][1]:
                rows = self._db.execute(
                    f"SELECT {', '.join(names)} FROM sound_{table} WHERE {rows_of_block}"
                    f" ORDER BY {names[0]}, {names[1]}",
                    {"n": block},
                ).fetchall()
            tables[table] = (tuple(names), [list(row) for row in rows])
        return Segment(tables)

    def begin_with(self, segment: Segment) -> None:
        """Fill a new ledger with all that is known of a block, which is then its only one."""
        for table in _OF_BLOCK:
            self._insert("INSERT", table, segment)

    def learn(self, segment: Segment) -> None:
        """Take over what was learnt of a block of this ledger.

        Raises MmussetError where the segment has other items than the block.
        """
        (block,) = segment.column("block", "n")
        planned = self._db.execute(
            "SELECT idx, key FROM sound_item WHERE block = ? ORDER BY idx", (block,)
        ).fetchall()
        handed_in = zip(segment.column("item", "idx"), segment.column("item", "key"), strict=True)
        if planned != list(handed_in):
            raise MmussetError(f"a worker's block {block} has other items than the plan")
        for table, how in _LEARNT.items():
            self._insert(how, table, segment)
        # An item may have come to another picture than was planned.
        columns_of = (segment.column("item", name) for name in _PICTURE)
        rows = zip(*columns_of, segment.column("item", "idx"), strict=True)
        chosen = ", ".join(f"{name} = ?" for name in _PICTURE)
        self._db.executemany(f"UPDATE item SET {chosen} WHERE idx = ?", rows)

    def _insert(self, how: str, table: str, segment: Segment) -> None:
        names, rows = segment.tables[table]
        unknown = set(names) - set(columns(self._db, table))
        if unknown:
            raise MmussetError(f"a segment has a column that this mmusset lacks: {unknown.pop()}")
        marks = ", ".join("?" * len(names))
        try:
            self._db.executemany(f"{how} INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
        except (sqlite3.IntegrityError, sqlite3.InterfaceError) as error:
            raise MmussetError(f"a segment can't be used: {error}") from None


def _plain(value: Any) -> Any:
    """A value of a row as JSON has it: bytes, as paths are, in base64."""
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _value(plain: Any) -> Any:
    return base64.b64decode(plain["base64"]) if isinstance(plain, dict) else plain
