"""The part of a ledger that counts: the accounting, and what answers have cost."""

import sqlite3

from mmusset.builder.accounting import Cost, Tally
from mmusset.sample import Outcome, Verdict

from .unread import MOST_RUNS, REASON, LedgerUnread


class LedgerAccounts:
    """The accounting of one open ledger."""

    _db: sqlite3.Connection
    unread: LedgerUnread

    def tally(self) -> Tally:
        """The accounting as it stands."""
        counts = dict(self._db.execute("SELECT status, COUNT(*) FROM verdict GROUP BY status"))
        (items,) = self._db.execute("SELECT COUNT(*) FROM item").fetchone()
        (skipped,) = self._db.execute("SELECT COUNT(*) FROM skipped").fetchone()
        unread = [file.status for file in self.unread.files()]
        return Tally(
            accepted=counts.get("accepted", 0),
            rejected=counts.get("rejected", 0),
            failed=counts.get("failed", 0) + unread.count("failed"),
            skipped=skipped,
            undecided=items - sum(counts.values()) + unread.count("undecided"),
        )

    def reasons(self) -> list[tuple[str, str, int]]:
        """(status, reason, count) of everything that was not accepted."""
        return list(
            self._db.execute(
                "SELECT status, reason, COUNT(*) FROM verdict WHERE status != 'accepted'"
                " GROUP BY status, reason UNION ALL"
                " SELECT 'skipped', reason, COUNT(*) FROM skipped GROUP BY reason UNION ALL"
                " SELECT iif(runs < ?, 'undecided', 'failed'), ?, COUNT(*) FROM unread GROUP BY 1"
                " ORDER BY 1, 3 DESC, 2",
                (MOST_RUNS, REASON),
            )
        )

    def unread_items(self) -> list[tuple[bytes, str, str]]:
        """Each undecided item whose media could not be read: its path, its key, and why."""
        return list(
            self._db.execute(
                "SELECT music_path, key, why FROM sound_item JOIN sound_unread_item USING (idx)"
                " LEFT JOIN verdict USING (idx) WHERE status IS NULL ORDER BY idx"
            )
        )

    def lost(self) -> list[tuple[bytes, str, Verdict]]:
        """Each rejected or failed item: its path, key and verdict, in the order of the plan."""
        rows = self._db.execute(
            "SELECT music_path, key, outcome FROM sound_item JOIN sound_verdict USING (idx)"
            " WHERE status != 'accepted' ORDER BY idx"
        )
        return [(path, key, Outcome.model_validate_json(o).verdict) for path, key, o in rows]

    def costs(self) -> list[Cost]:
        """What each agent's kept answers have cost."""
        names = ("prompt_tokens", "cached_tokens", "completion_tokens", "seconds")
        sums = ", ".join(f"SUM(json_extract(answer, '$.{name}'))" for name in names)
        rows = self._db.execute(
            f"SELECT agent, COUNT(*), {sums} FROM call GROUP BY agent ORDER BY agent"
        )
        return [Cost(*row) for row in rows]

    def first_accepted(self) -> bytes | None:
        """The path of the first accepted item's music."""
        row = self._db.execute(
            "SELECT music_path FROM item JOIN verdict USING (idx) WHERE status = 'accepted'"
            " ORDER BY idx LIMIT 1"
        ).fetchone()
        return row[0] if row else None

    def upsampled(self) -> int:
        """How many clips had a lower sample rate than they are stored at."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM prepared WHERE json_extract(value, '$.media.music.upsampled')"
        ).fetchone()
        return int(count)

    def generated(self) -> int:
        """How many accepted clips are of music that a model made."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM prepared JOIN verdict USING (idx) WHERE status = 'accepted'"
            " AND json_extract(value, '$.media.music.generated_by') != ''"
        ).fetchone()
        return int(count)

    def claims(self) -> dict[str, int]:
        """How many claims of accepted items have each verdict."""
        return dict(
            self._db.execute(
                "SELECT json_extract(claim.value, '$.verdict'), COUNT(*) FROM verdict,"
                " json_each(outcome, '$.caption.claims') AS claim WHERE status = 'accepted'"
                " GROUP BY 1"
            )
        )

    def verdict_count(self) -> int:
        """How many items are decided."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM verdict").fetchone()
        return int(count)
