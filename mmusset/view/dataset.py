"""What a page asks of a dataset, whether a ledger answers (`built.py`) or shards (`pulled.py`)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from mmusset.builder.item_story import ItemStory
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.speakers.base import Reply

from .members import Span
from .skipped_pictures import SkippedPicture


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

    def skipped_pictures(self) -> dict[str, SkippedPicture]:
        """What of that are pictures which can be shown, by key."""


class ViewedDataset(Protocol):
    """A dataset's folder. `takes_marks` says whether it has a ledger to keep them in."""

    out: Path
    takes_marks: bool

    def reading(self) -> AbstractContextManager[Reading]:
        """Open it to read. Raises MmussetError where it can't be."""

    def stamp(self) -> object:
        """Something that differs once the dataset has changed."""

    def skipped_picture(self, key: str) -> SkippedPicture | None:
        """A picture that no item was made of, if it can be shown."""

    def member(self, key: str, extension: str) -> Span | None:
        """Where an item's `image.jpg`, `music.flac` or `frames.jpg` lies, if it is there."""


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
