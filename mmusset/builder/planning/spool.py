"""Values in a file, where they are too many for memory: written once, read as often as asked."""

import io
import pickle
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

from mmusset.lazy_sequence import LazySequence
from mmusset.temporary_file import IN_MEMORY, TemporaryFile

T = TypeVar("T")
TOGETHER = 64  # values that are written, and read, at once
LEVEL = 1  # the fastest: paths and names that values share are what there is to gain


class Spool(LazySequence[T]):
    """A sequence of which few values are in memory. Its file goes with it."""

    def __init__(self, values: Iterable[T] = (), in_memory: int = IN_MEMORY) -> None:
        self._file = TemporaryFile(in_memory)
        self._borders = array("Q", (0,))  # of what was written together, in bytes
        self._last: list[T] = []  # not written yet
        self._read_at, self._read = -1, list[T]()
        for value in values:
            self.append(value)

    def append(self, value: T) -> None:
        """One more value at the end. It must not be changed any more. Raises MmussetError where
        the folder for temporary files takes no more."""
        self._last.append(value)
        if len(self._last) == TOGETHER:
            self._file.append(zlib.compress(_pickled(self._last), LEVEL))
            self._borders.append(self._file.size)
            self._last = []

    def __len__(self) -> int:
        return TOGETHER * (len(self._borders) - 1) + len(self._last)

    def value(self, at: int) -> T:
        if not 0 <= at < len(self):
            raise IndexError(at)
        number, place = divmod(at, TOGETHER)
        return self._written(number)[place]

    def _written(self, number: int) -> list[T]:
        if number == len(self._borders) - 1:
            return self._last
        if number != self._read_at:
            written = self._file.read(self._borders[number], self._borders[number + 1])
            self._read = pickle.loads(zlib.decompress(written))
            self._read_at = number
        return self._read


def _pickled(values: object) -> memoryview:
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(values)
    return buffer.getbuffer()


class _Pickler(pickle.Pickler):
    """Dataclasses as what they are made from: those with slots are read through Python otherwise,
    and an offer takes half as long again."""

    def reducer_override(self, value: Any) -> Any:
        if names := _names(value.__class__):
            return value.__class__, tuple(getattr(value, name) for name in names)
        return NotImplemented


@cache
def _names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass; none of anything else."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


class Subsequence(LazySequence[T]):
    """Some of a sequence's values, by their places there."""

    def __init__(self, whole: Sequence[T], places: Sequence[int]) -> None:
        self._whole = whole
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def value(self, at: int) -> T:
        return self._whole[self._places[at]]
