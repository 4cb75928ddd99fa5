"""The part of a ledger that knows what was taken out of the dataset for good: when and why, and by
a hash alone what, so that it does not come in again.
"""

import hashlib
import sqlite3
from dataclasses import dataclass

from mmusset.sample import Key

from .plan import PlannedItem

# What is known by the hash of a piece's music, and of an item by its place in the plan.
_BY_MUSIC = {
    "fingerprint": "music_sha256",
    "alike": "music_sha256",
    "generated": "music_sha256",
    "matched": "music_sha256",
    "next_match": "music_sha256",
    "feeling": "sha256",
    "unmatched": "sha256",
}
_BY_PLACE = ("verdict", "prepared", "applied", "mark", "unread_item")
MUSIC_IN_KEY = 24  # hex digits of the music's hash that a key begins with


@dataclass(frozen=True, slots=True)
class Removal:
    """That something was taken out: on which day (UTC), why, and how much."""

    at: str
    why: str
    samples: int
    pieces: int


class LedgerRemovals:
    """What was taken out, in one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> list[Removal]:
        """Every removal, in the order in which they were made."""
        rows = self._db.execute("SELECT at, why, samples, pieces FROM sound_removal ORDER BY n")
        return [Removal(*row) for row in rows]

    def are_any(self) -> bool:
        """Whether anything was ever taken out."""
        return self._db.execute("SELECT 1 FROM sound_removed LIMIT 1").fetchone() is not None

    def knows(self, key_or_hash: Key) -> bool:
        """Whether the piece of this hash, or of a sample of this key, was taken out."""
        return bool(
            self._db.execute(
                "SELECT 1 FROM sound_removed WHERE piece = ?", (_hash_of(key_or_hash),)
            ).fetchone()
        )

    def keep(self, removal: Removal) -> None:
        """Note a removal, once its items are forgotten; groups of which nothing is left go too."""
        self._db.execute("DELETE FROM grp WHERE name NOT IN (SELECT grp FROM item)")
        self._db.execute("DELETE FROM label WHERE grp NOT IN (SELECT name FROM grp)")
        self._db.execute(
            "INSERT INTO removal (at, why, samples, pieces) VALUES (?, ?, ?, ?)",
            (removal.at, removal.why, removal.samples, removal.pieces),
        )

    def forget(self, planned: PlannedItem) -> None:
        """Forget all that is known of an item but a hash: its place in the plan, its verdict, its
        measurements, replies and marks, and what its files said of themselves."""
        item = planned.item
        piece = item.piece
        for table in _BY_PLACE:
            self._db.execute(f"DELETE FROM {table} WHERE idx = ?", (planned.idx,))
        self._db.execute("DELETE FROM item WHERE idx = ?", (planned.idx,))
        self._db.execute("DELETE FROM call WHERE key = ?", (item.key,))
        self._db.execute("DELETE FROM mark_aside WHERE key = ?", (item.key,))
        for table, column in _BY_MUSIC.items():
            self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", (piece.music.sha256,))
        self._db.execute("DELETE FROM alike WHERE earlier = ?", (piece.music.sha256,))
        paths = (piece.music.path, piece.picture.path, piece.story_path, piece.lyrics_path)
        for path in (*paths, piece.caption_path, piece.score_path):
            # A cover that other pieces have too stays theirs.
            self._db.execute(
                "DELETE FROM file WHERE path = ? AND path NOT IN (SELECT image_path FROM item)",
                (path,),
            )
        self._db.execute("DELETE FROM skipped WHERE path = ?", (piece.music.path,))
        self._db.execute("INSERT OR IGNORE INTO removed (piece) VALUES (?)", (_hash_of(item.key),))

    def sweep(self) -> None:
        """Overwrite what was deleted, now or before: until then it stands in the file."""
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _hash_of(key_or_hash: str) -> str:
    """What a piece is known again by: of its file's hash, which a key begins with, another hash."""
    return hashlib.sha256(key_or_hash[:MUSIC_IN_KEY].encode()).hexdigest()
