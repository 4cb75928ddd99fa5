"""Opening a ledger: WAL, synchronous=FULL, one writing connection under a lock file."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from mmusset.errors import MmussetError, Refused
from mmusset.shards.durable import failpoint

from .ledger import Ledger
from .ledger_marks import make_tables

FOLDER = ".mmusset"
SCHEMA_VERSION = "3"
# How long a writer waits for another's transaction: a build, or a person who marks.
BUSY_S = 60.0
SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE file (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, survey TEXT NOT NULL);
CREATE TABLE made (name TEXT PRIMARY KEY, music_sha256 TEXT NOT NULL, survey TEXT NOT NULL);
CREATE INDEX made_music ON made (music_sha256);
CREATE TABLE label (label TEXT PRIMARY KEY, grp TEXT NOT NULL);
CREATE TABLE grp (name TEXT PRIMARY KEY, split TEXT NOT NULL);
CREATE TABLE block (
    n INTEGER PRIMARY KEY, split TEXT NOT NULL, number INTEGER NOT NULL,
    provisional INTEGER NOT NULL DEFAULT 0);
CREATE TABLE item (
    idx INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, block INTEGER NOT NULL,
    music_path BLOB NOT NULL, music_sha256 TEXT NOT NULL, duration_s REAL NOT NULL,
    clip_index INTEGER NOT NULL, clip_count INTEGER NOT NULL,
    image_path BLOB NOT NULL, image_sha256 TEXT NOT NULL, image_origin TEXT NOT NULL,
    story_path BLOB,
    grp TEXT NOT NULL, tags TEXT NOT NULL);
CREATE INDEX item_block ON item (block, idx);
CREATE TABLE skipped (path BLOB PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE unread (path BLOB PRIMARY KEY, runs INTEGER NOT NULL, why TEXT NOT NULL);
CREATE TABLE unread_item (idx INTEGER PRIMARY KEY, runs INTEGER NOT NULL, why TEXT NOT NULL);
CREATE TABLE prepared (idx INTEGER PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE call (
    request TEXT PRIMARY KEY, key TEXT NOT NULL, agent TEXT NOT NULL, round INTEGER NOT NULL,
    model TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE verdict (
    idx INTEGER PRIMARY KEY, status TEXT NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL);
CREATE TABLE shard (
    block INTEGER PRIMARY KEY, name TEXT NOT NULL, samples INTEGER NOT NULL,
    size INTEGER NOT NULL, sha256 TEXT NOT NULL);
"""


def open_to_write(out: Path) -> Ledger:
    """The ledger of an output folder, made if there is none, and locked.

    Raises Refused if another build holds it, another version of mmusset wrote it, or the
    folder holds something else.
    """
    folder = out / FOLDER
    if not folder.exists():
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise Refused(f"{out} is there and is not a dataset of mmusset; choose another --out")
        folder.mkdir(parents=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Refused(f"another build is running on {out}; wait for it, or stop it") from None
    try:
        connection = sqlite3.connect(folder / "ledger.db", BUSY_S, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _make_schema(connection)
        _check_schema(connection, out)
        make_tables(connection)
    except sqlite3.DatabaseError as error:
        os.close(lock)
        raise broken(out, error) from None
    except Refused:
        os.close(lock)
        raise
    return Ledger(connection, lock)


@contextmanager
def open_to_read(out: Path) -> Iterator[Ledger]:
    """The ledger of an output folder, for looking only.

    Raises MmussetError if there is none or it is damaged, Refused if another version of
    mmusset wrote it.
    """
    with _opened(out, "ro") as connection:
        yield Ledger(connection, None)


@contextmanager
def open_to_mark(out: Path) -> Iterator[Ledger]:
    """The ledger of an output folder, for one short transaction, also while a build runs.

    Raises what `open_to_read` raises.
    """
    with _opened(out, "rw") as connection:
        connection.execute("PRAGMA synchronous = FULL")
        make_tables(connection)
        yield Ledger(connection, None)


@contextmanager
def _opened(out: Path, mode: str) -> Iterator[sqlite3.Connection]:
    path = out / FOLDER / "ledger.db"
    if not path.exists():
        raise MmussetError(f"{out} is not a dataset of mmusset: it has no {FOLDER}/ledger.db")
    try:
        uri = f"file:{_uri(path)}?mode={mode}"
        if mode == "ro" and not _may_change(path.parent):
            uri += "&immutable=1"  # SQLite would make files of its own beside it
        connection = sqlite3.connect(uri, BUSY_S, isolation_level=None, uri=True)
        with closing(connection):
            _check_schema(connection, out)
            yield connection
    except sqlite3.Error as error:
        raise broken(out, error) from None


def _make_schema(connection: sqlite3.Connection) -> None:
    made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
    if not made:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute("INSERT INTO meta VALUES ('schema', ?)", (SCHEMA_VERSION,))
        failpoint("ledger_made")


def _check_schema(connection: sqlite3.Connection, out: Path) -> None:
    row = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    if row != (SCHEMA_VERSION,):
        raise Refused(
            f"another version of mmusset made {out} (ledger {row[0] if row else 'unknown'}, this"
            f" one needs {SCHEMA_VERSION}); use that version, or build into a new --out"
        )


def broken(out: Path, error: sqlite3.Error) -> MmussetError:
    """The error to raise where a ledger gives `error`."""
    return MmussetError(f"the ledger of {out} can't be used: {error}")


def _may_change(folder: Path) -> bool:
    """Whether a ledger in this folder may be written to: by us, or by a build that goes on."""
    return os.access(folder, os.W_OK) or (folder / "ledger.db-wal").exists()


def _uri(path: Path) -> str:
    return quote(os.fsencode(path.resolve()))
