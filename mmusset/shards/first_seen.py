"""What split a value was first seen in, of as many values as a dataset has, with little in memory.

A value is its hash, 64 bits, and takes 9 bytes in sorted columns; in a dictionary of strings it
would take about a hundred. That any two of ten million samples' are taken for one has odds of 1 to
20,000.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

RECENT = 1 << 16  # values in a dictionary, until they are sorted into columns

Column = tuple[NDArray[np.uint64], NDArray[np.uint8]]  # numbers in order, and the split of each


class FirstSeen:
    """The split that each value was first seen in."""

    def __init__(self) -> None:
        self._splits: list[str] = []
        self._recent: dict[int, int] = {}
        self._columns: list[Column] = []  # each larger than the next

    def copy(self) -> "FirstSeen":
        """Another that has seen the same."""
        other = FirstSeen()
        other._splits, other._columns = list(self._splits), list(self._columns)
        other._recent = dict(self._recent)
        return other

    def __contains__(self, value: str) -> bool:
        return self._place(_number(value)) >= 0

    def before(self, value: str, split: str) -> str:
        """The split that a value was seen in before; "" where this is the first time."""
        number = _number(value)
        if (at := self._place(number)) >= 0:
            return self._splits[at]
        if split not in self._splits:
            self._splits.append(split)
        self._recent[number] = self._splits.index(split)
        if len(self._recent) == RECENT:
            self._sort_in()
        return ""

    def _place(self, number: int) -> int:
        """The split's place among all, -1 where there is none."""
        if number in self._recent:
            return self._recent[number]
        for numbers, splits in self._columns:
            place = np.searchsorted(numbers, np.uint64(number))
            if place < len(numbers) and numbers[place] == number:
                return int(splits[place])
        return -1

    def _sort_in(self) -> None:
        """What is recent becomes a column. Columns of about one size become one: there are few."""
        numbers = np.fromiter(self._recent, np.uint64, len(self._recent))
        splits = np.fromiter(self._recent.values(), np.uint8, len(self._recent))
        self._recent = {}
        while self._columns and len(self._columns[-1][0]) <= len(numbers):
            others, their_splits = self._columns.pop()
            numbers = np.concatenate([others, numbers])
            splits = np.concatenate([their_splits, splits])
        order = np.argsort(numbers)
        self._columns.append((numbers[order], splits[order]))


def _number(value: str) -> int:
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest())
