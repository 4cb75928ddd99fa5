"""The part of a ledger that knows what was matched: how files feel, and who was given whom.

A pair that was made stays: files that come later are matched among those that were left.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mmusset.matching.affect import Feeling
from mmusset.sample_parts.media import Match
from mmusset.sample_parts.piece import SourcePicture


@dataclass(frozen=True, slots=True)
class Choice:
    """A picture that a piece of music may have, how well they go together, and how well the best of
    all pictures does. `image_path` is b"" until it is planned with it."""

    picture_sha256: str
    score: float
    best: float
    image_path: bytes
    story_path: bytes | None


@dataclass(frozen=True, slots=True)
class KnownMatch:
    """A piece of music and its picture, by their content, and how well they go together.

    `best` is how well the best of all pictures goes with it, whoever has it; `others` are the next
    best that are free, the better first, and their scores.
    """

    music_sha256: str
    picture_sha256: str
    score: float
    best: float = 0.0
    others: tuple[tuple[str, float], ...] = ()


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

    def match(self, music_sha256: str, picture_sha256: str) -> Match:
        """How well a piece goes with a picture that it may have; 0 where that is not known."""
        for each in self.choices(music_sha256):
            if each.picture_sha256 == picture_sha256:
                return Match(by="matched", score=each.score, best=each.best)
        return Match(by="matched")

    def choices(self, music_sha256: str) -> list[Choice]:
        """The pictures that a matched piece may have: its own, and then those that stand by."""
        rows = self._db.execute(
            "SELECT picture_sha256, score, best, image_path, story_path FROM sound_next_match"
            " WHERE music_sha256 = ? ORDER BY place",
            (music_sha256,),
        )
        return [Choice(*row) for row in rows]

    def locate(self, music_sha256: str, picture: SourcePicture, story_path: bytes | None) -> None:
        """Note where one of a piece's choices lies, and the story that it brings."""
        self._db.execute(
            "UPDATE next_match SET image_path = ?, story_path = ?"
            " WHERE music_sha256 = ? AND picture_sha256 = ?",
            (picture.path, story_path, music_sha256, picture.sha256),
        )

    def with_another(self) -> list[str]:
        """The music of which an item has come to another picture than the best."""
        rows = self._db.execute(
            "SELECT DISTINCT music_sha256 FROM next_match JOIN item USING (music_sha256)"
            " WHERE image_sha256 = picture_sha256 AND place > 0 ORDER BY music_sha256"
        )
        return [music for (music,) in rows]

    def standing_by(self) -> set[str]:
        """The pictures that no other piece may be given: those that stand by for one of which not
        every item is decided, and those that an item has come to."""
        decided = {
            music
            for (music,) in self._db.execute(
                "SELECT music_sha256 FROM item LEFT JOIN verdict USING (idx)"
                " GROUP BY music_sha256 HAVING COUNT(*) = COUNT(status)"
            )
        }
        held = set(self._db.execute("SELECT music_sha256, image_sha256 FROM item"))
        rows = self._db.execute(
            "SELECT music_sha256, picture_sha256 FROM sound_next_match WHERE place > 0"
        )
        return {
            picture for music, picture in rows if music not in decided or (music, picture) in held
        }

    def alone(self) -> dict[str, tuple[str, str]]:
        """Why each file that the last matching considered stays alone, by the hash of its content,
        as a reason and its detail; "" where it does not."""
        rows = self._db.execute("SELECT sha256, reason, detail FROM sound_unmatched")
        return {sha256: (reason, detail) for sha256, reason, detail in rows}

    def keep(
        self, matches: Sequence[KnownMatch], considered: Mapping[str, tuple[str, str]]
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
        for each in matches:
            own = (each.picture_sha256, each.score)
            self._replace_choices(each.music_sha256, each.best, (own, *each.others))

    def _replace_choices(
        self, music_sha256: str, best: float, choices: Iterable[tuple[str, float]]
    ) -> None:
        """Whoever is given a picture has it alone: it stands by for no other piece."""
        self._db.execute("DELETE FROM next_match WHERE music_sha256 = ?", (music_sha256,))
        for place, (picture_sha256, score) in enumerate(choices):
            self._db.execute(
                "DELETE FROM next_match WHERE picture_sha256 = ? AND place > 0", (picture_sha256,)
            )
            self._db.execute(
                "INSERT INTO next_match (music_sha256, place, picture_sha256, score, best)"
                " VALUES (?, ?, ?, ?, ?)",
                (music_sha256, place, picture_sha256, score, best),
            )
