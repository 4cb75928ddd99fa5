"""The tables of a ledger, and which version of them there is.

Every table ends with `crc`, the checksum of its row (`rows.py` keeps it). To add a table
or a column, write it here and raise SCHEMA_VERSION: other versions are refused, since an item
that was measured or judged by other rules must not be mixed with new ones.
"""

import sqlite3

from mmusset.errors import Refused
from mmusset.files import failpoint

from .rows import LedgerConnection, guard, tables

# Raised as well where what stands in the columns that hold JSON has another form.
SCHEMA_VERSION = "10"
SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE file (
    path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, survey TEXT NOT NULL,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE fingerprint (
    music_sha256 TEXT PRIMARY KEY, words BLOB NOT NULL, duration_s REAL NOT NULL,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE alike (
    music_sha256 TEXT PRIMARY KEY, earlier TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE generated (
    name TEXT PRIMARY KEY, music_sha256 TEXT NOT NULL, survey TEXT NOT NULL,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE INDEX generated_music ON generated (music_sha256);
CREATE TABLE feeling (
    sha256 TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE matched (
    music_sha256 TEXT PRIMARY KEY, picture_sha256 TEXT NOT NULL, score REAL NOT NULL,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE next_match (
    music_sha256 TEXT NOT NULL, place INTEGER NOT NULL, picture_sha256 TEXT NOT NULL,
    score REAL NOT NULL, best REAL NOT NULL,
    image_path BLOB NOT NULL DEFAULT x'', story_path BLOB,
    crc INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (music_sha256, place));
CREATE TABLE unmatched (
    sha256 TEXT PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE label (label TEXT PRIMARY KEY, grp TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE grp (name TEXT PRIMARY KEY, split TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE block (
    n INTEGER PRIMARY KEY, split TEXT NOT NULL, number INTEGER NOT NULL,
    provisional INTEGER NOT NULL DEFAULT 0, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE item (
    idx INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, block INTEGER NOT NULL,
    music_path BLOB NOT NULL, music_sha256 TEXT NOT NULL, duration_s REAL NOT NULL,
    clip_index INTEGER NOT NULL, clip_count INTEGER NOT NULL,
    image_path BLOB NOT NULL, image_sha256 TEXT NOT NULL, image_origin TEXT NOT NULL,
    story_path BLOB, lyrics_path BLOB, caption_path BLOB, score_path BLOB,
    start_s REAL, end_s REAL,
    grp TEXT NOT NULL, tags TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE INDEX item_block ON item (block, idx);
CREATE TABLE skipped (
    path BLOB PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE unread (
    path BLOB PRIMARY KEY, runs INTEGER NOT NULL, why TEXT NOT NULL,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE unread_item (
    idx INTEGER PRIMARY KEY, runs INTEGER NOT NULL, why TEXT NOT NULL,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE prepared (
    idx INTEGER PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE call (
    request TEXT PRIMARY KEY, key TEXT NOT NULL, agent TEXT NOT NULL, round INTEGER NOT NULL,
    model TEXT NOT NULL, reply TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE verdict (
    idx INTEGER PRIMARY KEY, status TEXT NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE sealing (
    name TEXT PRIMARY KEY, block INTEGER NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE shard (
    block INTEGER PRIMARY KEY, name TEXT NOT NULL, samples INTEGER NOT NULL,
    size INTEGER NOT NULL, sha256 TEXT NOT NULL, mtime_ns INTEGER NOT NULL DEFAULT 0,
    crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE replaced (
    name TEXT PRIMARY KEY, block INTEGER NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE applied (
    idx INTEGER PRIMARY KEY, verdict TEXT NOT NULL, note TEXT NOT NULL, caption TEXT NOT NULL,
    story TEXT NOT NULL, refused TEXT NOT NULL, own TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE removal (
    n INTEGER PRIMARY KEY, at TEXT NOT NULL, why TEXT NOT NULL, samples INTEGER NOT NULL,
    pieces INTEGER NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE removed (piece TEXT PRIMARY KEY, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE mark (
    idx INTEGER PRIMARY KEY, verdict TEXT NOT NULL, note TEXT NOT NULL, caption TEXT NOT NULL,
    story TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
CREATE TABLE mark_aside (
    key TEXT PRIMARY KEY, verdict TEXT NOT NULL, note TEXT NOT NULL, caption TEXT NOT NULL,
    story TEXT NOT NULL, crc INTEGER NOT NULL DEFAULT 0);
"""
# How often the ledger was begun or recovered; how many copies of it were made; and how many
# verdicts were taken back since the manifest was written (a trigger counts them).
BEGUN = {"schema": SCHEMA_VERSION, "generation": "1", "copies": "0", "taken back": "0"}


def make(connection: LedgerConnection, generation: int = 1) -> None:
    """Make the tables of a new ledger, all or nothing, and guard its rows."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        guard(connection)
        set_meta(connection, BEGUN | {"generation": str(generation)})
    failpoint("ledger_made")


def version_of(connection: sqlite3.Connection) -> str | None:
    """The version of a ledger's tables; None where it has none.

    Raises sqlite3.DatabaseError where it is no ledger at all.
    """
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if "meta" not in tables:
        return None
    row = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    return str(row[0]) if row else ""


class OtherVersion(Refused):
    """Another version of mmusset made a ledger."""


def check_version(connection: LedgerConnection) -> None:
    """Raises OtherVersion for a ledger that this version can't use as it is, sqlite3.Error where
    it is damaged. The rows must be watched."""
    version, out = version_of(connection), connection.out
    if version == SCHEMA_VERSION:
        return
    if "meta" in tables(connection):
        connection.execute("SELECT COUNT(*) FROM sound_meta").fetchone()
    raise OtherVersion(
        f"another version of mmusset made {out} (ledger {version or 'unknown'}, this one needs"
        f" {SCHEMA_VERSION}); use that version, or build into a new --out"
    )


def read_meta(connection: sqlite3.Connection, name: str) -> str | None:
    """A fact that the ledger knows of itself and its job. The rows must be watched."""
    row = connection.execute("SELECT value FROM sound_meta WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else None


def set_meta(connection: sqlite3.Connection, facts: dict[str, str]) -> None:
    """Set facts that the ledger knows of itself and its job."""
    connection.executemany(
        "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", list(facts.items())
    )
