"""The part of a ledger that knows what became of each item. A verdict row is the only meaning of
"decided"; all that is counted is counted from these rows, so no two counts can differ.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mmusset.builder.accounting import Tally
from mmusset.sample import Outcome, Verdict
from mmusset.shards.manifest import ReasonCount

from .left_out import MOST_RUNS, REASON, LedgerLeftOut
from .plan import ITEM_FROM, PlannedItem, planned_of


@dataclass(frozen=True, slots=True)
class LostItem:
    """An item that was not accepted: its music's path, its key, and what became of it.

    `verdict` is None while it is undecided because its media could not be read; `why` says so.
    """

    path: bytes
    key: str
    verdict: Verdict | None
    why: str = ""


class LedgerVerdicts:
    """The verdicts of one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection, left_out: LedgerLeftOut) -> None:
        self._db = connection
        self._left_out = left_out

    def outcome(self, idx: int) -> Outcome | None:
        """What became of an item; None while it is undecided."""
        row = self._db.execute("SELECT outcome FROM sound_verdict WHERE idx = ?", (idx,)).fetchone()
        return Outcome.model_validate_json(row[0]) if row else None

    def decide(self, idx: int, outcome: Outcome) -> None:
        """Give an undecided item its verdict."""
        verdict = outcome.verdict
        self._db.execute(
            "INSERT INTO verdict (idx, status, reason, outcome) VALUES (?, ?, ?, ?)",
            (idx, verdict.status, verdict.reason, outcome.model_dump_json()),
        )

    def replace(self, idx: int, outcome: Outcome | None) -> None:
        """Set an item's verdict in place of the one that it may have; None makes it undecided."""
        self._db.execute("DELETE FROM verdict WHERE idx = ?", (idx,))
        if outcome:
            self.decide(idx, outcome)

    def forget_all(self) -> None:
        """Every item is undecided again."""
        self._db.execute("DELETE FROM verdict")

    # --- which items -------------------------------------------------------------------------

    def next_undecided(self, after_idx: int) -> PlannedItem | None:
        """The first item after `after_idx` that has no verdict."""
        row = self._db.execute(
            f"{ITEM_FROM} WHERE item.idx > ? AND NOT EXISTS"
            " (SELECT 1 FROM verdict WHERE verdict.idx = item.idx) ORDER BY item.idx LIMIT 1",
            (after_idx,),
        ).fetchone()
        return planned_of(row) if row else None

    def accepted_in(self, block: int) -> list[PlannedItem]:
        """A block's accepted items, in the order of the plan."""
        rows = self._db.execute(
            f"{ITEM_FROM} JOIN verdict ON verdict.idx = item.idx"
            " WHERE block = ? AND status = 'accepted' ORDER BY item.idx",
            (block,),
        )
        return [planned_of(row) for row in rows]

    def failed(self) -> list[PlannedItem]:
        """The failed items, in the order of the plan."""
        rows = self._db.execute(
            f"{ITEM_FROM} JOIN verdict USING (idx) WHERE status = 'failed' ORDER BY item.idx"
        )
        return [planned_of(row) for row in rows]

    def first_accepted(self) -> bytes | None:
        """The path of the first accepted item's music."""
        row = self._db.execute(
            "SELECT music_path FROM item JOIN verdict USING (idx) WHERE status = 'accepted'"
            " ORDER BY idx LIMIT 1"
        ).fetchone()
        return row[0] if row else None

    def lost(self) -> Iterator[LostItem]:
        """The rejected and failed items, in the order of the plan; then those that are undecided
        because their media could not be read."""
        decided = self._db.execute(
            "SELECT music_path, key, outcome FROM sound_item JOIN sound_verdict USING (idx)"
            " WHERE status != 'accepted' ORDER BY idx"
        )
        unread = self._db.execute(
            "SELECT music_path, key, why FROM sound_item JOIN sound_unread_item USING (idx)"
            " LEFT JOIN verdict USING (idx) WHERE status IS NULL ORDER BY idx"
        )
        for path, key, outcome in decided:
            yield LostItem(path, key, Outcome.model_validate_json(outcome).verdict)
        for path, key, why in unread:
            yield LostItem(path, key, None, why)

    def texts(self, kind: Literal["caption", "story"]) -> Iterator[tuple[int, str]]:
        """The accepted texts of a kind with their items' numbers, in the order of the plan."""
        yield from self._db.execute(
            f"SELECT idx, json_extract(outcome, '$.{kind}.text') FROM verdict"
            " WHERE status = 'accepted' ORDER BY idx"
        )

    def text(self, kind: Literal["caption", "story"], idx: int) -> str:
        """An item's text of a kind."""
        query = f"SELECT json_extract(outcome, '$.{kind}.text') FROM verdict WHERE idx = ?"
        (text,) = self._db.execute(query, (idx,)).fetchone()
        return str(text)

    # --- how many ----------------------------------------------------------------------------

    def tally(self) -> Tally:
        """The accounting as it stands."""
        counts = dict(self._db.execute("SELECT status, COUNT(*) FROM verdict GROUP BY status"))
        (items,) = self._db.execute("SELECT COUNT(*) FROM item").fetchone()
        (skipped,) = self._db.execute("SELECT COUNT(*) FROM skipped").fetchone()
        unread = [file.status for file in self._left_out.unread_files()]
        return Tally(
            accepted=counts.get("accepted", 0),
            rejected=counts.get("rejected", 0),
            failed=counts.get("failed", 0) + unread.count("failed"),
            skipped=skipped,
            undecided=items - sum(counts.values()) + unread.count("undecided"),
        )

    def reasons(self) -> list[ReasonCount]:
        """Why everything that was not accepted was not: by status, the most frequent first."""
        rows = self._db.execute(
            "SELECT status, reason, COUNT(*) FROM verdict WHERE status != 'accepted'"
            " GROUP BY status, reason UNION ALL"
            " SELECT 'skipped', reason, COUNT(*) FROM skipped GROUP BY reason UNION ALL"
            " SELECT iif(runs < ?, 'undecided', 'failed'), ?, COUNT(*) FROM unread GROUP BY 1"
            " ORDER BY 1, 3 DESC, 2",
            (MOST_RUNS, REASON),
        )
        return [ReasonCount(status=s, reason=reason, count=count) for s, reason, count in rows]

    def claims(self) -> dict[str, int]:
        """How many claims of accepted items have each verdict."""
        return dict(
            self._db.execute(
                "SELECT json_extract(claim.value, '$.verdict'), COUNT(*) FROM verdict,"
                " json_each(outcome, '$.caption.claims') AS claim WHERE status = 'accepted'"
                " GROUP BY 1"
            )
        )

    def licences(self) -> dict[str, int]:
        """How many accepted items have music under each licence, "" for none that is named."""
        return dict(
            self._db.execute(
                "SELECT json_extract(tags, '$.license'), COUNT(*) FROM sound_item"
                " JOIN verdict USING (idx) WHERE status = 'accepted' GROUP BY 1"
            )
        )

    def told(self) -> dict[tuple[str, str], int]:
        """How many claims the tags of decided items make, by attribute and verdict."""
        rows = self._db.execute(
            "SELECT json_extract(claim.value, '$.attribute'),"
            " json_extract(claim.value, '$.verdict'), COUNT(*) FROM sound_verdict,"
            " json_each(outcome, '$.told') AS claim GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return {(attribute, verdict): count for attribute, verdict, count in rows}

    def count(self) -> int:
        """How many items are decided."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM verdict").fetchone()
        return int(count)

    def same_picture_count(self) -> int:
        """How many accepted items have the picture of another that is counted before."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) - COUNT(DISTINCT image_sha256) FROM item JOIN verdict USING (idx)"
            " WHERE status = 'accepted'"
        ).fetchone()
        return int(count)

    def accepted_count(self) -> int:
        """How many items of the plan are accepted."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM verdict JOIN item USING (idx) WHERE status = 'accepted'"
        ).fetchone()
        return int(count)

    def undecided_count(self) -> int:
        """How many items have no verdict yet."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM item WHERE idx NOT IN (SELECT idx FROM verdict)"
        ).fetchone()
        return int(count)

    def counts_in(self, block: int) -> dict[str, int]:
        """How many of a block's items have each status."""
        return dict(
            self._db.execute(
                "SELECT status, COUNT(*) FROM item JOIN verdict USING (idx) WHERE block = ?"
                " GROUP BY status",
                (block,),
            )
        )

    def undecided_in(self, block: int) -> int:
        """How many of a block's items have no verdict yet."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM item LEFT JOIN verdict USING (idx)"
            " WHERE block = ? AND status IS NULL",
            (block,),
        ).fetchone()
        return int(count)
