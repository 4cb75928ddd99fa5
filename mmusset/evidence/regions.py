"""Masks of a picture: what is near them, which regions they have, and means around each pixel.

As `scipy.ndimage` has it; to import that takes as long as to measure ten pictures.
"""

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]
Places = NDArray[np.intp]


def grown(mask: Bools, steps: int) -> Bools:
    """`mask` `[height, width]` and what lies at most so many steps up, down or sideways from it."""
    for _ in range(steps):
        near = mask.copy()
        near[1:] |= mask[:-1]
        near[:-1] |= mask[1:]
        near[:, 1:] |= mask[:, :-1]
        near[:, :-1] |= mask[:, 1:]
        mask = near
    return mask


def means_around(values: Doubles, side: int) -> Doubles:
    """The mean of `values` `[height, width, channels]` over a square of an even `side` about each
    pixel; beyond its edges a picture is mirrored."""
    down = _means_below(values, side).swapaxes(0, 1)
    return _means_below(down, side).swapaxes(0, 1)


def _means_below(values: Doubles, side: int) -> Doubles:
    """The mean of each value with those of so many rows around it."""
    rows = len(values)
    margins = ((side // 2, side // 2), (0, 0), (0, 0))
    sums = np.cumsum(np.pad(values, margins, "symmetric"), axis=0)
    before = np.pad(sums[: rows - 1], ((1, 0), (0, 0), (0, 0)))
    return (sums[side - 1 : side - 1 + rows] - before) / side


def regions_of(mask: Bools) -> Places:
    """The region of each pixel, from 1 on in the order of their first pixels, 0 outside `mask`
    `[height, width]`. Corners do not join.

    Runs of pixels in a row are joined where they touch one in the row above.
    """
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    run_of = np.zeros(mask.shape, np.intp)
    run_of[mask] = np.repeat(np.arange(len(rows)), ends - starts)
    touching = mask[1:] & mask[:-1]
    above, below = run_of[:-1][touching], run_of[1:][touching]
    least = _least_joined(len(rows), above, below)
    _, number = np.unique(least, return_inverse=True)
    regions = np.zeros(mask.shape, np.intp)
    regions[mask] = number[run_of[mask]] + 1
    return regions


def _least_joined(count: int, ones: Places, others: Places) -> Places:
    """The least number that each of `count` is joined to, over any number of pairs: that which
    either of a pair has found so far becomes the lesser of both, until none changes."""
    least = np.arange(count)
    while True:
        before = least.copy()
        one, other = least[ones], least[others]
        lesser = np.minimum(one, other)
        np.minimum.at(least, one, lesser)
        np.minimum.at(least, other, lesser)
        least = least[least]
        if np.array_equal(least, before):
            return least
