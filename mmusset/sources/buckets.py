"""More numbers than fit in memory, in a file by buckets, each of which can be sorted alone."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mmusset.temporary_file import TemporaryFile

COUNT = 256
TOGETHER = 1 << 21  # numbers that are written at once

Numbers = NDArray[np.uint64]


class Buckets:
    """Numbers, each in one of `COUNT` buckets."""

    def __init__(self) -> None:
        self._file = TemporaryFile()
        self._waiting: list[tuple[NDArray[np.uint8], Numbers]] = []
        self._count_waiting = 0
        self._begins: list[NDArray[np.int64]] = []  # of what was written at once, in bytes

    def put(self, buckets: NDArray[np.uint8], numbers: Numbers) -> None:
        """Put each number into its bucket. Raises MmussetError where the folder for temporary files
        takes no more."""
        self._waiting.append((buckets, numbers))
        self._count_waiting += len(numbers)
        if self._count_waiting >= TOGETHER:
            self._write()

    def _write(self) -> None:
        buckets, numbers = (np.concatenate(column) for column in zip(*self._waiting, strict=True))
        self._waiting, self._count_waiting = [], 0
        order = np.argsort(buckets, kind="stable")
        begins = np.searchsorted(buckets[order], np.arange(COUNT + 1))
        self._begins.append(self._file.size + begins * numbers.itemsize)
        self._file.append(numbers[order].data)

    def __iter__(self) -> Iterator[Numbers]:
        """What each bucket holds, sorted."""
        if self._waiting:
            self._write()
        for bucket in range(COUNT):
            held = bytearray()
            for begins in self._begins:
                held += self._file.read(begins[bucket], begins[bucket + 1])
            numbers = np.frombuffer(held, np.uint64)
            numbers.sort()
            yield numbers
