"""The ledger: the SQLite file that knows the fate of every item.

A verdict row is the only meaning of "done"; every reply is a row before anything
uses it. `ledger_file.py` opens and locks it.
"""

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from mmusset.errors import MmussetError
from mmusset.sample import Outcome

from .accounts import LedgerAccounts
from .marks import LedgerMarks
from .plan import ITEM_FROM, Block, LedgerPlan, LeftOut, PlannedItem, planned_of
from .rows import LedgerConnection, broken, is_passing
from .shards import LedgerShards
from .unread import LedgerUnread

__all__ = ["Block", "Ledger", "LeftOut", "PlannedItem"]


class Ledger(LedgerPlan, LedgerShards, LedgerAccounts):
    """One open ledger; the writing methods need one that was opened to write."""

    def __init__(self, connection: LedgerConnection, lock: int | None) -> None:
        self._db: LedgerConnection = connection
        self._lock = lock
        self._changes_copied = connection.total_changes
        self.marks = LedgerMarks(connection)
        self.unread = LedgerUnread(connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing. The writing methods below do not commit by themselves.

        One inside another is part of that. Raises MmussetError if the disk refuses: the run
        must stop.
        """
        if self._db.in_transaction:
            yield
            return
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                yield
        except sqlite3.Error as error:
            if not is_passing(error):
                raise self.broken(error) from error
            raise MmussetError(
                f"the ledger can't be written ({error}); make room on the disk, or mend it,"
                " and run the same command again"
            ) from error

    def broken(self, error: sqlite3.Error) -> MmussetError:
        """The error to raise where reading gave `error`."""
        return broken(self._db, error)

    def close(self) -> None:
        """Close it and let go of the lock."""
        self._db.close()
        if self._lock is not None:
            os.close(self._lock)

    # --- meta, files ---------------------------------------------------------------------

    def meta(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM sound_meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_meta(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def changed_since_copy(self) -> bool:
        """Whether this connection has written anything since it opened, or since `note_copy`."""
        return self._db.total_changes != self._changes_copied

    def note_copy(self) -> None:
        """A copy is about to be made: one that is newer than its ledger is known by that."""
        self.set_meta("copies", str(int(self.meta("copies") or 0) + 1))
        self._changes_copied = self._db.total_changes

    def survey(self, path: bytes, size: int, mtime_ns: int) -> str | None:
        """What a file said of itself when it last had this size and time."""
        row = self._db.execute(
            "SELECT survey FROM sound_file WHERE path = ? AND size = ? AND mtime_ns = ?",
            (path, size, mtime_ns),
        ).fetchone()
        return row[0] if row else None

    def keep_survey(self, path: bytes, size: int, mtime_ns: int, survey: str) -> None:
        self._db.execute(
            "INSERT INTO file (path, size, mtime_ns, survey) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,"
            " survey = excluded.survey WHERE (file.size, file.mtime_ns, file.survey)"
            " IS NOT (excluded.size, excluded.mtime_ns, excluded.survey)",
            (path, size, mtime_ns, survey),
        )

    # --- music that was made ---------------------------------------------------------------

    def made(self, name: str) -> str | None:
        """What the music of this name says of itself, once it was made."""
        row = self._db.execute("SELECT survey FROM sound_made WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def keep_made(self, name: str, music_sha256: str, survey: str) -> None:
        self._db.execute(
            "INSERT INTO made (name, music_sha256, survey) VALUES (?, ?, ?)",
            (name, music_sha256, survey),
        )

    def made_as(self, music_sha256: str) -> str:
        """The name of music that was made and planned."""
        row = self._db.execute(
            "SELECT name FROM sound_made WHERE music_sha256 = ?", (music_sha256,)
        ).fetchone()
        return str(row[0])

    # --- items and their fate ----------------------------------------------------------------

    def item(self, key: str) -> PlannedItem | None:
        row = self._db.execute(f"{ITEM_FROM} WHERE key = ?", (key,)).fetchone()
        return planned_of(row) if row else None

    def stamps(self) -> Iterator[tuple[int, str, int]]:
        """Each item's place and key, in the order of the plan, and a number that changes with
        whatever is known of the item but its mark."""
        rows = self._db.execute(
            "SELECT item.idx, key, block, music_path, image_path, value IS NOT NULL,"
            " CAST(outcome AS BLOB) FROM item LEFT JOIN prepared USING (idx)"
            " LEFT JOIN verdict USING (idx) ORDER BY item.idx"
        )
        for idx, key, block, music, image, prepared, outcome in rows:
            told = b"%d %d %b %b " % (block, prepared, music, image)
            yield idx, key, zlib.crc32(outcome or b"", zlib.crc32(told))

    def items_at(self, path: bytes) -> list[PlannedItem]:
        """The items cut from, or pictured by, the file of this path."""
        rows = self._db.execute(
            f"{ITEM_FROM} WHERE music_path = ? OR image_path = ? ORDER BY idx", (path, path)
        )
        return [planned_of(row) for row in rows]

    def next_undecided(self, after_idx: int) -> PlannedItem | None:
        """The first item after `after_idx` that has no verdict."""
        row = self._db.execute(
            f"{ITEM_FROM} WHERE item.idx > ? AND NOT EXISTS"
            " (SELECT 1 FROM verdict WHERE verdict.idx = item.idx) ORDER BY item.idx LIMIT 1",
            (after_idx,),
        ).fetchone()
        return planned_of(row) if row else None

    def prepared(self, idx: int) -> str | None:
        row = self._db.execute("SELECT value FROM sound_prepared WHERE idx = ?", (idx,)).fetchone()
        return row[0] if row else None

    def keep_prepared(self, idx: int, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO prepared (idx, value) VALUES (?, ?)", (idx, value))

    def answer(self, request: str) -> str | None:
        """The kept answer to the request of this hash, as JSON."""
        row = self._db.execute(
            "SELECT answer FROM sound_call WHERE request = ?", (request,)
        ).fetchone()
        return row[0] if row else None

    def keep_answer(
        self, request: str, key: str, agent: str, round_: int, model: str, answer: str
    ) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO call (request, key, agent, round, model, answer)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (request, key, agent, round_, model, answer),
        )

    def forget_verdicts(self) -> None:
        """Every item is undecided again and every shard unwritten; answers and marks are kept."""
        self._db.execute("DELETE FROM verdict")
        self.open_all_again()
        self.marks.forget_applied()

    def decide(self, idx: int, outcome: Outcome) -> None:
        verdict = outcome.verdict
        self._db.execute(
            "INSERT INTO verdict (idx, status, reason, outcome) VALUES (?, ?, ?, ?)",
            (idx, verdict.status, verdict.reason, outcome.model_dump_json()),
        )

    def decide_again(self, idx: int, outcome: Outcome | None) -> None:
        """Set an item's verdict in place of the one that it may have; None makes it undecided."""
        self._db.execute("DELETE FROM verdict WHERE idx = ?", (idx,))
        if outcome:
            self.decide(idx, outcome)

    def outcome(self, idx: int) -> Outcome | None:
        row = self._db.execute("SELECT outcome FROM sound_verdict WHERE idx = ?", (idx,)).fetchone()
        return Outcome.model_validate_json(row[0]) if row else None
