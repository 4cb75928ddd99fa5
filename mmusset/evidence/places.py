"""Where in a picture something lies: a word, how far that word holds, and how full the place is.

All is computed on a grid of 12 x 12 cells, laid over the picture whatever its shape.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mmusset.sample_parts.evidence import Place, Placed, Shape

Doubles = NDArray[np.float64]

CELLS = 12
THIRD = CELLS // 3
EVEN = 0.45  # every ninth has at least so much of what it would have if all were spread evenly
HELD = 0.9  # of what a spot or a band is made of lies in it
MOST_SPOT = 0.42  # of a side: how long a spot is at most
MOST_BAND = 0.3  # of a side: how broad a band is at most
FULL_BAND = 0.55  # of a band is covered, or it is no band
IN_HALF, IN_CORNER, IN_CENTRE = 0.82, 0.78, 0.7  # of it lies there, or the word is not used
BARE_CENTRE = 0.35  # of the share that it has elsewhere: what lies at the edges leaves the middle
SOLID = 0.3  # of the fullest cell's cover: such cells side by side are one region
ONE_REGION, ABOUT_IT = 0.7, 0.85  # of all is in one region; within two thirds of each side
MARGIN = 0.02  # of a side, by which a third is left
MIDDLE = 0.24  # of a side: an eye sees sooner of a spot than of an area that it is off the middle
LEAST_DIFFERENCE = 11.0  # steps of lightness between a place and the rest that an eye sees at once


@dataclass(frozen=True, slots=True)
class _Region:
    where: Place
    cells: NDArray[np.bool_]
    least: float


def place_of(mask: NDArray[np.bool_]) -> Placed:
    """Where the true pixels of `mask` `[height, width]` lie, of which there is at least one."""
    _, pixels = _cells_in(mask.shape)
    covered = _grid(mask.astype(np.float64))
    mass = covered / covered.sum()
    coverage = covered / np.maximum(pixels, 1)
    share = float(mask.mean())
    spread = float(_ninths(coverage).min()) / share
    if spread >= EVEN:
        return _placed(where="all over", shape="area", confidence=0.5 + spread, filled=share)
    return (
        _spot(mass, coverage)
        or _band(mass, coverage)
        or _band(mass.T, coverage.T, upright=True)
        or _area(mass, coverage)
        or _region(mass, coverage)
        or _placed(where="scattered", shape="area", confidence=1 - spread, filled=share)
    )


def lightest(lightness: Doubles) -> Placed:
    """Where a picture `[height, width]` in steps of CIE lightness is lighter than elsewhere.

    The confidence is the chance that a cell there is lighter than one elsewhere; `filled` is the
    difference of the means, 1 for all from black to white.
    """
    _, pixels = _cells_in(lightness.shape)
    cells = _grid(lightness) / np.maximum(pixels, 1)
    best = max(_REGIONS, key=lambda region: _difference(cells, region.cells))
    difference = _difference(cells, best.cells)
    if difference < LEAST_DIFFERENCE:
        return _placed(where="all over", shape="area", confidence=1 - difference / 100, filled=0.0)
    inside, outside = cells[best.cells], cells[~best.cells]
    lighter = float((inside[:, None] > outside[None]).mean())
    return _placed(where=best.where, shape="area", confidence=lighter, filled=difference / 100)


def _placed(where: Place, shape: Shape, confidence: float, filled: float) -> Placed:
    """A place; sums of shares may be a hair more than 1."""
    confidence, filled = (float(np.clip(share, 0, 1)) for share in (confidence, filled))
    return Placed(where=where, shape=shape, confidence=confidence, filled=filled)


def _spot(mass: Doubles, coverage: Doubles) -> Placed | None:
    rows, columns = _shortest(mass.sum(axis=1)), _shortest(mass.sum(axis=0))
    if max(_length(rows), _length(columns)) > MOST_SPOT:
        return None
    where = _NINTHS[_third(mass.sum(axis=1), MIDDLE)][_third(mass.sum(axis=0), MIDDLE)]
    inside = (slice(*rows), slice(*columns))
    return _placed(
        where=where,
        shape="spot",
        confidence=float(mass[inside].sum()),
        filled=float(coverage[inside].mean()),
    )


def _band(mass: Doubles, coverage: Doubles, upright: bool = False) -> Placed | None:
    rows = _shortest(mass.sum(axis=1))
    inside = slice(*rows)
    filled = float(coverage[inside].mean())
    thirds = coverage[inside].mean(axis=0).reshape(3, THIRD).mean(axis=1)
    if _length(rows) > MOST_BAND or filled < FULL_BAND or thirds.min() < FULL_BAND * 0.8:
        return None
    wheres: tuple[Place, ...] = (
        ("left", "centre", "right") if upright else ("top", "centre", "bottom")
    )
    return _placed(
        where=wheres[_third(mass.sum(axis=1))],
        shape="upright band" if upright else "band",
        confidence=float(mass[inside].sum()),
        filled=filled,
    )


def _area(mass: Doubles, coverage: Doubles) -> Placed | None:
    fitting = [region for region in _AREAS if mass[region.cells].sum() >= region.least]
    if fitting:
        best = fitting[0]
        return _placed(
            where=best.where,
            shape="area",
            confidence=float(mass[best.cells].sum()),
            filled=float(coverage[best.cells].mean()),
        )
    outer = coverage[~_CENTRE]
    sides = _ninths(coverage)
    around = min(sides[0].mean(), sides[2].mean(), sides[:, 0].mean(), sides[:, 2].mean())
    bare = coverage[_CENTRE].mean() / max(outer.mean(), 1e-9)
    if bare > BARE_CENTRE or around < EVEN * outer.mean():
        return None
    filled = float(outer.mean())
    return _placed(where="edges", shape="area", confidence=float(1 - bare / 2), filled=filled)


def _region(mass: Doubles, coverage: Doubles) -> Placed | None:
    """Where the centre of what hangs together lies, if nearly all of that lies about it."""
    region = _largest_region(coverage >= SOLID * coverage.max())
    if mass[region].sum() < ONE_REGION:
        return None
    inside = np.where(region, mass, 0.0) / mass[region].sum()
    row, column = _third(inside.sum(axis=1)), _third(inside.sum(axis=0))
    about = (slice(*_TWO_THIRDS[row]), slice(*_TWO_THIRDS[column]))
    held = float(mass[about].sum())
    if held < ABOUT_IT:
        return None
    filled = float(coverage[about].mean())
    return _placed(where=_NINTHS[row][column], shape="area", confidence=held, filled=filled)


def _largest_region(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the true cells, those of the largest region that hangs together, corners included."""
    left, largest = cells.copy(), np.zeros_like(cells)
    while left.any():
        region = np.zeros_like(cells)
        region[tuple(np.argwhere(left)[0])] = True
        while (grown := _grown(region) & left).sum() > region.sum():
            region = grown
        left &= ~region
        largest = max(largest, region, key=np.sum)
    return largest


def _grown(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A region and the cells around it."""
    upright = region.copy()
    upright[1:] |= region[:-1]
    upright[:-1] |= region[1:]
    around = upright.copy()
    around[:, 1:] |= upright[:, :-1]
    around[:, :-1] |= upright[:, 1:]
    return around


def _grid(values: Doubles) -> Doubles:
    """The sums over each cell `[12, 12]`."""
    cell, _ = _cells_in(values.shape)
    sums = np.bincount(cell, values.ravel(), minlength=CELLS * CELLS)
    return sums.astype(np.float64).reshape(CELLS, CELLS)


@lru_cache(maxsize=1)
def _cells_in(shape: tuple[int, ...]) -> tuple[NDArray[np.intp], Doubles]:
    """The cell of each pixel of a picture of this shape, and how many pixels each cell has."""
    height, width = shape
    rows, columns = np.arange(height) * CELLS // height, np.arange(width) * CELLS // width
    cell = (rows[:, None] * CELLS + columns[None]).ravel()
    pixels = np.bincount(cell, minlength=CELLS * CELLS).astype(np.float64)
    return cell, pixels.reshape(CELLS, CELLS)


def _ninths(coverage: Doubles) -> Doubles:
    return np.asarray(coverage.reshape(3, THIRD, 3, THIRD).mean(axis=(1, 3)))


def _shortest(profile: Doubles) -> tuple[int, int]:
    """The shortest run of rows that holds HELD of a profile; the fullest of those."""
    sums = np.concatenate([[0.0], np.cumsum(profile)])
    runs = [
        (stop - start, -(sums[stop] - sums[start]), start, stop)
        for start in range(CELLS)
        for stop in range(start + 1, CELLS + 1)
        if sums[stop] - sums[start] >= HELD
    ]
    _, _, start, stop = min(runs)
    return start, stop


def _length(run: tuple[int, int]) -> float:
    return (run[1] - run[0]) / CELLS


def _third(profile: Doubles, middle: float = 1 / 3 + 2 * MARGIN) -> int:
    """Which part of the side the centre of mass lies in, of which the second is `middle` long."""
    centre = float((profile * (np.arange(CELLS) + 0.5)).sum() / CELLS)
    return 0 if centre < (1 - middle) / 2 else 2 if centre > (1 + middle) / 2 else 1


def _difference(cells: Doubles, inside: NDArray[np.bool_]) -> float:
    return float(cells[inside].mean() - cells[~inside].mean())


def _cells(rows: slice, columns: slice) -> NDArray[np.bool_]:
    cells = np.zeros((CELLS, CELLS), dtype=np.bool_)
    cells[rows, columns] = True
    return cells


_TWO_THIRDS = ((0, 2 * THIRD), (THIRD // 2, CELLS - THIRD // 2), (THIRD, CELLS))
_ALL, _FIRST, _LAST = slice(None), slice(0, CELLS // 2), slice(CELLS // 2, None)
_MIDDLE = slice(CELLS // 4, 3 * CELLS // 4)
_CENTRE = _cells(_MIDDLE, _MIDDLE)
_NINTHS: tuple[tuple[Place, Place, Place], ...] = (
    ("top left", "top", "top right"),
    ("left", "centre", "right"),
    ("bottom left", "bottom", "bottom right"),
)
_AREAS = (
    _Region("top left", _cells(_FIRST, _FIRST), IN_CORNER),
    _Region("top right", _cells(_FIRST, _LAST), IN_CORNER),
    _Region("bottom left", _cells(_LAST, _FIRST), IN_CORNER),
    _Region("bottom right", _cells(_LAST, _LAST), IN_CORNER),
    _Region("centre", _CENTRE, IN_CENTRE),
    _Region("top", _cells(_FIRST, _ALL), IN_HALF),
    _Region("bottom", _cells(_LAST, _ALL), IN_HALF),
    _Region("left", _cells(_ALL, _FIRST), IN_HALF),
    _Region("right", _cells(_ALL, _LAST), IN_HALF),
)
_REGIONS = (*_AREAS[4:], _Region("edges", ~_CENTRE, 0.0))

# All that `lightest` may give.
LIGHTER_PLACES: tuple[Place, ...] = (
    "all over",
    "top",
    "bottom",
    "left",
    "right",
    "centre",
    "edges",
)
