"""The part of a ledger that knows what was matched: how files feel, and who was given whom.

A pair that was made stays: files that come later are matched among those that were left.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mmusset.matching.affect import Feeling


@dataclass(frozen=True, slots=True)
class KnownMatch:
    """A piece of music and its picture, by their content, and how well they go together."""

    music_sha256: str
    picture_sha256: str
    score: float


class LedgerMatching:
    """What one open ledger knows of matching. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def feeling(self, sha256: str) -> Feeling | None:
        """How a file of this content feels, if it was measured."""
        row = self._db.execute(
            "SELECT value FROM sound_feeling WHERE sha256 = ?", (sha256,)
        ).fetchone()
        return Feeling.model_validate_json(row[0]) if row else None

    def keep_feeling(self, sha256: str, feeling: Feeling) -> None:
        """Keep how a file feels."""
        self._db.execute(
            "INSERT OR REPLACE INTO feeling (sha256, value) VALUES (?, ?)",
            (sha256, feeling.model_dump_json()),
        )

    def known(self) -> dict[str, KnownMatch]:
        """All that was matched, by the hash of the music."""
        rows = self._db.execute(
            "SELECT music_sha256, picture_sha256, score FROM sound_matched ORDER BY music_sha256"
        )
        return {row[0]: KnownMatch(*row) for row in rows}

    def score(self, music_sha256: str) -> float:
        """How well a piece goes with its matched picture; 0 where that is not known."""
        row = self._db.execute(
            "SELECT score FROM sound_matched WHERE music_sha256 = ?", (music_sha256,)
        ).fetchone()
        return float(row[0]) if row else 0.0

    def alone(self) -> dict[str, tuple[str, str]]:
        """Why each file that the last matching considered stays alone, by the hash of its content,
        as a reason and its detail; "" where it does not."""
        rows = self._db.execute("SELECT sha256, reason, detail FROM sound_unmatched")
        return {sha256: (reason, detail) for sha256, reason, detail in rows}

    def keep(
        self, matches: Iterable[KnownMatch], considered: Mapping[str, tuple[str, str]]
    ) -> None:
        """Keep what was matched, in place of what was known of the same music; and why what else
        was `considered` stays alone, in place of what was considered before."""
        self._db.execute("DELETE FROM unmatched")
        self._db.executemany(
            "INSERT INTO unmatched (sha256, reason, detail) VALUES (?, ?, ?)",
            [(sha256, *why) for sha256, why in sorted(considered.items())],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO matched (music_sha256, picture_sha256, score) VALUES (?, ?, ?)",
            [(each.music_sha256, each.picture_sha256, each.score) for each in matches],
        )
