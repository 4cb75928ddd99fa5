"""What tests do to ledgers: kill builds in the middle, and damage files."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mmusset.builder.ledger.rows import row_crc

Damage = Callable[[Path], None]


def tables(path: Path) -> dict[str, list[str]]:
    """The tables of a ledger and their columns, but for checksums."""
    with closing(sqlite3.connect(path)) as db:
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [c[1] for c in db.execute(f"PRAGMA table_info ({name})") if c[1] != "crc"]
            for name in names
        }


def flip_letter(path: Path, table: str, column: str) -> bool:
    """Change one letter or digit of the first row's value, past everything that mmusset does;
    False where there is none."""
    with closing(sqlite3.connect(path)) as db, db:
        row = db.execute(
            f"SELECT rowid, {column}, typeof({column}) FROM {table} WHERE {column} IS NOT NULL"
        ).fetchone()
        if row is None or row[1] in ("", b""):
            return False
        rowid, value, kind = row
        if kind in ("integer", "real"):
            changed: object = value + 1000
        else:
            raw = bytearray(value.encode() if kind == "text" else value)
            raw[len(raw) // 2] ^= 1
            changed = raw.decode("utf-8", "replace") if kind == "text" else bytes(raw)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, rowid))
    return True


def of_version(path: Path, version: str) -> None:
    """Make a ledger one of another version of mmusset."""
    with closing(sqlite3.connect(path)) as db, db:
        row = row_crc(b"meta", b"schema", version.encode())
        db.execute("UPDATE meta SET value = ?, crc = ? WHERE name = 'schema'", (version, row))


# --- damages: each is given the ledger's file ------------------------------------------------


def delete_wal(ledger: Path) -> None:
    ledger.with_name("ledger.db-wal").unlink(missing_ok=True)


def cut_wal(ledger: Path) -> None:
    wal = ledger.with_name("ledger.db-wal")
    if wal.exists():
        _cut(wal, 0.5)


def cut_by_a_hundredth(ledger: Path) -> None:
    _cut(ledger, 0.99)


def cut_by_half(ledger: Path) -> None:
    _cut(ledger, 0.5)


def flip_bytes(ledger: Path) -> None:
    data, places = bytearray(ledger.read_bytes()), random.Random(12)
    for _ in range(100):
        data[places.randrange(len(data))] ^= 1 << places.randrange(8)
    ledger.write_bytes(data)


def flip_bytes_of_wal(ledger: Path) -> None:
    wal = ledger.with_name("ledger.db-wal")
    if wal.exists() and wal.stat().st_size:
        flip_bytes(wal)


def delete(ledger: Path) -> None:
    ledger.unlink()


def empty(ledger: Path) -> None:
    ledger.write_bytes(b"")


def delete_with_wal(ledger: Path) -> None:
    delete(ledger)
    delete_wal(ledger)


def delete_folder(ledger: Path) -> None:
    shutil.rmtree(ledger.parent)


DAMAGES: list[Damage] = [
    delete_wal,
    cut_wal,
    flip_bytes_of_wal,
    cut_by_a_hundredth,
    cut_by_half,
    flip_bytes,
    delete,
    empty,
    delete_with_wal,
    delete_folder,
]


def _cut(path: Path, share: float) -> None:
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share))
