"""The part of a ledger that knows what the machine could not read, and in how many runs.

What could not be read is undecided, and tried again by the next run; after MOST_RUNS of them it
has failed.
"""

import sqlite3
from dataclasses import dataclass
from typing import Literal

MOST_RUNS = 3
REASON = "could not be read"


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """Music, or a folder, of which no item could be planned: in how many runs, and why."""

    path: bytes
    runs: int
    why: str

    @property
    def status(self) -> Literal["undecided", "failed"]:
        return "failed" if self.runs >= MOST_RUNS else "undecided"


class LedgerUnread:
    """What could not be read, in one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def files(self) -> list[UnreadFile]:
        """The files and folders that the last look could not read, by their paths."""
        rows = self._db.execute("SELECT path, runs, why FROM sound_unread ORDER BY path")
        return [UnreadFile(*row) for row in rows]

    def replace_files(self, found: dict[bytes, str]) -> None:
        """Set what one more look could not read: paths, and why. Music that is an item's is not."""
        before = {file.path: file.runs for file in self.files()}
        items = {path for (path,) in self._db.execute("SELECT music_path FROM item")}
        self._db.execute("DELETE FROM unread")
        self._db.executemany(
            "INSERT INTO unread (path, runs, why) VALUES (?, ?, ?)",
            [(p, before.get(p, 0) + 1, why) for p, why in found.items() if p not in items],
        )

    def try_files_again(self) -> None:
        """Files that had failed are undecided again."""
        self._db.execute("DELETE FROM unread WHERE runs >= ?", (MOST_RUNS,))

    def undecided_files(self) -> int:
        """How many of them are undecided."""
        return sum(file.status == "undecided" for file in self.files())

    def note_item(self, idx: int, why: str) -> int:
        """Count one more run in which the media of an item could not be read; gives how many."""
        self._db.execute(
            "INSERT INTO unread_item (idx, runs, why) VALUES (?, 1, ?)"
            " ON CONFLICT (idx) DO UPDATE SET runs = runs + 1, why = excluded.why",
            (idx, why),
        )
        row = self._db.execute("SELECT runs FROM unread_item WHERE idx = ?", (idx,)).fetchone()
        return int(row[0])
