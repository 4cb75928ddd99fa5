"""The part of a ledger that holds marks: what people ask of samples, and what became of it."""

import sqlite3
from dataclasses import dataclass
from typing import Literal, get_args

from mmusset.sample import Outcome

MarkVerdict = Literal["keep", "drop", "fix"]
MARK_VERDICTS: tuple[MarkVerdict, ...] = get_args(MarkVerdict)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person wants of the sample of this key, and a note: why, or what is to be mended."""

    key: str
    verdict: MarkVerdict
    note: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A mark as it was applied to an item; `own` is what the agents had made of that.

    `refused` says why it could not be honoured; "" where it was.
    """

    mark: Mark
    refused: str
    own: Outcome


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
            "SELECT key, verdict, note FROM sound_mark JOIN sound_item USING (idx) ORDER BY idx"
        )
        return [Mark(*row) for row in rows]

    def of(self, idx: int) -> Mark | None:
        """The mark of one item."""
        row = self._db.execute(
            "SELECT key, verdict, note FROM sound_mark JOIN sound_item USING (idx) WHERE idx = ?",
            (idx,),
        ).fetchone()
        return Mark(*row) if row else None

    def set(self, mark: Mark) -> bool:
        """Set the mark of a sample; False where the key is no sample's."""
        done = self._db.execute(
            "INSERT OR REPLACE INTO mark (idx, verdict, note)"
            " SELECT idx, ?, ? FROM item WHERE key = ?",
            (mark.verdict, mark.note, mark.key),
        )
        return done.rowcount > 0

    def remove(self, key: str) -> bool:
        """Take a sample's mark away; False where the key is no sample's."""
        row = self._db.execute("SELECT idx FROM item WHERE key = ?", (key,)).fetchone()
        if row:
            self._db.execute("DELETE FROM mark WHERE idx = ?", row)
        return row is not None

    def set_aside(self, idx: int, key: str) -> None:
        """Keep the mark of an item that is planned no more, for the day that it is again."""
        self._db.execute(
            "INSERT OR REPLACE INTO mark_aside (key, verdict, note)"
            " SELECT ?, verdict, note FROM sound_mark WHERE idx = ?",
            (key, idx),
        )

    def restore(self) -> None:
        """Restore the marks, once set aside, of items that are planned again."""
        self._db.execute(
            "INSERT OR REPLACE INTO mark (idx, verdict, note) SELECT idx, verdict, note"
            " FROM sound_mark_aside JOIN item USING (key)"
        )
        self._db.execute("DELETE FROM mark_aside WHERE key IN (SELECT key FROM item)")

    # --- what was applied -----------------------------------------------------------------

    def waiting(self) -> list[int]:
        """The items whose marks are not the ones that were applied, in the order of the plan."""
        rows = self._db.execute(
            "SELECT idx FROM mark LEFT JOIN applied USING (idx)"
            " WHERE mark.verdict IS NOT applied.verdict OR mark.note IS NOT applied.note"
            " UNION SELECT idx FROM applied WHERE idx NOT IN (SELECT idx FROM mark) ORDER BY idx"
        )
        return [idx for (idx,) in rows]

    def applied(self, idx: int) -> Applied | None:
        """The mark that was applied to one item."""
        row = self._db.execute(
            "SELECT key, verdict, note, refused, own FROM sound_applied"
            " JOIN sound_item USING (idx)"
            " WHERE idx = ?",
            (idx,),
        ).fetchone()
        if row is None:
            return None
        *mark, refused, own = row
        return Applied(Mark(*mark), refused, Outcome.model_validate_json(own))

    def set_applied(self, idx: int, applied: Applied | None) -> None:
        """Remember how a mark was applied to an item, or (None) that none is any more."""
        self._db.execute("DELETE FROM applied WHERE idx = ?", (idx,))
        if applied:
            mark, own = applied.mark, applied.own.model_dump_json()
            self._db.execute(
                "INSERT INTO applied (idx, verdict, note, refused, own) VALUES (?, ?, ?, ?, ?)",
                (idx, mark.verdict, mark.note, applied.refused, own),
            )

    def forget_applied(self) -> None:
        """All marks wait again to be applied."""
        self._db.execute("DELETE FROM applied")

    def refused(self) -> list[Refusal]:
        """The marks that could not be honoured, in the order of the plan."""
        rows = self._db.execute(
            "SELECT music_path, key, verdict, note, refused FROM sound_applied"
            " JOIN sound_item USING (idx)"
            " WHERE refused != '' ORDER BY idx"
        )
        return [Refusal(path, Mark(*mark), why) for path, *mark, why in rows]

    def honoured(self) -> dict[str, int]:
        """How many marks of each kind were applied and not refused."""
        counts: dict[str, int] = dict.fromkeys(MARK_VERDICTS, 0)
        counts |= self._db.execute(
            "SELECT verdict, COUNT(*) FROM applied WHERE refused = '' GROUP BY verdict"
        )
        return counts
