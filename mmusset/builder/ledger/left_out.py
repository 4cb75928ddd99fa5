"""The part of a ledger that knows what no item was made of: files that were skipped, and what the
machine could not read, with the number of runs that tried.

What could not be read is undecided, and tried again by the next run; after MOST_RUNS of them it
has failed: a file on a bad sector must not keep a dataset unfinished for ever.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")
MOST_RUNS = 3
REASON = "could not be read"


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A file or folder that no item was made of, and why."""

    path: bytes
    status: Literal["skipped", "undecided", "failed"]
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """Music, or a folder, of which no item could be planned: in how many runs, and why."""

    path: bytes
    runs: int
    why: str

    @property
    def status(self) -> Literal["undecided", "failed"]:
        return "failed" if self.runs >= MOST_RUNS else "undecided"


class LedgerLeftOut:
    """What is left out, in one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> list[LeftOut]:
        """Everything that no item was made of, by its path."""
        unread = [LeftOut(f.path, f.status, REASON, f.why) for f in self.unread_files()]
        return sorted((*self.skipped(), *unread))

    # --- skipped -----------------------------------------------------------------------------

    def skipped(self) -> list[LeftOut]:
        """What was skipped, by its path."""
        rows = self._db.execute("SELECT path, reason, detail FROM sound_skipped ORDER BY path")
        return [LeftOut(path, "skipped", reason, detail) for path, reason, detail in rows]

    def replace_skipped(self, skipped: Iterable[LeftOut]) -> None:
        """Set what is skipped. A file that is an item's is not."""
        new = sorted(self._without_items({file.path: file for file in skipped}).values())
        if new == self.skipped():
            return
        self._db.execute("DELETE FROM skipped")
        self._db.executemany(
            "INSERT INTO skipped (path, reason, detail) VALUES (?, ?, ?)",
            [(file.path, file.reason, file.detail) for file in new],
        )

    def is_skipped(self, path: bytes) -> bool:
        """Whether a file is skipped."""
        query = "SELECT 1 FROM skipped WHERE path = ?"
        return bool(self._db.execute(query, (path,)).fetchone())

    def skip(self, file: LeftOut) -> None:
        """One more file is skipped, or for another reason."""
        self._db.execute(
            "INSERT OR REPLACE INTO skipped (path, reason, detail) VALUES (?, ?, ?)",
            (file.path, file.reason, file.detail),
        )

    def unskip(self, path: bytes) -> None:
        """What was skipped is an item now."""
        self._db.execute("DELETE FROM skipped WHERE path = ?", (path,))

    # --- what could not be read --------------------------------------------------------------

    def unread_files(self) -> list[UnreadFile]:
        """The files and folders that the last look could not read, by their paths."""
        rows = self._db.execute("SELECT path, runs, why FROM sound_unread ORDER BY path")
        return [UnreadFile(*row) for row in rows]

    def replace_unread_files(self, why_by_path: dict[bytes, str]) -> None:
        """Set what one more look could not read, and why. Music that is an item's is not."""
        before = {file.path: file.runs for file in self.unread_files()}
        new = self._without_items(why_by_path)
        self._db.execute("DELETE FROM unread")
        self._db.executemany(
            "INSERT INTO unread (path, runs, why) VALUES (?, ?, ?)",
            [(path, before.get(path, 0) + 1, why) for path, why in new.items()],
        )

    def _without_items(self, by_path: Mapping[bytes, T]) -> dict[bytes, T]:
        """What is said of files that are no item's music."""
        left = dict(by_path)
        for (path,) in self._db.execute("SELECT music_path FROM item") if left else ():
            left.pop(path, None)
        return left

    def retry_unread_files(self) -> None:
        """Files that had failed are undecided again."""
        self._db.execute("DELETE FROM unread WHERE runs >= ?", (MOST_RUNS,))

    def has_undecided_files(self) -> bool:
        """Whether the next run will try to read some files again."""
        return any(file.status == "undecided" for file in self.unread_files())

    def count_unread_item(self, idx: int, why: str) -> int:
        """Count one more run in which the media of an item could not be read; returns how many."""
        self._db.execute(
            "INSERT INTO unread_item (idx, runs, why) VALUES (?, 1, ?)"
            " ON CONFLICT (idx) DO UPDATE SET runs = runs + 1, why = excluded.why",
            (idx, why),
        )
        row = self._db.execute("SELECT runs FROM unread_item WHERE idx = ?", (idx,)).fetchone()
        return int(row[0])
