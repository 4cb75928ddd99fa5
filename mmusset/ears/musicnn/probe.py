"""What no tag names safely, told by what both networks hear before their tags.

A logistic regression of our own for each thing, over what is strongest and what is usual of each
feature of MTT's and MSD's network; `benchmarks/names.py` trains it, and says what it is worth.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FILE = Path(__file__).with_name("probe.npz")


def scores_of(pooled: Iterable[Floats]) -> dict[str, float]:
    """A score from 0 to 1 for each thing, of a clip's windows `[windows, 1506]` in each network."""
    names, factors, offsets = _weights()
    logits = factors @ features(pooled) + offsets
    return dict(zip(names, (1 / (1 + np.exp(-logits))).tolist(), strict=True))


def features(pooled: Iterable[Floats]) -> NDArray[np.float64]:
    """The mean over a clip's windows, of one network after the other: `[3012]`."""
    means = [windows.mean(axis=0, dtype=np.float64) for windows in pooled]
    return np.concatenate(means)


@cache
def _weights() -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    with np.load(FILE) as file:
        factors, offsets = (file[name].astype(np.float64) for name in ("factors", "offsets"))
        return tuple(map(str, file["names"])), factors, offsets
