"""The part of a ledger that knows the shards that blocks became, and those that others replace."""

import sqlite3

from mmusset.shards.tar import Shard


class LedgerShards:
    """The shards of one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def of(self, block: int) -> Shard | None:
        """The shard that a block became; None until it is sealed."""
        row = self._db.execute(
            "SELECT name, samples, size, sha256 FROM sound_shard WHERE block = ?", (block,)
        ).fetchone()
        return Shard(*row) if row else None

    def begin(self, block: int, name: str) -> None:
        """Note which file a block is about to be written to, so that a kill leaves nothing that
        the ledger does not know."""
        self._db.execute(
            "INSERT OR REPLACE INTO sealing (name, block) VALUES (?, ?)", (name, block)
        )

    def begun(self) -> list[str]:
        """The shards that were about to be written, and are of no use unless they are recorded."""
        return [name for (name,) in self._db.execute("SELECT name FROM sound_sealing")]

    def record(self, block: int, shard: Shard, mtime_ns: int) -> None:
        """Record the shard that a block became, and the time of its file."""
        self._db.execute(
            "INSERT INTO shard (block, name, samples, size, sha256, mtime_ns)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (block, shard.name, shard.samples, shard.size, shard.sha256, mtime_ns),
        )
        self._db.execute("DELETE FROM sealing WHERE name = ?", (shard.name,))

    def mtime_ns(self, block: int) -> int:
        """The time of a shard's file when its bytes were last known to be right."""
        row = self._db.execute(
            "SELECT mtime_ns FROM sound_shard WHERE block = ?", (block,)
        ).fetchone()
        return int(row[0])

    def set_mtime_ns(self, block: int, mtime_ns: int) -> None:
        """The bytes of a shard's file are right, and this is its time."""
        self._db.execute("UPDATE shard SET mtime_ns = ? WHERE block = ?", (mtime_ns, block))

    # --- sealed again ------------------------------------------------------------------------

    def reopen_all(self) -> None:
        """Every block is to be sealed again, under its name."""
        self._db.execute(
            "INSERT OR REPLACE INTO sealing (name, block)"
            " SELECT name, block FROM shard WHERE name != ''"
        )
        self._db.execute("DELETE FROM shard")

    def reopen(self, idx: int) -> None:
        """Have the block of an item sealed again, under the next name of its split.

        Its shard stays on the disk until the manifest names the new one.
        """
        row = self._db.execute(
            "SELECT n, split, name FROM item JOIN block ON item.block = n JOIN shard"
            " ON shard.block = n WHERE idx = ?",
            (idx,),
        ).fetchone()
        if row is None:
            return
        n, split, name = row
        self._db.execute("DELETE FROM shard WHERE block = ?", (n,))
        if name:
            self._db.execute("INSERT INTO replaced (name, block) VALUES (?, ?)", (name, n))
            self._db.execute(
                "UPDATE block SET number = (SELECT MAX(number) + 1 FROM block WHERE split = ?)"
                " WHERE n = ?",
                (split, n),
            )

    def replaced(self) -> dict[str, int]:
        """The shards that are to be deleted, and the block that each was of."""
        return dict(self._db.execute("SELECT name, block FROM sound_replaced ORDER BY name"))

    def forget_replaced(self) -> None:
        """They are deleted."""
        self._db.execute("DELETE FROM replaced")
