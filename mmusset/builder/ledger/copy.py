"""A copy of the ledger, kept while a build runs, in case the ledger is damaged or lost.

A reading connection in a thread makes it; it is checked, and put in place when it is whole on
disk. Copying takes at most a twentieth of a build's time.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from mmusset.files import PARTIAL, failpoint, sync_file, sync_folder
from mmusset.shards.manifest import FOLDER
from mmusset.shards.mirror import mirror_in

from .file import COPY, NAME, connect
from .ledger import Ledger
from .rows import damaged

# After a copy that took c seconds, the next comes no sooner than after 20 c.
SHARE = 1 / 20
LEAST_S = 30.0
# Pages between two looks at whether the build has been stopped.
STEP = 4096


class LedgerCopy:
    """Keeps the copy of the ledger of `out` while it is entered. `tell` is called with a line for a
    copy that could not be made.

    Leaving it raises MmussetError where the ledger turned out to be damaged.
    """

    def __init__(self, out: Path, ledger: Ledger, tell: Callable[[str], None]) -> None:
        self._out = out
        self._path = out / FOLDER / COPY
        self._ledger = ledger
        self._tell = tell
        self._turn = asyncio.Lock()
        self._over = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._go_on())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        (raised,) = await asyncio.gather(self._task, return_exceptions=True)
        if raised and not error:
            raise raised

    async def make(self) -> None:
        """Copy the ledger again, if it has changed since the last copy."""
        async with self._turn:
            if self._path.exists() and not self._ledger.changed_since_copy():
                return
            with self._ledger.transaction():
                self._ledger.note_copy()
            try:
                await asyncio.to_thread(self._write)
            except (OSError, sqlite3.OperationalError) as error:
                if not self._over.is_set():
                    self._tell(f"no copy of the ledger could be kept: {error}")

    async def _go_on(self) -> None:
        wait_s = LEAST_S
        while not self._over.is_set():
            try:
                await asyncio.wait_for(self._over.wait(), wait_s)
            except TimeoutError:
                begun_s = time.monotonic()
                await self.make()
                wait_s = max((time.monotonic() - begun_s) / SHARE, LEAST_S)

    def _write(self) -> None:
        partial = self._path.with_name(self._path.name + PARTIAL)
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        try:
            with (
                closing(connect(self._path.with_name(NAME), self._out, "mode=ro")) as ledger,
                closing(sqlite3.connect(partial, isolation_level=None)) as copy,
            ):
                copy.set_progress_handler(self._over.is_set, 100_000)
                copy.execute("PRAGMA synchronous = OFF")
                # One snapshot for all steps, whatever is written meanwhile.
                ledger.execute("BEGIN")
                ledger.execute("SELECT 1 FROM meta").fetchone()
                ledger.backup(copy, pages=STEP, progress=self._stop_if_over)
                copy.execute("PRAGMA journal_mode = DELETE").fetchall()
                (finding,) = copy.execute("PRAGMA quick_check (1)").fetchone()
            if finding != "ok":
                raise damaged(self._out, str(finding).splitlines()[-1])
            sync_file(partial)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        failpoint("copy_synced")
        partial.replace(self._path)
        sync_folder(self._path.parent)
        if mirror := mirror_in(self._out):
            mirror.put_copy(self._path)

    def _stop_if_over(self, status: int, left: int, total: int) -> None:
        if self._over.is_set() and left:
            raise InterruptedError("the build is over")
