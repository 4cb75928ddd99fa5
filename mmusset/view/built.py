"""A dataset with its ledger, as a build made it or is making it."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmusset.builder.item_story import ItemStory, explain
from mmusset.builder.ledger.file import FOLDER, open_to_read
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.speakers.base import Reply

from .dataset import Reading, file_stamp
from .members import Members, Span, whole


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
            place = self._members.find(self.out / shard.name, key, extension)
            if place:
                return place
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
