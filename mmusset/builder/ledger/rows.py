"""Each row of a ledger has a checksum, so that none that was altered is taken for true.

SQLite checks the structure of its pages but not the bytes of values, which a failing disk may
change. Triggers of each writing connection set the column `crc` from all other columns, so no
writing method has to think of it, and what is written past them, by a disk or by hand, is found.
Reading goes through views: `sound_item` is the table `item`, but reading a damaged row fails.
CRC-32 is enough against accidents; a ledger is not defended against its owner.
"""

import sqlite3
import zlib
from pathlib import Path
from typing import Any, Literal

from mmusset.errors import MmussetError

# What SQLite says of a disk, of rights, or of another process: nothing of it is damage.
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


class NotWhole(MmussetError):
    """A ledger must not be built on: it is damaged, older than its shards, or gone. `why` goes on
    after "the ledger"."""

    def __init__(self, out: Path, why: str) -> None:
        super().__init__(
            f"the ledger of {out} {why}; `mmusset recover {out}` brings back what can be"
        )
        self.why = why


class LedgerConnection(sqlite3.Connection):
    """A connection to the ledger of `out`. `damage` names the row that was found damaged."""

    out: Path
    damage: str = ""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As sqlite3 does. Raises sqlite3.Error alone: where a damaged name stands in SQLite's own
        message, Python can't decode that and says so instead of what is wrong."""
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError:
            raise sqlite3.DatabaseError("its tables have damaged names") from None


def row_crc(*values: bytes | int | float | None) -> int:
    """The checksum of a row: the CRC-32 of its table's name and its values."""
    return zlib.crc32(b"\x1f".join([v if type(v) is bytes else repr(v).encode() for v in values]))


def tables(connection: sqlite3.Connection) -> list[str]:
    """The tables whose rows have a checksum."""
    return list(_layout(connection))


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """A table's columns, the first of them its key, but for the checksum."""
    return [name for name in _columns(connection, table) if name != "crc"]


def watch(connection: LedgerConnection) -> None:
    """Make the views that rows are read through.

    The inner SELECT is there since SQLite puts what a row is looked for by in place of its columns
    in other conditions, and tries those first.
    """

    def is_sound(crc: int, table: bytes, key: bytes | int, *values: bytes | int | float) -> bool:
        if row_crc(table, key, *values) == crc:
            return True
        connection.damage = _name_of(table.decode(), key)
        raise ValueError(connection.damage)

    connection.create_function("is_sound", -1, is_sound, deterministic=True)
    _make(
        connection,
        [
            f"CREATE TEMP VIEW IF NOT EXISTS sound_{table} AS SELECT * FROM main.{table}"
            f" WHERE (SELECT is_sound(crc, {_values(table, columns)}))"
            for table, columns in _layout(connection).items()
        ],
    )


def guard(connection: LedgerConnection) -> None:
    """Have every row that this connection writes get its checksum; and make the views."""
    watch(connection)
    connection.create_function("row_crc", -1, row_crc, deterministic=True)
    # Verdicts that are taken back on purpose are not lost.
    triggers = [
        "CREATE TEMP TRIGGER IF NOT EXISTS verdict_taken_back AFTER DELETE ON main.verdict BEGIN"
        " UPDATE meta SET value = value + 1 WHERE name = 'taken back'; END"
    ]
    for table, columns in _layout(connection).items():
        summed = (
            f"BEGIN UPDATE {table} SET crc = row_crc({_values(table, columns, 'NEW.')})"
            " WHERE rowid = NEW.rowid; END"
        )
        names = ", ".join(name for name in columns if name != "crc")
        for point, event in (("added", "INSERT"), ("changed", f"UPDATE OF {names}")):
            triggers.append(
                f"CREATE TEMP TRIGGER IF NOT EXISTS {table}_{point}"
                f" AFTER {event} ON main.{table} {summed}"
            )
    _make(connection, triggers)


def _make(connection: sqlite3.Connection, statements: list[str]) -> None:
    """Make temporary views or triggers, all at once: one by one, each would be a transaction."""
    alone = not connection.in_transaction
    if alone:
        connection.execute("BEGIN")
    for statement in statements:
        connection.execute(statement)
    if alone:
        connection.execute("COMMIT")


def check_rows(connection: LedgerConnection) -> None:
    """Read every row of a watched ledger, and SQLite's own structure.

    Raises NotWhole at the first damage.
    """
    try:
        (finding,) = connection.execute("PRAGMA integrity_check (1)").fetchone()
        if finding != "ok":
            raise damaged(connection.out, str(finding).splitlines()[-1])
        for table in tables(connection):
            connection.execute(f"SELECT COUNT(*) FROM sound_{table}").fetchone()
    except sqlite3.Error as error:
        raise broken(connection, error) from None


def select_sound(connection: LedgerConnection, table: str) -> str:
    """SQL that selects the rows in a range of row numbers: number, whether it is sound, and what
    `columns` names. Rows of a table without checksums pass for sound."""
    connection.create_function("row_crc", -1, row_crc, deterministic=True)
    all_columns = _columns(connection, table)
    named = ", ".join(name for name in all_columns if name != "crc")
    sound = f"crc = row_crc({_values(table, all_columns)})" if "crc" in all_columns else "1"
    return f"SELECT rowid, {sound}, {named} FROM {table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid"


def broken(connection: LedgerConnection, error: sqlite3.Error) -> MmussetError:
    """The error to raise where reading a ledger raised `error`."""
    if is_passing(error) and not connection.damage:
        return MmussetError(f"the ledger of {connection.out} can't be used: {error}")
    return damaged(connection.out, connection.damage or str(error))


def is_passing(error: sqlite3.Error) -> bool:
    """Whether an error is the disk's or another process's, and no damage of the ledger."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _PASSING


def damaged(out: Path, what: str) -> NotWhole:
    """The error to raise where the ledger of `out` is damaged."""
    return NotWhole(out, f"can't be used: {what}")


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """The columns of a table and their types."""
    rows = connection.execute(f"PRAGMA main.table_info ({table})")
    return {name: type_ for _, name, type_, *_ in rows}


def _layout(connection: sqlite3.Connection) -> dict[str, dict[str, str]]:
    """The columns, with their types, of each table whose rows have a checksum."""
    layout: dict[str, dict[str, str]] = {}
    for table, name, type_ in connection.execute(
        "SELECT tables.name, info.name, info.type FROM main.sqlite_master AS tables,"
        " pragma_table_info(tables.name, 'main') AS info WHERE tables.type = 'table'"
    ):
        layout.setdefault(table, {})[name] = type_
    return {table: columns for table, columns in layout.items() if "crc" in columns}


def _values(table: str, columns: dict[str, str], row: Literal["", "NEW."] = "") -> str:
    """What a checksum is of, as SQL. Text as bytes, since damaged text may be no UTF-8."""
    listed = [
        f"CAST({row}{name} AS BLOB)" if type_ == "TEXT" else f"{row}{name}"
        for name, type_ in columns.items()
        if name != "crc"
    ]
    return f"x'{table.encode().hex()}', {', '.join(listed)}"


def _name_of(table: str, key: bytes | int) -> str:
    name = key.decode("utf-8", "backslashreplace") if isinstance(key, bytes) else key
    return f"row {name} of its table {table} is damaged"
