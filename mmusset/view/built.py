"""A dataset with its ledger, as a build made it or is making it."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmusset.builder.item_story import ItemStory, story_of
from mmusset.builder.ledger.file import open_to_read
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.shards.manifest import FOLDER
from mmusset.shards.mirror import mirror_in
from mmusset.shards.shard_files import shard_files
from mmusset.sources.choose import source_at
from mmusset.sources.source import kind_of
from mmusset.speakers.base import Reply

from .card import left_out_key
from .dataset import Reading, file_stamp
from .members import Members, Span, whole
from .skipped_pictures import SkippedPicture


class BuiltDataset:
    """A dataset with its ledger; the build may be going on. In a mirror, marks would be lost."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.takes_marks = mirror_in(out) is None
        self._shards = shard_files(out)
        self._members = Members()
        self._skipped: dict[str, SkippedPicture] = {}
        self._skipped_of: object = None

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        with open_to_read(self.out) as ledger:
            yield LedgerReading(ledger)

    def stamp(self) -> object:
        return [file_stamp(self.out / FOLDER / name) for name in ("ledger.db", "ledger.db-wal")]

    def skipped_picture(self, key: str) -> SkippedPicture | None:
        stamp = self.stamp()
        if stamp != self._skipped_of:
            with self.reading() as reading:
                self._skipped, self._skipped_of = reading.skipped_pictures(), stamp
        return self._skipped.get(key)

    def member(self, key: str, extension: str) -> Span | None:
        with open_to_read(self.out) as ledger:
            planned = ledger.plan.item(key)
            shard = ledger.shards.of(planned.block) if planned else None
        if shard and shard.name:
            with suppress(FileNotFoundError):
                path = self._shards.path(shard.name, shard.sha256)
                if place := self._members.find(path, key, extension):
                    return place
        # Until its block is sealed, what a build made of an item is in its cache.
        ending = extension.removeprefix("image.").removeprefix("music.")
        return whole(self.out / FOLDER / "cache" / f"{key}.{ending}") if planned else None


class LedgerReading:
    """The ledger, read item by item."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def stamps(self) -> Iterator[tuple[int, str, int]]:
        marks = {m.key: f"{m.verdict} {m.note}".encode() for m in self._ledger.marks.all()}
        for idx, key, stamp in self._ledger.plan.stamps():
            yield idx, key, zlib.crc32(marks[key], stamp) if key in marks else stamp

    def story(self, key: str) -> ItemStory | None:
        planned = self._ledger.plan.item(key)
        return story_of(self._ledger, planned) if planned else None

    def answer(self, request_sha256: str) -> Reply | None:
        return self._ledger.calls.find(request_sha256)

    def left_out(self) -> list[LeftOut]:
        return self._ledger.left_out.all()

    def skipped_pictures(self) -> dict[str, SkippedPicture]:
        """The skipped pictures that the build has read, if it is known where they are."""
        ledger, found = self._ledger, dict[str, SkippedPicture]()
        address = ledger.job.source
        for left in ledger.left_out.skipped() if address else ():
            if kind_of(left.path) == "image" and (sha256 := ledger.media.sha256_read(left.path)):
                found[left_out_key(left)] = SkippedPicture(source_at(address), left.path, sha256)
        return found
