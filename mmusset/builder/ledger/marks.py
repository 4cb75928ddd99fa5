"""The part of a ledger that holds marks: what people ask of samples, and what became of it."""

import sqlite3
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import TypeAdapter

from mmusset.sample import Outcome

from .rows import columns

MarkVerdict = Literal["keep", "drop", "fix", "words"]
MARK_VERDICTS: tuple[MarkVerdict, ...] = get_args(MarkVerdict)
_COLUMNS = "verdict, note, caption, story"
_MARK = f"key, {_COLUMNS}"
_OWN = TypeAdapter[Outcome | None](Outcome | None)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person wants of the sample of this key, and a note: why, or what is to be mended.

    `caption` and `story` are the person's own words, "" where they wrote none; a mark of nothing
    else is "words".
    """

    key: str
    verdict: MarkVerdict
    note: str
    caption: str = ""
    story: str = ""

    @property
    def has_words(self) -> bool:
        return bool(self.caption or self.story)


@dataclass(frozen=True, slots=True)
class Applied:
    """A mark as it was applied to an item; `own` is what the agents had made of that, None where
    they are to write again what is not a person's.

    `refused` says why it could not be honoured; "" where it was.
    """

    mark: Mark
    refused: str
    own: Outcome | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A mark that could not be honoured, the path of the sample's music, and why."""

    path: bytes
    mark: Mark
    why: str


class LedgerMarks:
    """The marks of one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> list[Mark]:
        """Every mark, in the order of the plan."""
        rows = self._db.execute(
            f"SELECT {_MARK} FROM sound_mark JOIN sound_item USING (idx) ORDER BY idx"
        )
        return [Mark(*row) for row in rows]

    def words(self) -> list[Mark]:
        """People's words by key, with what else their marks ask for left out; also those of items
        that are planned no more. None where the ledger is of a version that knew no words."""
        if not {"caption", "story"} <= set(columns(self._db, "mark")):
            return []
        rows = self._db.execute(
            "SELECT key, caption, story FROM sound_mark JOIN sound_item USING (idx)"
            " UNION SELECT key, caption, story FROM sound_mark_aside ORDER BY key"
        )
        marks = (Mark(key, "words", "", caption, story) for key, caption, story in rows)
        return [mark for mark in marks if mark.has_words]

    def of(self, idx: int) -> Mark | None:
        """The mark of one item."""
        row = self._db.execute(
            f"SELECT {_MARK} FROM sound_mark JOIN sound_item USING (idx) WHERE idx = ?",
            (idx,),
        ).fetchone()
        return Mark(*row) if row else None

    def set(self, idx: int, mark: Mark) -> None:
        """Set the mark of an item, in place of the one that it may have."""
        self._db.execute(
            f"INSERT OR REPLACE INTO mark (idx, {_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
            (idx, mark.verdict, mark.note, mark.caption, mark.story),
        )

    def remove(self, idx: int) -> None:
        """Take an item's mark away, if it has one."""
        self._db.execute("DELETE FROM mark WHERE idx = ?", (idx,))

    def set_aside(self, idx: int, key: str) -> None:
        """Keep the mark of an item that is planned no more, for the day that it is again."""
        self._db.execute(
            f"INSERT OR REPLACE INTO mark_aside (key, {_COLUMNS})"
            f" SELECT ?, {_COLUMNS} FROM sound_mark WHERE idx = ?",
            (key, idx),
        )

    def keep_aside(self, mark: Mark) -> None:
        """Keep a mark of an item that is not planned, for the day that it is; one that is kept
        already stays."""
        self._db.execute(
            f"INSERT OR IGNORE INTO mark_aside (key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
            (mark.key, mark.verdict, mark.note, mark.caption, mark.story),
        )

    def restore(self) -> None:
        """Restore the marks, once set aside, of items that are planned again."""
        self._db.execute(
            f"INSERT OR REPLACE INTO mark (idx, {_COLUMNS}) SELECT idx, {_COLUMNS}"
            " FROM sound_mark_aside JOIN item USING (key)"
        )
        self._db.execute("DELETE FROM mark_aside WHERE key IN (SELECT key FROM item)")

    # --- what was applied -----------------------------------------------------------------

    def waiting(self) -> list[int]:
        """The items whose marks are not the ones that were applied, in the order of the plan."""
        rows = self._db.execute(
            "SELECT idx FROM mark LEFT JOIN applied USING (idx)"
            " WHERE (mark.verdict, mark.note, mark.caption, mark.story)"
            " IS NOT (applied.verdict, applied.note, applied.caption, applied.story)"
            " UNION SELECT idx FROM applied WHERE idx NOT IN (SELECT idx FROM mark) ORDER BY idx"
        )
        return [idx for (idx,) in rows]

    def applied(self, idx: int) -> Applied | None:
        """The mark that was applied to one item."""
        row = self._db.execute(
            f"SELECT {_MARK}, refused, own FROM sound_applied"
            " JOIN sound_item USING (idx)"
            " WHERE idx = ?",
            (idx,),
        ).fetchone()
        if row is None:
            return None
        *mark, refused, own = row
        return Applied(Mark(*mark), refused, _OWN.validate_json(own))

    def set_applied(self, idx: int, applied: Applied | None) -> None:
        """Remember how a mark was applied to an item, or (None) that none is any more."""
        self._db.execute("DELETE FROM applied WHERE idx = ?", (idx,))
        if applied:
            mark, own = applied.mark, _OWN.dump_json(applied.own).decode()
            self._db.execute(
                f"INSERT INTO applied (idx, {_COLUMNS}, refused, own) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (idx, mark.verdict, mark.note, mark.caption, mark.story, applied.refused, own),
            )

    def forget_applied(self) -> None:
        """The agents begin again: marks wait to be applied once more, but a person's words stay."""
        self._db.execute(
            "DELETE FROM applied WHERE (caption = '' AND story = '') OR verdict = 'drop'"
            " OR refused != ''"
        )
        self._db.execute("UPDATE applied SET verdict = 'words', note = '', own = 'null'")

    def refused(self) -> list[Refusal]:
        """The marks that could not be honoured, in the order of the plan."""
        rows = self._db.execute(
            f"SELECT music_path, {_MARK}, refused FROM sound_applied"
            " JOIN sound_item USING (idx)"
            " WHERE refused != '' ORDER BY idx"
        )
        return [Refusal(path, Mark(*mark), why) for path, *mark, why in rows]

    def honoured(self) -> dict[str, int]:
        """How many marks of each kind were applied and not refused; those with words, whatever
        else they ask for, count as words too."""
        counts: dict[str, int] = dict.fromkeys(MARK_VERDICTS, 0)
        rows = self._db.execute(
            "SELECT verdict, caption != '' OR story != '' FROM applied WHERE refused = ''"
        )
        for verdict, has_words in rows:
            counts[verdict] += verdict != "words"
            counts["words"] += has_words and verdict != "drop"
        return counts
