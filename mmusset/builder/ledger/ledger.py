"""The open ledger: its parts by subject, and the transaction that all their writing stands in."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from mmusset.errors import MmussetError

from .calls import LedgerCalls
from .job import LedgerJob
from .left_out import LedgerLeftOut
from .marks import LedgerMarks
from .matching import LedgerMatching
from .media import LedgerMedia
from .plan import LedgerPlan
from .removals import LedgerRemovals
from .rows import LedgerConnection, broken, is_passing
from .segment import LedgerSegments
from .shards import LedgerShards
from .verdicts import LedgerVerdicts
from .write_ahead import WriteAheadLog

# Of pages in memory: what SQLite takes by itself, and what the indexes of a million items take.
USUAL_KIB, LARGE_KIB = 2_000, 256_000


class Ledger:
    """One open ledger; what writes needs one that was opened to write, and a transaction."""

    def __init__(self, connection: LedgerConnection, lock: int | None) -> None:
        self._db: LedgerConnection = connection
        self._lock = lock
        self._log = WriteAheadLog(connection)
        self._changes_copied = connection.total_changes
        self.job = LedgerJob(connection)
        self.plan = LedgerPlan(connection)
        self.left_out = LedgerLeftOut(connection)
        self.media = LedgerMedia(connection)
        self.matching = LedgerMatching(connection)
        self.calls = LedgerCalls(connection)
        self.verdicts = LedgerVerdicts(connection, self.left_out)
        self.shards = LedgerShards(connection)
        self.marks = LedgerMarks(connection)
        self.removals = LedgerRemovals(connection)
        self.segments = LedgerSegments(connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, on the disk at its end. What the parts write does not commit by
        itself.

        One inside another is part of that. Raises MmussetError if the disk refuses: the run
        must stop.
        """
        if self._db.in_transaction:
            yield
            return
        with self._refusals(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def large_transaction(self) -> Iterator[None]:
        """A transaction that writes many rows at random places of an index: more of its pages are
        in memory until its end, since each that is not is written for every row that it gets."""
        self._db.execute(f"PRAGMA cache_size = -{LARGE_KIB}")
        try:
            with self.transaction():
                yield
        finally:
            self._db.execute(f"PRAGMA cache_size = -{USUAL_KIB}")

    @contextmanager
    def quick_transaction(self) -> Iterator[None]:
        """A transaction that does not wait for the disk: `on_disk` does, before anything uses what
        it wrote."""
        with self._refusals(), self._log.unsynced(), self.transaction():
            yield

    async def on_disk(self) -> None:
        """Wait until all that was written so far is on the disk; nothing else waits meanwhile.

        Raises MmussetError if the disk refuses: the run must stop.
        """
        try:
            await self._log.synced()
        except OSError as error:
            raise _refused(error) from error

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _refused(error) if is_passing(error) else self.broken(error) from error

    def begin_again(self) -> None:
        """Every item is undecided and every shard unwritten; calls, media and marks are kept."""
        self.verdicts.forget_all()
        self.shards.reopen_all()
        self.marks.forget_applied()

    def changed_since_copy(self) -> bool:
        """Whether this connection has written anything since it opened, or since `note_copy`."""
        return self._db.total_changes != self._changes_copied

    def note_copy(self) -> None:
        """A copy is about to be made."""
        self.job.note_copy()
        self._changes_copied = self._db.total_changes

    def broken(self, error: sqlite3.Error) -> MmussetError:
        """The error to raise where reading raised `error`."""
        return broken(self._db, error)

    def close(self) -> None:
        """Close it and let go of the lock."""
        self._log.close()
        self._db.close()
        if self._lock is not None:
            os.close(self._lock)


def _refused(error: Exception) -> MmussetError:
    return MmussetError(
        f"the ledger can't be written ({error}); make room on the disk, or repair it,"
        " and run the same command again"
    )
