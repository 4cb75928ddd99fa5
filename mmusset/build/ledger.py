"""The ledger: the SQLite file that knows the fate of every item.

A verdict row is the only meaning of "done"; every reply is a row before anything
uses it. `ledger_file.py` opens and locks it.
"""

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mmusset.errors import MmussetError
from mmusset.sample import Item, Outcome, Split, Tags, Verdict
from mmusset.shards.tar import Shard

from .accounting import Cost, Tally
from .ledger_marks import LedgerMarks
from .ledger_unread import MOST_RUNS, REASON, LedgerUnread

_ITEM_COLUMNS = """item.idx, item.block, item.key, item.music_path, item.music_sha256,
    item.duration_s, item.clip_index, item.clip_count, item.image_path, item.image_sha256,
    item.image_origin, item.story_path, item.grp, block.split, item.tags"""
_BLOCK_COLUMNS = "n, split, number, provisional"
# What is known of an item, by its place in the plan.
_KNOWN = ("prepared", "verdict", "unread_item", "applied", "mark")
_ITEM_FROM = f"SELECT {_ITEM_COLUMNS} FROM item JOIN block ON item.block = block.n"


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item, its place in the plan, and the block that it belongs to."""

    idx: int
    block: int
    item: Item


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that no item was made of: skipped, undecided or failed, and why."""

    path: bytes
    status: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Block:
    """The unit of sealing: block `n` gives shard `number` of its split.

    A provisional one is made anew by the next run and not sealed.
    """

    n: int
    split: Split
    number: int
    provisional: bool


class Ledger:
    """One open ledger; the writing methods need one that was opened to write."""

    def __init__(self, connection: sqlite3.Connection, lock: int | None) -> None:
        self._db = connection
        self._lock = lock
        self.marks = LedgerMarks(connection)
        self.unread = LedgerUnread(connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing. The writing methods below do not commit by themselves.

        One inside another is part of that. Raises MmussetError if the disk refuses: the run
        must stop.
        """
        if self._db.in_transaction:
            yield
            return
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                yield
        except sqlite3.Error as error:
            raise MmussetError(
                f"the ledger can't be written ({error}); make room on the disk, or mend it,"
                " and run the same command again"
            ) from error

    def close(self) -> None:
        """Close it and let go of the lock."""
        self._db.close()
        if self._lock is not None:
            os.close(self._lock)

    # --- meta, files ---------------------------------------------------------------------

    def meta(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_meta(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def survey(self, path: bytes, size: int, mtime_ns: int) -> str | None:
        """What a file said of itself when it last had this size and time."""
        row = self._db.execute(
            "SELECT survey FROM file WHERE path = ? AND size = ? AND mtime_ns = ?",
            (path, size, mtime_ns),
        ).fetchone()
        return row[0] if row else None

    def keep_survey(self, path: bytes, size: int, mtime_ns: int, survey: str) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", (path, size, mtime_ns, survey)
        )

    # --- music that was made ---------------------------------------------------------------

    def made(self, name: str) -> str | None:
        """What the music of this name says of itself, once it was made."""
        row = self._db.execute("SELECT survey FROM made WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def keep_made(self, name: str, music_sha256: str, survey: str) -> None:
        self._db.execute("INSERT INTO made VALUES (?, ?, ?)", (name, music_sha256, survey))

    def made_as(self, music_sha256: str) -> str:
        """The name of music that was made and planned."""
        row = self._db.execute(
            "SELECT name FROM made WHERE music_sha256 = ?", (music_sha256,)
        ).fetchone()
        return str(row[0])

    def generated(self) -> int:
        """How many accepted clips are of music that a model made."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM prepared JOIN verdict USING (idx) WHERE status = 'accepted'"
            " AND json_extract(value, '$.clip.generated_by') != ''"
        ).fetchone()
        return int(count)

    # --- the plan ------------------------------------------------------------------------

    def group_of(self, label: str) -> str | None:
        row = self._db.execute("SELECT grp FROM label WHERE label = ?", (label,)).fetchone()
        return row[0] if row else None

    def splits(self) -> dict[str, Split]:
        """Every group's split."""
        return dict(self._db.execute("SELECT name, split FROM grp"))

    def items_by_split(self) -> dict[str, int]:
        """How many items each split holds."""
        return dict(
            self._db.execute(
                "SELECT split, COUNT(*) FROM item JOIN block ON block = n GROUP BY split"
            )
        )

    def add_group(self, name: str, split: Split, labels: tuple[str, ...]) -> None:
        self._db.execute("INSERT OR IGNORE INTO grp VALUES (?, ?)", (name, split))
        self._db.executemany(
            "INSERT OR IGNORE INTO label VALUES (?, ?)", [(label, name) for label in labels]
        )

    def append_item(self, item: Item, block_size: int, provisional: bool) -> Block:
        """Put an item at the end of the plan: in its split's last block, or in a new one."""
        row = self._db.execute(
            f"SELECT {_BLOCK_COLUMNS} FROM block WHERE split = ? AND provisional = ? AND n NOT IN"
            " (SELECT block FROM shard) AND (SELECT COUNT(*) FROM item WHERE block = n) < ?"
            " ORDER BY n DESC LIMIT 1",
            (item.split, provisional, block_size),
        ).fetchone()
        block = _block(row) if row else self._new_block(item.split, provisional)
        self._add_items(block.n, [item])
        return block

    def add_block(self, split: Split, items: list[Item], provisional: bool) -> None:
        """Append a block of items, in this order, as the next of its split."""
        self._add_items(self._new_block(split, provisional).n, items)

    def take_back(self) -> list[PlannedItem]:
        """Remove the provisional blocks, their items, and groups that no other item is of.

        Gives the items. What is known of them stays under their places, which no new item
        gets, for `move_known` or `forget_known`.
        """
        provisional = "block IN (SELECT n FROM block WHERE provisional)"
        rows = self._db.execute(f"{_ITEM_FROM} WHERE {provisional} ORDER BY item.idx")
        planned = [_planned(row) for row in rows]
        if planned:
            self._db.execute(f"DELETE FROM item WHERE {provisional}")
            self._db.execute("DELETE FROM grp WHERE name NOT IN (SELECT grp FROM item)")
            self._db.execute("DELETE FROM label WHERE grp NOT IN (SELECT name FROM grp)")
        self._db.execute("DELETE FROM block WHERE provisional")
        return planned

    def move_known(self, old_idx: int, new_idx: int) -> None:
        """What is known of the item of one place is of the item of another."""
        for table in _KNOWN:
            self._db.execute(f"UPDATE {table} SET idx = ? WHERE idx = ?", (new_idx, old_idx))

    def forget_known(self, idx: int) -> None:
        """Forget what is known of an item that is planned no more; answers are kept."""
        for table in _KNOWN:
            self._db.execute(f"DELETE FROM {table} WHERE idx = ?", (idx,))

    def _new_block(self, split: Split, provisional: bool) -> Block:
        (n,) = self._db.execute("SELECT COALESCE(MAX(n), -1) + 1 FROM block").fetchone()
        (number,) = self._db.execute(
            "SELECT COALESCE(MAX(number), -1) + 1 FROM block WHERE split = ?", (split,)
        ).fetchone()
        self._db.execute(
            "INSERT INTO block (n, split, number, provisional) VALUES (?, ?, ?, ?)",
            (n, split, number, provisional),
        )
        return Block(n, split, number, provisional)

    def _add_items(self, block: int, items: list[Item]) -> None:
        idx = self._next_idx()
        self._db.executemany(
            "INSERT INTO item (idx, key, block, music_path, music_sha256, duration_s, clip_index,"
            " clip_count, image_path, image_sha256, image_origin, story_path, grp, tags)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(
                        idx + place,
                        i.key,
                        block,
                        i.music_path,
                        i.music_sha256,
                        i.duration_s,
                        i.clip_index,
                    ),
                    *(i.clip_count, i.image_path, i.image_sha256, i.image_origin, i.story_path),
                    *(i.group, i.tags.model_dump_json()),
                )
                for place, i in enumerate(items)
            ],
        )

    def _next_idx(self) -> int:
        """A place in the plan under which nothing is known."""
        tops = [
            self._db.execute(f"SELECT COALESCE(MAX(idx), 0) FROM {table}").fetchone()[0]
            for table in ("item", *_KNOWN)
        ]
        return int(max(tops)) + 1

    def move_items(
        self,
        music_sha256: str,
        music_path: bytes,
        image_path: bytes,
        image_origin: str,
        story_path: bytes | None,
    ) -> None:
        """The same music and picture were found: remember where they are now."""
        self._db.execute(
            "UPDATE item SET music_path = ?, image_path = ?, image_origin = ?, story_path = ?"
            " WHERE music_sha256 = ?",
            (music_path, image_path, image_origin, story_path, music_sha256),
        )

    def failed(self) -> list[PlannedItem]:
        """The failed items, in the order of the plan."""
        rows = self._db.execute(
            f"{_ITEM_FROM} JOIN verdict USING (idx) WHERE status = 'failed' ORDER BY item.idx"
        )
        return [_planned(row) for row in rows]

    def plan_again(self, split: Split, planned: list[PlannedItem]) -> None:
        """Make items undecided, in a new block, with the picture and story that they have now."""
        block = self._new_block(split, provisional=False)
        for table in ("verdict", "prepared", "applied", "unread_item"):
            self._db.executemany(f"DELETE FROM {table} WHERE idx = ?", [(p.idx,) for p in planned])
        self._db.executemany(
            "UPDATE item SET block = ?, image_path = ?, image_sha256 = ?, image_origin = ?,"
            " story_path = ? WHERE idx = ?",
            [
                (block.n, i.image_path, i.image_sha256, i.image_origin, i.story_path, p.idx)
                for p in planned
                if (i := p.item)
            ],
        )

    def piece_count(self) -> int:
        """How many pieces of music the items are cut from."""
        (count,) = self._db.execute("SELECT COUNT(DISTINCT music_sha256) FROM item").fetchone()
        return int(count)

    def replace_skipped(self, skipped: list[tuple[bytes, str, str]]) -> None:
        """Set what is skipped: path, reason, detail. A file that is an item's is not."""
        self._db.execute("DELETE FROM skipped")
        self._db.executemany("INSERT INTO skipped VALUES (?, ?, ?)", skipped)
        self._db.execute("DELETE FROM skipped WHERE path IN (SELECT music_path FROM item)")

    def unskip(self, path: bytes) -> None:
        """What was skipped is an item now."""
        self._db.execute("DELETE FROM skipped WHERE path = ?", (path,))

    def skipped(self) -> list[tuple[bytes, str, str]]:
        return list(self._db.execute("SELECT path, reason, detail FROM skipped ORDER BY path"))

    def left_out(self) -> list[LeftOut]:
        """Everything that no item was made of, by its path."""
        skipped = [LeftOut(path, "skipped", *why) for path, *why in self.skipped()]
        unread = [LeftOut(f.path, f.status, REASON, f.why) for f in self.unread.files()]
        return sorted((*skipped, *unread), key=lambda left: left.path)

    # --- items and their fate ----------------------------------------------------------------

    def item(self, key: str) -> PlannedItem | None:
        row = self._db.execute(f"{_ITEM_FROM} WHERE key = ?", (key,)).fetchone()
        return _planned(row) if row else None

    def stamps(self) -> Iterator[tuple[int, str, int]]:
        """Each item's place and key, in the order of the plan, and a number that changes with
        whatever is known of the item but its mark."""
        rows = self._db.execute(
            "SELECT item.idx, key, block, music_path, image_path, value IS NOT NULL,"
            " CAST(outcome AS BLOB) FROM item LEFT JOIN prepared USING (idx)"
            " LEFT JOIN verdict USING (idx) ORDER BY item.idx"
        )
        for idx, key, block, music, image, prepared, outcome in rows:
            told = b"%d %d %b %b " % (block, prepared, music, image)
            yield idx, key, zlib.crc32(outcome or b"", zlib.crc32(told))

    def items_at(self, path: bytes) -> list[PlannedItem]:
        """The items cut from, or pictured by, the file of this path."""
        rows = self._db.execute(
            f"{_ITEM_FROM} WHERE music_path = ? OR image_path = ? ORDER BY idx", (path, path)
        )
        return [_planned(row) for row in rows]

    def next_undecided(self, after_idx: int) -> PlannedItem | None:
        """The first item after `after_idx` that has no verdict."""
        row = self._db.execute(
            f"{_ITEM_FROM} WHERE item.idx > ? AND NOT EXISTS"
            " (SELECT 1 FROM verdict WHERE verdict.idx = item.idx) ORDER BY item.idx LIMIT 1",
            (after_idx,),
        ).fetchone()
        return _planned(row) if row else None

    def prepared(self, idx: int) -> str | None:
        row = self._db.execute("SELECT value FROM prepared WHERE idx = ?", (idx,)).fetchone()
        return row[0] if row else None

    def keep_prepared(self, idx: int, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO prepared VALUES (?, ?)", (idx, value))

    def answer(self, request: str) -> str | None:
        """The kept answer to the request of this hash, as JSON."""
        row = self._db.execute("SELECT answer FROM call WHERE request = ?", (request,)).fetchone()
        return row[0] if row else None

    def keep_answer(
        self, request: str, key: str, agent: str, round_: int, model: str, answer: str
    ) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO call VALUES (?, ?, ?, ?, ?, ?)",
            (request, key, agent, round_, model, answer),
        )

    def costs(self) -> list[Cost]:
        """What each agent's kept answers have cost."""
        names = ("prompt_tokens", "cached_tokens", "completion_tokens", "seconds")
        sums = ", ".join(f"SUM(json_extract(answer, '$.{name}'))" for name in names)
        rows = self._db.execute(
            f"SELECT agent, COUNT(*), {sums} FROM call GROUP BY agent ORDER BY agent"
        )
        return [Cost(*row) for row in rows]

    def forget_verdicts(self) -> None:
        """Every item is undecided again and every shard unwritten; answers and marks are kept."""
        self._db.execute("DELETE FROM verdict")
        self._db.execute("DELETE FROM shard")
        self.marks.forget_applied()

    def decide(self, idx: int, outcome: Outcome) -> None:
        verdict = outcome.verdict
        self._db.execute(
            "INSERT INTO verdict VALUES (?, ?, ?, ?)",
            (idx, verdict.status, verdict.reason, outcome.model_dump_json()),
        )

    def decide_again(self, idx: int, outcome: Outcome | None) -> None:
        """Set an item's verdict in place of the one that it may have; None makes it undecided."""
        self._db.execute("DELETE FROM verdict WHERE idx = ?", (idx,))
        if outcome:
            self.decide(idx, outcome)

    def outcome(self, idx: int) -> Outcome | None:
        row = self._db.execute("SELECT outcome FROM verdict WHERE idx = ?", (idx,)).fetchone()
        return Outcome.model_validate_json(row[0]) if row else None

    def accepted_outcomes(self) -> Iterator[Outcome]:
        """What the agents made of each accepted item, in the order of the plan."""
        rows = self._db.execute(
            "SELECT outcome FROM verdict WHERE status = 'accepted' ORDER BY idx"
        )
        for (outcome,) in rows:
            yield Outcome.model_validate_json(outcome)

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
            "SELECT COUNT(*) FROM prepared WHERE json_extract(value, '$.clip.upsampled')"
        ).fetchone()
        return int(count)

    # --- blocks and shards ----------------------------------------------------------------

    def blocks(self) -> list[Block]:
        rows = self._db.execute(f"SELECT {_BLOCK_COLUMNS} FROM block ORDER BY n")
        return [_block(row) for row in rows]

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
            f"{_ITEM_FROM} JOIN verdict ON verdict.idx = item.idx"
            " WHERE block = ? AND status = 'accepted' ORDER BY item.idx",
            (block,),
        )
        return [_planned(row) for row in rows]

    def add_shard(self, block: int, shard: Shard) -> None:
        self._db.execute(
            "INSERT INTO shard VALUES (?, ?, ?, ?, ?)",
            (block, shard.name, shard.samples, shard.size, shard.sha256),
        )

    def shard(self, block: int) -> Shard | None:
        row = self._db.execute(
            "SELECT name, samples, size, sha256 FROM shard WHERE block = ?", (block,)
        ).fetchone()
        return Shard(*row) if row else None

    # --- accounting ------------------------------------------------------------------------

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
                "SELECT music_path, key, why FROM item JOIN unread_item USING (idx)"
                " LEFT JOIN verdict USING (idx) WHERE status IS NULL ORDER BY idx"
            )
        )

    def lost(self) -> list[tuple[bytes, str, Verdict]]:
        """Each rejected or failed item: its path, key and verdict, in the order of the plan."""
        rows = self._db.execute(
            "SELECT music_path, key, outcome FROM item JOIN verdict USING (idx)"
            " WHERE status != 'accepted' ORDER BY idx"
        )
        return [(path, key, Outcome.model_validate_json(o).verdict) for path, key, o in rows]


def _block(row: tuple[Any, ...]) -> Block:
    n, split, number, provisional = row
    return Block(n, split, number, bool(provisional))


def _planned(row: tuple[Any, ...]) -> PlannedItem:
    idx, block, *fields, tags = row
    values: list[Any] = [*fields, Tags.model_validate_json(tags)]
    return PlannedItem(idx, block, Item(*values))
