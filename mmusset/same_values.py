"""Which of many numbers are the same, without a dictionary of them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PARTS = 16  # in which a column is sorted, so that most of it needs no second place in memory


def runs(column: NDArray[np.uint64]) -> Iterator[NDArray[np.intp]]:
    """The places of each number that a column holds more than once, in order; the least first.

    Numbers are best spread evenly, as hashes are.
    """
    top = np.ascontiguousarray(column, "<u8").view(np.uint8)[7::8] // (256 // PARTS)
    for part in range(PARTS):
        places = np.flatnonzero(top == part)
        yield from (places[run] for run in _runs(column[places]))


def _runs(column: NDArray[np.uint64]) -> Iterator[NDArray[np.intp]]:
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    is_repeated = np.concatenate(([False], ordered[1:] == ordered[:-1], [False]))
    begins = np.flatnonzero(is_repeated[1:] & ~is_repeated[:-1])
    ends = np.flatnonzero(~is_repeated[1:] & is_repeated[:-1])
    return (order[start : end + 1] for start, end in zip(begins, ends, strict=True))
