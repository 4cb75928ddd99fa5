"""When what a ledger's transactions wrote is on the disk: at once, or without anything waiting.

With synchronous=FULL SQLite syncs its write-ahead log at the end of each transaction, and the whole
process waits: 3 ms a time on a busy disk, a hundred times a second. With synchronous=NORMAL it
does not, and keeps the database whole all the same; the log is synced here, by a thread, before
anything relies on what was written (https://sqlite.org/pragma.html#pragma_synchronous).
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

from .rows import LedgerConnection

# A sync costs .4 ms of CPU, for a thread's turn and the wakes of both, so there are at most a
# hundred a second; who comes between two waits for the second.
BETWEEN_SYNCS_S = 0.01


class WriteAheadLog:
    """The log of a connection. Its file is there once something was written."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._db = connection
        self._file: int | None = None
        self._turn = asyncio.Lock()
        self._asked = 0
        self._synced = 0
        self._next_s = 0.0  # when the next may begin, by the loop's clock
        self._failed: OSError | None = None

    @contextmanager
    def unsynced(self) -> Iterator[None]:
        """Transactions that end in here don't wait for the disk. Raises sqlite3.Error."""
        self._db.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous = FULL")

    async def synced(self) -> None:
        """Wait until all that was committed so far is on the disk; those who come while it is busy
        wait for its next sync together. Raises OSError, once it has for ever: a system tells of
        what it could not write only once."""
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._failed:
                raise self._failed
            if self._synced < mine:
                await self._sync()

    async def _sync(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._next_s:
            await asyncio.sleep(self._next_s - loop.time())
        asked = self._asked
        try:
            await asyncio.to_thread(os.fsync, self._opened())
        except OSError as error:
            self._failed = error
            raise
        self._synced = asked
        self._next_s = loop.time() + BETWEEN_SYNCS_S

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)

    def _opened(self) -> int:
        if self._file is None:
            path = self._db.execute("PRAGMA database_list").fetchone()[2]
            self._file = os.open(f"{path}-wal", os.O_RDWR)
        return self._file
