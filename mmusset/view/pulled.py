"""A dataset of shards without a ledger, such as one that was pulled: each sample's JSON tells
what is known of it. There is nowhere to keep marks."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from mmusset.builder.item_story import ItemStory
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.errors import MmussetError
from mmusset.sample import Outcome, Quadruple, Verdict
from mmusset.shards.tar import Shard
from mmusset.speakers.base import Reply

from .dataset import Reading, file_stamp
from .members import Members, Span
from .skipped_pictures import SkippedPicture


class PulledDataset:
    """The shards of a folder, as a dataset to look at."""

    takes_marks = False

    def __init__(self, out: Path) -> None:
        self.out = out
        self._members = Members()
        self._shard_of: dict[str, Path] = {}

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        yield self

    def stamps(self) -> Iterator[tuple[int, str, int]]:
        idx = 0
        for path in shards_in(self.out):
            stamp = zlib.crc32(repr((path.name, file_stamp(path))).encode())
            for key in self._members.places(path):
                self._shard_of[key] = path
                yield idx, key, stamp
                idx += 1

    def story(self, key: str) -> ItemStory | None:
        path = self._shard_of.get(key)
        return _story(path, self._members.find(path, key, "json")) if path else None

    def answer(self, request_sha256: str) -> Reply | None:
        return None

    def left_out(self) -> list[LeftOut]:
        """The shards that can't be read."""
        return [
            LeftOut(
                f"data/{path.name}".encode(),
                "skipped",
                "damaged shard",
                "`mmusset verify` says why",
            )
            for path in shards_in(self.out)
            if not self._members.places(path)
        ]

    def skipped_pictures(self) -> dict[str, SkippedPicture]:
        """None: nothing is known of the source."""
        return {}

    def skipped_picture(self, key: str) -> SkippedPicture | None:
        return None

    def stamp(self) -> object:
        return [(path.name, file_stamp(path)) for path in shards_in(self.out)]

    def member(self, key: str, extension: str) -> Span | None:
        path = self._shard_of.get(key)
        return self._members.find(path, key, extension) if path else None


def shards_in(out: Path) -> list[Path]:
    """The shards of a dataset's folder, sorted."""
    return sorted((out / "data").glob("*.tar"))


def _story(path: Path, span: Span | None) -> ItemStory:
    try:
        q = Quadruple.model_validate_json(span.read() if span else b"")
    except (ValidationError, OSError):
        raise MmussetError(
            f"{path} holds a sample whose JSON is not mmusset's; `mmusset verify` says why"
        ) from None
    return ItemStory(
        item=q,
        prepared=q.prepared(),
        outcome=Outcome(
            verdict=Verdict(status="accepted", reason="", detail=""),
            caption=q.caption,
            story=q.story,
            turns=q.turns,
        ),
        mark=None,
        applied=None,
        shard=Shard(f"data/{path.name}", 0, 0, ""),
    )
