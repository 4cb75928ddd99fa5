"""The part of a ledger that holds the plan: groups, blocks, and the items in their order."""

import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mmusset.sample_parts.piece import (
    ImageOrigin,
    Item,
    Piece,
    SourceFile,
    SourcePicture,
    Split,
    Stretch,
    Tags,
)

from .schema import read_meta

_ITEM_COLUMNS = """item.idx, item.block, item.key, item.clip_index, item.clip_count, item.grp,
    block.split, item.music_path, item.music_sha256, item.duration_s, item.image_path,
    item.image_sha256, item.image_origin, item.story_path, item.tags, item.lyrics_path,
    item.caption_path, item.start_s, item.end_s, item.score_path"""
# The columns of a piece, in the order of `_piece_row`.
_PIECE_COLUMNS = (
    "music_path, music_sha256, duration_s, image_path, image_sha256, image_origin, story_path,"
    " tags, lyrics_path, caption_path, start_s, end_s, score_path"
)
_SET_PIECE = ", ".join(f"{column} = ?" for column in _PIECE_COLUMNS.split(", "))
BLOCK_COLUMNS = "n, split, number, provisional"
# What is known of an item, by its place in the plan.
_KNOWN = ("prepared", "verdict", "unread_item", "applied", "mark")
ITEM_FROM = (
    f"SELECT {_ITEM_COLUMNS} FROM sound_item AS item"
    " JOIN sound_block AS block ON item.block = block.n"
)


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item, its place in the plan, and the block that it belongs to."""

    idx: int
    block: int
    item: Item


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    """The unit of sealing: block `n` becomes shard `number` of its split.

    The next run plans a provisional one again; until then it is not sealed.
    """

    n: int
    split: Split
    number: int
    provisional: bool


class LedgerPlan:
    """The plan of one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    # --- groups ------------------------------------------------------------------------------

    def group_of(self, label: str) -> str | None:
        """The group that a label (an artist, an album, a picture...) belongs to."""
        row = self._db.execute("SELECT grp FROM sound_label WHERE label = ?", (label,)).fetchone()
        return row[0] if row else None

    def splits(self) -> dict[str, Split]:
        """Every group's split."""
        return dict(self._db.execute("SELECT name, split FROM sound_grp"))

    def items_by_split(self) -> dict[str, int]:
        """How many items each split holds."""
        return dict(
            self._db.execute(
                "SELECT split, COUNT(*) FROM item JOIN block ON block = n GROUP BY split"
            )
        )

    def add_group(self, name: str, split: Split, labels: tuple[str, ...]) -> None:
        self._db.execute("INSERT OR IGNORE INTO grp (name, split) VALUES (?, ?)", (name, split))
        self._db.executemany(
            "INSERT OR IGNORE INTO label (label, grp) VALUES (?, ?)",
            [(label, name) for label in labels],
        )

    # --- items and blocks --------------------------------------------------------------------

    def item(self, key: str) -> PlannedItem | None:
        """The item of this key."""
        row = self._db.execute(f"{ITEM_FROM} WHERE key = ?", (key,)).fetchone()
        return planned_of(row) if row else None

    def items(self) -> Iterator[PlannedItem]:
        """Every item, in the order of the plan."""
        for row in self._db.execute(f"{ITEM_FROM} ORDER BY item.idx"):
            yield planned_of(row)

    def items_at(self, path: bytes) -> list[PlannedItem]:
        """The items cut from, or pictured by, the file of this path."""
        rows = self._db.execute(
            f"{ITEM_FROM} WHERE music_path = ? OR image_path = ? ORDER BY idx", (path, path)
        )
        return [planned_of(row) for row in rows]

    def stamps(self) -> Iterator[tuple[int, str, int]]:
        """Each item's place and key, in the order of the plan, and a number that changes with
        whatever is known of the item but its mark."""
        rows = self._db.execute(
            "SELECT item.idx, key, block, music_path, image_path, value IS NOT NULL,"
            " CAST(outcome AS BLOB) FROM item LEFT JOIN prepared USING (idx)"
            " LEFT JOIN verdict USING (idx) ORDER BY item.idx"
        )
        for idx, key, block, music, image, prepared, outcome in rows:
            place = b"%d %d %b %b " % (block, prepared, music, image)
            yield idx, key, zlib.crc32(outcome or b"", zlib.crc32(place))

    def item_count(self) -> int:
        """How many items the plan holds."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM item").fetchone()
        return int(count)

    def piece_count(self) -> int:
        """How many pieces of music the items are cut from."""
        (count,) = self._db.execute("SELECT COUNT(DISTINCT music_sha256) FROM item").fetchone()
        return int(count)

    def blocks(self) -> list[PlannedBlock]:
        """The blocks, in the order in which they were planned."""
        rows = self._db.execute(f"SELECT {BLOCK_COLUMNS} FROM sound_block ORDER BY n")
        return [block_of(row) for row in rows]

    def size_of(self, block: int) -> int:
        """How many items a block holds."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM item WHERE block = ?", (block,)
        ).fetchone()
        return int(count)

    def append_item(self, item: Item, block_size: int, provisional: bool) -> PlannedBlock:
        """Put an item at the end of the plan: in its split's last block, or in a new one."""
        row = self._db.execute(
            f"SELECT {BLOCK_COLUMNS} FROM sound_block WHERE split = ? AND provisional = ?"
            " AND n NOT IN (SELECT block FROM shard)"
            " AND (SELECT COUNT(*) FROM item WHERE block = n) < ?"
            " ORDER BY n DESC LIMIT 1",
            (item.split, provisional, block_size),
        ).fetchone()
        block = block_of(row) if row else self._new_block(item.split, provisional)
        self._add_items(block.n, [item])
        return block

    def add_block(self, split: Split, items: list[Item], provisional: bool) -> None:
        """Append a block of items, in this order, as the next of its split."""
        self._add_items(self._new_block(split, provisional).n, items)

    def take_back(self) -> list[PlannedItem]:
        """Remove the provisional blocks, their items, and groups that no other item is of.

        Returns the items. What is known of them stays under their places, which no new item
        gets, for `move_known` or `forget_known`.
        """
        provisional = "block IN (SELECT n FROM block WHERE provisional)"
        rows = self._db.execute(f"{ITEM_FROM} WHERE {provisional} ORDER BY item.idx")
        planned = [planned_of(row) for row in rows]
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
        """Forget what is known of an item that is planned no more; replies are kept."""
        for table in _KNOWN:
            self._db.execute(f"DELETE FROM {table} WHERE idx = ?", (idx,))

    def _new_block(self, split: Split, provisional: bool) -> PlannedBlock:
        (n,) = self._db.execute("SELECT COALESCE(MAX(n), -1) + 1 FROM block").fetchone()
        (number,) = self._db.execute(
            "SELECT COALESCE(MAX(number), -1) + 1 FROM block WHERE split = ?", (split,)
        ).fetchone()
        self._db.execute(
            "INSERT INTO block (n, split, number, provisional) VALUES (?, ?, ?, ?)",
            (n, split, number, provisional),
        )
        return PlannedBlock(n, split, number, provisional)

    def _add_items(self, block: int, items: list[Item]) -> None:
        idx = self._next_idx()
        self._db.executemany(
            f"INSERT INTO item (idx, block, key, clip_index, clip_count, grp, {_PIECE_COLUMNS})"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(idx + place, block, i.key, i.clip_index, i.clip_count, i.group),
                    *_piece_row(i.piece),
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

    def move_piece(self, piece: Piece) -> None:
        """Note where the files of a piece are now, and its picture; their content is the same."""
        music, picture = piece.music, piece.picture
        self._db.execute(
            "UPDATE item SET music_path = ?, lyrics_path = ?, caption_path = ?, score_path = ?"
            " WHERE music_sha256 = ?",
            (music.path, piece.lyrics_path, piece.caption_path, piece.score_path, music.sha256),
        )
        self._db.execute(
            "UPDATE item SET image_path = ?, image_origin = ?, story_path = ?"
            " WHERE music_sha256 = ? AND image_sha256 = ?",
            (picture.path, picture.origin, piece.story_path, music.sha256, picture.sha256),
        )

    def give_picture(self, idx: int, picture: SourcePicture, story_path: bytes | None) -> None:
        """An item has another picture than was planned, and the story that this one brings."""
        self._db.execute(
            "UPDATE item SET image_path = ?, image_sha256 = ?, story_path = ? WHERE idx = ?",
            (picture.path, picture.sha256, story_path, idx),
        )

    def pictures_held(self, music_sha256: str) -> set[str]:
        """The hashes of the pictures of a piece's items."""
        rows = self._db.execute(
            "SELECT image_sha256 FROM sound_item WHERE key BETWEEN ? AND ? AND music_sha256 = ?",
            (music_sha256[:24], f"{music_sha256[:24]}:", music_sha256),
        )
        return {sha256 for (sha256,) in rows}

    def is_held(self, path: bytes) -> bool:
        """Whether a file is the picture or the story of any item."""
        return bool(
            self._db.execute(
                "SELECT 1 FROM item WHERE image_path = ? OR story_path = ? LIMIT 1", (path, path)
            ).fetchone()
        )

    def first_item_of(self, music_sha256: str) -> PlannedItem | None:
        """The first item that is cut from a piece of music."""
        # Keys begin with the hash of the music, and they have an index.
        row = self._db.execute(
            f"{ITEM_FROM} WHERE key BETWEEN ? AND ? AND music_sha256 = ? ORDER BY key LIMIT 1",
            (music_sha256[:24], f"{music_sha256[:24]}:", music_sha256),
        ).fetchone()
        return planned_of(row) if row else None

    def is_incomplete(self) -> bool:
        """Whether the ledger was recovered, and lacks what only the source can tell."""
        return read_meta(self._db, "incomplete") == "yes"

    def complete_items(self, like: Item) -> None:
        """Fill in what shards do not say about the items that are cut from the music of `like`."""
        self._db.execute(
            f"UPDATE item SET {_SET_PIECE}, clip_count = ? WHERE music_sha256 = ?"
            " AND clip_count = 0",
            (*_piece_row(like.piece), like.clip_count, like.piece.music.sha256),
        )

    def complete_item(self, item: Item) -> None:
        """The same for one item, whose picture is not that of the piece's others."""
        self._db.execute(
            f"UPDATE item SET {_SET_PIECE}, clip_count = ? WHERE key = ? AND clip_count = 0",
            (*_piece_row(item.piece), item.clip_count, item.key),
        )

    def end_completing(self) -> None:
        """Note that nothing is lacking any more, if that is so."""
        if (
            self.is_incomplete()
            and not self._db.execute("SELECT 1 FROM item WHERE clip_count = 0").fetchone()
        ):
            self._db.execute("DELETE FROM meta WHERE name = 'incomplete'")

    def plan_again(self, split: Split, planned: list[PlannedItem], provisional: bool) -> None:
        """Make items undecided, in a new block, with the picture and story that they have now."""
        block = self._new_block(split, provisional)
        for table in ("verdict", "prepared", "applied", "unread_item"):
            self._db.executemany(f"DELETE FROM {table} WHERE idx = ?", [(p.idx,) for p in planned])
        self._db.executemany(
            f"UPDATE item SET block = ?, {_SET_PIECE} WHERE idx = ?",
            [(block.n, *_piece_row(p.item.piece), p.idx) for p in planned],
        )


def block_of(row: tuple[Any, ...]) -> PlannedBlock:
    n, split, number, provisional = row
    return PlannedBlock(n, split, number, bool(provisional))


def planned_of(row: tuple[Any, ...]) -> PlannedItem:
    """The planned item of a row of `ITEM_FROM`."""
    idx, block, key, clip_index, clip_count, group, split, *piece = row
    return PlannedItem(idx, block, Item(key, clip_index, clip_count, group, split, _piece(*piece)))


def _piece(
    music_path: bytes,
    music_sha256: str,
    duration_s: float,
    image_path: bytes,
    image_sha256: str,
    image_origin: ImageOrigin,
    story_path: bytes | None,
    tags: str,
    lyrics_path: bytes | None,
    caption_path: bytes | None,
    start_s: float | None,
    end_s: float | None,
    score_path: bytes | None,
) -> Piece:
    """The piece of these columns; `_piece_row` returns them."""
    return Piece(
        SourceFile(music_path, music_sha256),
        duration_s,
        SourcePicture(image_path, image_sha256, image_origin),
        story_path,
        Tags.model_validate_json(tags),
        lyrics_path,
        caption_path,
        None if start_s is None or end_s is None else Stretch(start_s, end_s),
        score_path,
    )


def _piece_row(piece: Piece) -> tuple[bytes | str | float | None, ...]:
    music, picture, stretch = piece.music, piece.picture, piece.stretch
    return (
        *(music.path, music.sha256, piece.duration_s),
        *(picture.path, picture.sha256, picture.origin),
        *(piece.story_path, piece.tags.model_dump_json()),
        *(piece.lyrics_path, piece.caption_path),
        *((stretch.start_s, stretch.end_s) if stretch else (None, None)),
        piece.score_path,
    )
