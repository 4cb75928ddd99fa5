"""The part of a ledger that knows blocks and the shards that they became."""

import sqlite3

from mmusset.shards.tar import Shard

from .plan import BLOCK_COLUMNS, ITEM_FROM, Block, PlannedItem, block_of, planned_of


class LedgerShards:
    """The blocks and shards of one open ledger. Nothing here commits by itself."""

    _db: sqlite3.Connection

    def blocks(self) -> list[Block]:
        rows = self._db.execute(f"SELECT {BLOCK_COLUMNS} FROM sound_block ORDER BY n")
        return [block_of(row) for row in rows]

    def item_count(self) -> int:
        """How many items the plan holds."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM item").fetchone()
        return int(count)

    def size_of(self, block: int) -> int:
        """How many items a block holds."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM item WHERE block = ?", (block,)
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

    def undecided_in(self, block: int) -> int:
        """How many of a block's items have no verdict yet."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM item LEFT JOIN verdict USING (idx)"
            " WHERE block = ? AND status IS NULL",
            (block,),
        ).fetchone()
        return int(count)

    def accepted_in(self, block: int) -> list[PlannedItem]:
        """A block's accepted items, in the order of the plan."""
        rows = self._db.execute(
            f"{ITEM_FROM} JOIN verdict ON verdict.idx = item.idx"
            " WHERE block = ? AND status = 'accepted' ORDER BY item.idx",
            (block,),
        )
        return [planned_of(row) for row in rows]

    def begin_shard(self, block: int, name: str) -> None:
        """Note which file a block is about to be written to, so that a kill leaves nothing that
        the ledger does not know."""
        self._db.execute(
            "INSERT OR REPLACE INTO sealing (name, block) VALUES (?, ?)", (name, block)
        )

    def begun_shards(self) -> list[str]:
        """The shards that were about to be written, and are of no use unless they are recorded."""
        return [name for (name,) in self._db.execute("SELECT name FROM sound_sealing")]

    def add_shard(self, block: int, shard: Shard, mtime_ns: int) -> None:
        """Record the shard that a block became, and the time of its file."""
        self._db.execute(
            "INSERT INTO shard (block, name, samples, size, sha256, mtime_ns)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (block, shard.name, shard.samples, shard.size, shard.sha256, mtime_ns),
        )
        self._db.execute("DELETE FROM sealing WHERE name = ?", (shard.name,))

    def shard(self, block: int) -> Shard | None:
        row = self._db.execute(
            "SELECT name, samples, size, sha256 FROM sound_shard WHERE block = ?", (block,)
        ).fetchone()
        return Shard(*row) if row else None

    def shard_mtime_ns(self, block: int) -> int:
        """The time of a shard's file when its bytes were last known to be right."""
        row = self._db.execute(
            "SELECT mtime_ns FROM sound_shard WHERE block = ?", (block,)
        ).fetchone()
        return int(row[0])

    def set_shard_mtime_ns(self, block: int, mtime_ns: int) -> None:
        """The bytes of a shard's file are right, and this is its time."""
        self._db.execute("UPDATE shard SET mtime_ns = ? WHERE block = ?", (mtime_ns, block))

    def open_all_again(self) -> None:
        """Every block is to be sealed again, under its name."""
        self._db.execute(
            "INSERT OR REPLACE INTO sealing (name, block)"
            " SELECT name, block FROM shard WHERE name != ''"
        )
        self._db.execute("DELETE FROM shard")
