"""What can still be read of a damaged ledger: the rows with a right checksum, table by table.

The files are copied first: SQLite would change them by opening them.
"""

import os
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mmusset.builder.ledger.check import Age, age_of
from mmusset.builder.ledger.file import connect
from mmusset.builder.ledger.rows import LedgerConnection, columns, select_sound, watch
from mmusset.builder.ledger.schema import check_version, version_of

Values = tuple[object, ...]
# Of a table that can't be read, so many ranges of rows are tried: each costs some milliseconds.
MOST_FAILURES = 4_000
_WAL_HEADER, _FRAME_HEADER = 32, 24


@dataclass(slots=True)
class Salvaged:
    """The rows of a table with a right checksum; `damaged` counts the others. From a table that is
    not `whole`, rows may be missing."""

    columns: list[str] = field(default_factory=list)
    rows: list[Values] = field(default_factory=list)
    damaged: int = 0
    readable: bool = True

    @property
    def whole(self) -> bool:
        return self.readable and not self.damaged


class LedgerImage:
    """A ledger as it stands in files: the ledger itself, or its copy. `age` is None where it
    does not say how far it has come."""

    def __init__(self, name: str, connection: LedgerConnection) -> None:
        self.name = name
        self.connection = connection
        self.age: Age | None = None
        with suppress(sqlite3.Error, ValueError):
            self.age = age_of(connection)

    def rows(self, table: str) -> Salvaged:
        """The sound rows of a table."""
        salvaged = Salvaged()
        try:
            salvaged.columns = columns(self.connection, table)
        except sqlite3.Error:
            salvaged.readable = False
        if not salvaged.columns:
            salvaged.readable = False
            return salvaged
        for sound, row in _Reading(self.connection, table, salvaged):
            if sound:
                salvaged.rows.append(row)
            else:
                salvaged.damaged += 1
        return salvaged


class _Reading:
    """One table, read past the pages that can't be read.

    A failing range of row numbers is halved until what fails is one row, so one bad page costs
    the rows on it and no others.
    """

    def __init__(self, connection: LedgerConnection, table: str, salvaged: Salvaged) -> None:
        self._connection = connection
        self._table = table
        self._salvaged = salvaged
        self._failures = 0
        self._select = select_sound(connection, table)

    def __iter__(self) -> Iterator[tuple[bool, Values]]:
        try:
            (top,) = self._connection.execute(f"SELECT MAX(rowid) FROM {self._table}").fetchone()
        except sqlite3.DatabaseError:
            self._salvaged.readable = False
            # More rows than that are in no file of so many pages.
            (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
            top = 200 * pages
        yield from self._between(0, top or 0)

    def _between(self, low: int, high: int) -> Iterator[tuple[bool, Values]]:
        try:
            for number, sound, *row in self._connection.execute(self._select, (low, high)):
                low = number + 1
                yield bool(sound), tuple(row)
        except sqlite3.DatabaseError:
            self._salvaged.readable = False
            self._failures += 1
            if low < high and self._failures < MOST_FAILURES:
                middle = (low + high) // 2
                yield from self._between(low, middle)
                yield from self._between(middle + 1, high)


def image_of(name: str, path: Path, out: Path, room: Path) -> LedgerImage | None:
    """The ledger under `path`, with its log, read from a copy in `room`; None where nothing of it
    can be read.

    Raises OtherVersion where another version of mmusset made it, OSError as the system gives it.
    """
    copy = room / f"{name}.db"
    wal = path.with_name(f"{path.name}-wal")
    if path.exists():
        shutil.copyfile(path, copy)
    if not path.exists() or not path.stat().st_size:
        if not wal.exists():
            return None
        _write_pages(wal, copy)  # SQLite would delete the log of an empty file
    elif wal.exists():
        shutil.copyfile(wal, copy.with_name(f"{copy.name}-wal"))
    _fill_up(copy)
    connection = connect(copy, out, "mode=rw")
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        if version_of(connection) is None:
            connection.close()
            return None
    except sqlite3.Error:
        if not _is_readable(connection):
            connection.close()
            return None
    _refuse_other_version(connection)
    return LedgerImage(name, connection)


def _refuse_other_version(connection: LedgerConnection) -> None:
    """Raises OtherVersion; where damage hides the version, the rows count that are sound."""
    with suppress(sqlite3.Error, ValueError):
        watch(connection)
        check_version(connection)


def _is_readable(connection: sqlite3.Connection) -> bool:
    """Whether the list of tables can be read."""
    try:
        return bool(connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone())
    except sqlite3.Error:
        return False


def _fill_up(path: Path) -> None:
    """Give a file that was cut the length that it says it has: else SQLite reads nothing of it."""
    with path.open("r+b") as file:
        header = file.read(32)
        if len(header) < 32:
            return
        page = _page_size(header)
        length = page * int.from_bytes(header[28:32])
        size = path.stat().st_size
        if size < length <= 4 * size + (1 << 20):
            os.truncate(file.fileno(), length)


def _page_size(header: bytes) -> int:
    return int.from_bytes(header[16:18]) or 65536


def _write_pages(wal: Path, copy: Path) -> None:
    """Write the pages that a log holds, up to its last whole transaction, as a database."""
    data = wal.read_bytes()
    if len(data) < _WAL_HEADER:
        copy.touch()
        return
    magic, _, size, _, *salts = struct.unpack(">6I", data[:24])
    pages: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    order = ">" if magic & 1 else "<"
    sums = _checksum(data[:24], order, (0, 0))
    for start in range(_WAL_HEADER, len(data) - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
        head = data[start : start + _FRAME_HEADER]
        body = data[start + _FRAME_HEADER : start + _FRAME_HEADER + size]
        number, commit, *rest = struct.unpack(">6I", head)
        sums = _checksum(head[:8] + body, order, sums)
        if rest != [*salts, *sums]:
            break
        pending[number] = body
        if commit:
            pages |= pending
            pending = {}
    with copy.open("wb") as file:
        for number, body in pages.items():
            file.seek((number - 1) * size)
            file.write(body)


def _checksum(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """SQLite's checksum of a log: it goes on from frame to frame."""
    a, b = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        a = (a + first + b) & 0xFFFFFFFF
        b = (b + second + a) & 0xFFFFFFFF
    return a, b
