"""Where a page's facts come from: the ledger of a build, or the shards of a dataset without one."""

import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from mmusset.builder.ledger.file import FOLDER, open_to_read
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.builder.report import ItemStory, explain
from mmusset.speakers.base import Reply

from .members import Members, Span, whole


class Reading(Protocol):
    """A dataset that is open to be read, by one thread."""

    def stamps(self) -> Iterator[tuple[int, str, int]]:
        """Each item's place and key, in order, and a number that changes when the item does."""

    def story(self, key: str) -> ItemStory | None:
        """One item's story; None where there is no such item."""

    def answer(self, request_sha256: str) -> Reply | None:
        """The kept answer to a request."""

    def left_out(self) -> list[LeftOut]:
        """What no item was made of."""


class Dataset(Protocol):
    """A dataset's folder. `takes_marks` says whether it has a ledger to keep them in."""

    out: Path
    takes_marks: bool

    def reading(self) -> AbstractContextManager[Reading]:
        """Open it to read. Raises MmussetError where it can't be."""

    def stamp(self) -> object:
        """Something that differs once the dataset has changed."""

    def member(self, key: str, extension: str) -> Span | None:
        """Where an item's `image.jpg` or `music.flac` lies on the disk, if it does."""


class BuiltDataset:
    """A dataset with its ledger; the build may be going on."""

    takes_marks = True

    def __init__(self, out: Path) -> None:
        self.out = out
        self._members = Members()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        with open_to_read(self.out) as ledger:
            yield LedgerReading(ledger)

    def stamp(self) -> object:
        return [file_stamp(self.out / FOLDER / name) for name in ("ledger.db", "ledger.db-wal")]

    def member(self, key: str, extension: str) -> Span | None:
        with open_to_read(self.out) as ledger:
            planned = ledger.plan.item(key)
            shard = ledger.shards.of(planned.block) if planned else None
        if shard and shard.name:
            found = self._members.find(self.out / shard.name, key, extension)
            if found:
                return found
        # Until its block is sealed, what a build made of an item is in its cache.
        suffix = extension.rpartition(".")[2]
        return whole(self.out / FOLDER / "cache" / f"{key}.{suffix}") if planned else None


class LedgerReading:
    """The ledger, read item by item."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def stamps(self) -> Iterator[tuple[int, str, int]]:
        marks = {m.key: f"{m.verdict} {m.note}".encode() for m in self._ledger.marks.all()}
        for idx, key, stamp in self._ledger.plan.stamps():
            yield idx, key, zlib.crc32(marks[key], stamp) if key in marks else stamp

    def story(self, key: str) -> ItemStory | None:
        return explain(self._ledger, key)[0] if self._ledger.plan.item(key) else None

    def answer(self, request_sha256: str) -> Reply | None:
        return self._ledger.calls.find(request_sha256)

    def left_out(self) -> list[LeftOut]:
        return self._ledger.left_out.all()


def dataset_at(out: Path) -> Dataset:
    """The dataset of a folder.

    Raises MmussetError where there is none, Refused where another version of mmusset made it.
    """
    from .pulled import PulledDataset, shards_in

    if not (out / FOLDER / "ledger.db").exists() and shards_in(out):
        return PulledDataset(out)
    with open_to_read(out):
        return BuiltDataset(out)


def tokens_of(story: ItemStory, reading: Reading) -> int:
    """How many tokens, in and out, the answers on an item have cost."""
    turns = story.outcome.turns if story.outcome else ()
    answers = (reading.answer(turn.request_sha256) for turn in turns)
    return sum(a.prompt_tokens + a.completion_tokens for a in answers if a)


def file_stamp(path: Path) -> tuple[int, int]:
    """Time and size of a file; zeros where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size
