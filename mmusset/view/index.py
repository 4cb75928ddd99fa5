"""The index: what filters, searches and counts are answered from, so that no page reads the whole.

A SQLite file that can be thrown away: one row an item with a label for each facet, its card,
and its words for full-text search. A pass over the dataset's stamps brings it up to date.
"""

import sqlite3
import tempfile
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TypeVar

import orjson

from mmusset.errors import MmussetError
from mmusset.shards.manifest import FOLDER
from mmusset.temporary_folder import TemporaryFolder

from .card import Card, card_of, left_out_card, left_out_key
from .dataset import Reading, tokens_of
from .facets import Facet, Values, facets, left_out_values, numbers_of, values_of
from .filters import MOST_VALUES, Filter, as_sql, number_column, order_sql, words_of

T = TypeVar("T")

NAME = "view.db"

# Rows that become visible together while the index is made.
BATCH = 500
# What no item was made of stands behind all items.
FIRST_LEFT_OUT = 1 << 40
VERSION = 5
# How long one who writes waits for another who looks at the same dataset.
BUSY_S = 60.0
_SCHEMA = """
CREATE TABLE change (count INTEGER NOT NULL);
INSERT INTO change VALUES (0);
CREATE TABLE card (idx INTEGER PRIMARY KEY, card BLOB NOT NULL, words TEXT NOT NULL);
CREATE VIRTUAL TABLE found USING fts5 (words, content='card', content_rowid='idx', detail=none,
    columnsize=0, tokenize="ascii");
CREATE TRIGGER card_added AFTER INSERT ON card BEGIN
    INSERT INTO found (rowid, words) VALUES (new.idx, new.words); END;
CREATE TRIGGER card_removed AFTER DELETE ON card BEGIN
    INSERT INTO found (found, rowid, words) VALUES ('delete', old.idx, old.words); END;
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the items that a filter lets through, as JSON, and how many there are."""

    total: int
    cards: list[bytes]


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """How many items have each value of a facet; `more` values are not listed."""

    name: str
    values: list[tuple[str, int]]
    more: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands among those that a filter lets through; keys are "" at the ends."""

    number: int
    total: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class IndexedItem:
    """An item as the index has it: its card as JSON, its words, its labels in each facet, and its
    numbers in those that items can be sorted by."""

    key: str
    card: bytes
    words: str
    labels: dict[str, list[str]]
    numbers: dict[str, float | None]


class Index:
    """The index in one file. Rebuilt where it is damaged or of another version."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not self._is_usable():
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            with self._open() as db:
                db.execute("PRAGMA journal_mode = WAL")
                db.executescript(_schema())

    # --- bringing it up to date -----------------------------------------------------------

    def refresh(
        self, reading: Reading, on_progress: Callable[[int], None] = lambda done: None
    ) -> None:
        """Bring it up to date; `on_progress` is called with how many items were compared."""
        with self._open() as db:
            known = _Stamps(db.execute("SELECT idx, stamp FROM item ORDER BY idx"))
            for batch in _batches(self._changed(reading, known, on_progress)):
                self._put(db, [row for one in batch if (row := _row(reading, *one))])
            for rows in _batches(self._changed_left_out(reading, known)):
                self._put(db, rows)
            for gone in _batches(known.left()):
                self._remove(db, [(idx,) for idx in gone])

    def refresh_one(self, reading: Reading, key: str) -> None:
        """Bring one item up to date; its stamp is left to the next pass."""
        with self._open() as db:
            known = db.execute("SELECT idx FROM item WHERE key = ?", (key,)).fetchone()
            row = _row(reading, known[0], key, 0) if known else None
            if row:
                self._put(db, [row])

    def _changed(
        self, reading: Reading, known: "_Stamps", on_progress: Callable[[int], None]
    ) -> Iterator[tuple[int, str, int]]:
        """What differs; what is left in `known` is there no more."""
        for done, (idx, key, stamp) in enumerate(reading.stamps(), start=1):
            if known.take(idx) != stamp:
                yield idx, key, stamp
            if done % BATCH == 0:
                on_progress(done)

    def _changed_left_out(self, reading: Reading, known: "_Stamps") -> "Iterator[_IndexRow]":
        pictures = reading.skipped_pictures()
        for number, left in enumerate(reading.left_out()):
            card = left_out_card(left, left_out_key(left) in pictures)
            stamp = int.from_bytes(sha256(orjson.dumps(card)).digest()[:6])
            idx = FIRST_LEFT_OUT + number
            if known.take(idx) != stamp:
                yield _IndexRow(idx, stamp, card, left_out_values(left), {})

    @property
    def version(self) -> int:
        """A number that grows with every change, whoever makes it."""
        with self._open() as db:
            return int(db.execute("SELECT count FROM change").fetchone()[0])

    def _put(self, db: sqlite3.Connection, rows: "list[_IndexRow]") -> None:
        with db:
            db.execute("BEGIN IMMEDIATE")
            self._delete(db, [(row.idx,) for row in rows])
            all_facets = facets()
            marks = ", ".join("?" * (3 + len(all_facets) + len(_sorted())))
            db.executemany(
                f"INSERT OR REPLACE INTO item VALUES ({marks})",
                [_values(row, all_facets) for row in rows],
            )
            db.executemany(
                "INSERT INTO card VALUES (?, ?, ?)",
                [(row.idx, orjson.dumps(row.card), _words(row.card)) for row in rows],
            )

    def _remove(self, db: sqlite3.Connection, rows: list[tuple[int]]) -> None:
        with db:
            db.execute("BEGIN IMMEDIATE")
            self._delete(db, rows)

    def _delete(self, db: sqlite3.Connection, rows: list[tuple[int]]) -> None:
        db.executemany("DELETE FROM card WHERE idx = ?", rows)
        db.executemany("DELETE FROM item WHERE idx = ?", rows)
        db.execute("UPDATE change SET count = count + 1")

    # --- asking -----------------------------------------------------------------------------

    def size(self) -> int:
        """How many items and files that are none it knows."""
        with self._open() as db:
            return int(db.execute("SELECT COUNT(*) FROM item").fetchone()[0])

    def page(self, query: Filter, number: int, size: int) -> Page:
        """Page `number`, from 1, of what a filter lets through."""
        where, values = as_sql(query)
        with self._open() as db:
            (total,) = db.execute(f"SELECT COUNT(*) FROM item {where}", values).fetchone()
            rows = db.execute(
                f"SELECT card FROM (SELECT idx, {order_sql(query)} AS rank FROM item {where}"
                " ORDER BY rank, idx LIMIT ? OFFSET ?) JOIN card USING (idx) ORDER BY rank, idx",
                (*values, size, (number - 1) * size),
            )
            return Page(total, [card for (card,) in rows])

    def labels(self) -> dict[str, list[str]]:
        """All labels of each facet, in the order in which they are listed at equal counts."""
        with self._open() as db:
            return {facet.name: _labels(db, facet) for facet in facets()}

    def counts(self, query: Filter) -> list[FacetCounts]:
        """How many items have each value of each facet; its own value does not narrow a facet."""
        with self._open() as db:
            return [_counts(db, facet, query.without(facet.name)) for facet in facets()]

    def place(self, query: Filter, key: str) -> Place:
        """Where an item stands in what a filter lets through, or would stand."""
        where, values = as_sql(query)
        also = f"{where} AND" if where else "WHERE"
        with self._open() as db:
            rank = order_sql(query)
            known = db.execute(f"SELECT {rank}, idx FROM item WHERE key = ?", (key,)).fetchone()
            here = known or (float("-inf"), -1)

            def key_at(condition: str) -> str:
                row = db.execute(f"SELECT key FROM item {also} {condition}", (*values, *here))
                return next((key for (key,) in row), "")

            (total,) = db.execute(f"SELECT COUNT(*) FROM item {where}", values).fetchone()
            (number,) = db.execute(
                f"SELECT COUNT(*) FROM item {also} ({rank}, idx) <= (?, ?)", (*values, *here)
            ).fetchone()
            before = key_at(f"({rank}, idx) < (?, ?) ORDER BY {rank} DESC, idx DESC LIMIT 1")
            after = key_at(f"({rank}, idx) > (?, ?) ORDER BY {rank}, idx LIMIT 1")
            return Place(number, total, before, after)

    def card(self, key: str) -> bytes | None:
        """One item's card, as JSON."""
        with self._open() as db:
            row = db.execute(
                "SELECT card FROM card JOIN item USING (idx) WHERE key = ?", (key,)
            ).fetchone()
            return row[0] if row else None

    def rows(self) -> Iterator[IndexedItem]:
        """All items, in order."""
        with self._open() as db:
            for key, card, words, *stored in db.execute(
                f"SELECT key, card, words, {', '.join((*_columns(), *_number_columns()))} FROM item"
                " JOIN card USING (idx) ORDER BY idx"
            ):
                pairs = zip(facets(), stored[: len(facets())], strict=True)
                numbers = dict(zip(_sorted(), stored[len(facets()) :], strict=True))
                labels = {facet.name: _labels_stored(facet, value) for facet, value in pairs}
                yield IndexedItem(key, card, words, labels, numbers)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Raises MmussetError where the index can't be read or written."""
        try:
            with closing(sqlite3.connect(self._path, BUSY_S, isolation_level=None)) as db:
                db.execute("PRAGMA synchronous = NORMAL")
                yield db
        except sqlite3.Error as error:
            raise MmussetError(
                f"the index {self._path} can't be used ({error}); make room on the disk, or"
                " delete it: it will be rebuilt"
            ) from None

    def _is_usable(self) -> bool:
        """Whether there is a file of this version, and of these facets."""
        if not self._path.exists():
            return False
        try:
            with closing(sqlite3.connect(self._path, BUSY_S)) as db:
                return bool(db.execute("PRAGMA user_version").fetchone() == (_version(),))
        except sqlite3.DatabaseError:
            return False


def _schema() -> str:
    """The statements that make an empty index: an item has a column for each facet."""
    columns = ", ".join(
        (
            *(f"{column} TEXT NOT NULL" for column in _columns()),
            *(f"{column} REAL" for column in _number_columns()),
        )
    )
    return f"""
CREATE TABLE item (idx INTEGER PRIMARY KEY, stamp INTEGER NOT NULL, key TEXT UNIQUE NOT NULL,
    {columns});
{_SCHEMA}
PRAGMA user_version = {_version()};
"""


def _columns() -> list[str]:
    return [f'"{facet.name}"' for facet in facets()]


def _sorted() -> list[str]:
    return [facet.name for facet in facets() if facet.sorted]


def _number_columns() -> list[str]:
    return [f'"{number_column(name)}"' for name in _sorted()]


def _version() -> int:
    """Another one for each set of facets, in the 31 bits that SQLite keeps of a version."""
    return zlib.crc32(f"{VERSION} {_columns()} {_number_columns()}".encode()) & 0x7FFFFFFF


class _Stamps:
    """The stamps of what is indexed by its number, in 17 bytes each; a dictionary takes 107."""

    def __init__(self, rows: Iterable[tuple[int, int]]) -> None:
        self._numbers, self._stamps = array("q"), array("q")
        for number, stamp in rows:  # in order
            self._numbers.append(number)
            self._stamps.append(stamp)
        self._taken = bytearray(len(self._numbers))

    def take(self, number: int) -> int | None:
        """The stamp of a number, which is not left then; None for one that is not there."""
        place = bisect_left(self._numbers, number)
        if place == len(self._numbers) or self._numbers[place] != number:
            return None
        self._taken[place] = True
        return self._stamps[place]

    def left(self) -> Iterator[int]:
        """The numbers that were not taken."""
        return (n for n, taken in zip(self._numbers, self._taken, strict=True) if not taken)


@dataclass(frozen=True, slots=True)
class _IndexRow:
    idx: int
    stamp: int
    card: Card
    values: Values
    numbers: dict[str, float]


def _row(reading: Reading, idx: int, key: str, stamp: int) -> _IndexRow | None:
    story = reading.story(key)
    if story is None:
        return None
    values = values_of(story, tokens_of(story, reading))
    return _IndexRow(idx, stamp, card_of(story), values, numbers_of(story))


def _values(row: _IndexRow, all_facets: Sequence[Facet]) -> tuple[object, ...]:
    labels = (_stored(facet, row.values.get(facet.name, ())) for facet in all_facets)
    numbers = (row.numbers.get(facet.name) for facet in all_facets if facet.sorted)
    return (row.idx, row.stamp, row.card.key, *labels, *numbers)


def _stored(facet: Facet, values: tuple[str, ...]) -> str:
    if facet.several:
        return orjson.dumps(values).decode()
    return values[0] if values else ""


def _labels_stored(facet: Facet, stored: str) -> list[str]:
    if facet.several:
        return list(orjson.loads(stored))
    return [stored] if stored else []


def _words(card: Card) -> str:
    """The words that a search looks in, each once: the tokenizer splits them at the blanks alone,
    since it takes all that is not ASCII for letters."""
    caption = "".join(run.text for run in card.caption)
    text = "\n".join((card.title, card.path, card.story, caption, card.detail))
    return " ".join(dict.fromkeys(words_of(text)))


def _labels(db: sqlite3.Connection, facet: Facet) -> list[str]:
    if facet.labels:
        return list(facet.labels)
    return sorted(label for label, _ in _counted(db, facet, Filter()))


def _counts(db: sqlite3.Connection, facet: Facet, query: Filter) -> FacetCounts:
    counts = _counted(db, facet, query)
    if facet.labels:
        order = {label: place for place, label in enumerate(facet.labels)}
        counts.sort(key=lambda pair: order[pair[0]])
        return FacetCounts(facet.name, counts, 0)
    return FacetCounts(facet.name, counts[:MOST_VALUES], max(0, len(counts) - MOST_VALUES))


def _counted(db: sqlite3.Connection, facet: Facet, query: Filter) -> list[tuple[str, int]]:
    """Labels and how many items that pass the filter have them, the most frequent first."""
    where, values = as_sql(query)
    if facet.several:
        source, value = f'item, json_each(item."{facet.name}") AS each', "each.value"
    else:
        source, value = "item", f'"{facet.name}"'
    rows = db.execute(
        f"SELECT {value} AS label, COUNT(*) FROM {source} {where} GROUP BY label"
        " ORDER BY 2 DESC, 1",
        values,
    )
    return [(label, count) for label, count in rows if label]


def index_path(out: Path, stack: ExitStack) -> Path:
    """Where a dataset's index is: beside its ledger, or, where that folder is read-only or there is
    no ledger, in a folder that goes with `stack`."""
    folder = out / FOLDER
    try:
        with tempfile.TemporaryFile(dir=folder):
            return folder / NAME
    except OSError:
        return Path(stack.enter_context(TemporaryFolder())) / NAME


def _batches(things: Iterable[T]) -> Iterator[list[T]]:
    left = iter(things)
    while batch := list(islice(left, BATCH)):
        yield batch
