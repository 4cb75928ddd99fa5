"""A ledger of before may hold a key, in what was said of an error: it is masked, once.

Only what mmusset wrote of errors is masked as a whole. What a model wrote may go into shards, whose
bytes must not change, and words like "basic" are no secrets there: it is masked where it repeats
the header of a request.
"""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmusset.safe_text import masked

from .rows import LedgerConnection
from .schema import set_meta

DONE = "searched for keys"
_HEADER = "authorization"
_TEXTS = (("verdict", "outcome"), ("applied", "own"), ("call", "answer"))
_DETAILS = (
    ("skipped", "detail"),
    ("applied", "refused"),
    ("unread", "why"),
    ("unread_item", "why"),
)


def mask_keys(connection: LedgerConnection, copy: Path, tell: Callable[[str], None]) -> None:
    """Mask the keys that a ledger holds, if that was not done yet: in its file, not only its rows.

    Raises sqlite3.Error where it can't be written.
    """
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (DONE,)).fetchone()
    if row == ("yes",):
        return
    connection.execute("PRAGMA secure_delete = ON")
    if row is None:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            found = sum(_mask(connection, *where, _mask_json) for where in _TEXTS)
            found += sum(_mask(connection, *where, masked) for where in _DETAILS)
            set_meta(connection, {DONE: f"found {found}"})
    else:
        found = int(row[0].removeprefix("found "))  # a kill came before the file was cleaned
    if found:
        # Free pages and the log hold what stood there.
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint (TRUNCATE)").fetchall()
        copy.unlink(missing_ok=True)
        tell(
            f"the ledger held a key or password in {found} place{'s' * (found > 1)}; it is masked"
            " now: change that key, and delete what was exported or pushed from this dataset"
        )
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        set_meta(connection, {DONE: "yes"})


def _mask(
    connection: sqlite3.Connection, table: str, column: str, mask: Callable[[str], str]
) -> int:
    """Mask a column; gives how many rows held something."""
    rows = connection.execute(f"SELECT rowid, {column} FROM {table}")
    changed = [(new, rowid) for rowid, text in rows if (new := mask(text)) != text]
    connection.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", changed)
    return len(changed)


def _mask_json(text: str) -> str:
    """JSON with the details of failures masked, and texts that repeat a request's header."""
    value = json.loads(text)
    new = _masked_within(value)
    return text if new == value else json.dumps(new, ensure_ascii=False, separators=(",", ":"))


def _masked_within(value: Any, of_error: bool = False) -> Any:
    if isinstance(value, dict):
        failed = value.get("status") == "failed"
        return {k: _masked_within(v, failed and k == "detail") for k, v in value.items()}
    if isinstance(value, list):
        return [_masked_within(inner) for inner in value]
    if isinstance(value, str) and (of_error or _HEADER in value.casefold()):
        return masked(value)
    return value
