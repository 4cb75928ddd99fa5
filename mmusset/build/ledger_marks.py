"""The part of a ledger that holds marks: what people want, and what was made of it.

Ledgers from before there were marks have none of these tables: `make_tables` adds them when
somebody writes, and whoever only reads finds no marks. So they keep their schema's version.
"""

import sqlite3
from dataclasses import dataclass
from typing import Literal, get_args

MarkVerdict = Literal["keep", "drop", "fix"]
MARK_VERDICTS: tuple[MarkVerdict, ...] = get_args(MarkVerdict)

_TABLES = """
CREATE TABLE IF NOT EXISTS mark (
    idx INTEGER PRIMARY KEY, verdict TEXT NOT NULL, note TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person wants of the sample of this key, and a note: why, or what is to be mended."""

    key: str
    verdict: MarkVerdict
    note: str


def make_tables(connection: sqlite3.Connection) -> None:
    """Add the tables of marks to a ledger that has none."""
    for statement in _TABLES.split(";"):
        connection.execute(statement)


class LedgerMarks:
    """The marks of one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def wanted(self) -> dict[int, Mark]:
        """Every mark, by the place of its item in the plan."""
        if not self._there():
            return {}
        rows = self._db.execute(
            "SELECT idx, key, verdict, note FROM mark JOIN item USING (idx) ORDER BY idx"
        )
        return {idx: Mark(*mark) for idx, *mark in rows}

    def want(self, mark: Mark) -> bool:
        """Set the mark of a sample; False where the key is no sample's."""
        done = self._db.execute(
            "INSERT OR REPLACE INTO mark SELECT idx, ?, ? FROM item WHERE key = ?",
            (mark.verdict, mark.note, mark.key),
        )
        return done.rowcount > 0

    def unwant(self, key: str) -> bool:
        """Take a sample's mark away; False where the key is no sample's."""
        row = self._db.execute("SELECT idx FROM item WHERE key = ?", (key,)).fetchone()
        if row:
            self._db.execute("DELETE FROM mark WHERE idx = ?", row)
        return row is not None

    def _there(self) -> bool:
        named = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'mark'"
        return self._db.execute(named).fetchone() is not None
