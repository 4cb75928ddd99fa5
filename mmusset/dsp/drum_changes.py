"""When in a piece drums come in and go out: by what is new in the spectrum at each onset.

`percussion.py` tells whether a clip has drums; here each onset is asked alone, and the likeliest
course of the whole piece is found that changes its mind seldom (a hidden Markov model of two
states, by Viterbi's algorithm). The constants were fitted by `benchmarks/sections.py`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Regression

from . import percussion
from .onsets import Onsets
from .spectrum import Spectrum

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

Kind = Literal["in", "out"]

ONSET = Regression(weights=(11.02, -60.99, 0.26, 0.99), bias=2.38)
CHANGE = Regression(weights=(0.22,), bias=-1.04)
RINGING = 6  # frames from an onset on, over which flatness is taken: a tenth of a second
SUREST = 3.0  # logarithm of the odds that one onset may give at most
CLEAR = 1.0  # and what the first and the last stroke of drums give at least
SELDOM = 8.0  # what a change costs, in the same unit
AROUND_S = 8.0  # on either side of a change, which tells how sure it is


@dataclass(frozen=True, slots=True)
class DrumChange:
    """At this moment drums come in, with their first stroke, or go out, with their last."""

    at_s: float
    kind: Kind
    confidence: float


def drums_at_onsets(spectrum: Spectrum, onsets: Onsets) -> tuple[Doubles, Doubles]:
    """When notes begin, in seconds, and what tells of drums in each, `[onsets, 4]`."""
    frames = percussion.heard_around(onsets)
    # An onset is heard in the middle of its frame.
    middle_s = (spectrum.power.shape[1] - 1) / spectrum.rate_hz
    times_s = frames * spectrum.hop_s + middle_s
    return times_s, percussion.onset_features(spectrum, frames, RINGING)


def changes(times_s: Doubles, features: Doubles) -> list[DrumChange]:
    """The changes of a piece, in order, by its onsets."""
    return [
        DrumChange(at_s, kind, CHANGE((evidence,)))
        for at_s, kind, evidence in likeliest_changes(times_s, features)
    ]


def likeliest_changes(times_s: Doubles, features: Doubles) -> list[tuple[float, Kind, float]]:
    """When and how drums change on the likeliest course, and the evidence for it: the logarithm of
    the odds of the onsets around, on the side that tells less."""
    if not len(times_s):
        return []
    # So that no single onset decides.
    odds = np.clip(features @ np.array(ONSET.weights) + ONSET.bias, -SUREST, SUREST)
    playing = _likeliest(odds)
    found: list[tuple[float, Kind, float]] = []
    for last in np.flatnonzero(np.diff(playing)):
        comes_in = bool(playing[last + 1])
        first, step = (int(last) + 1, 1) if comes_in else (int(last), -1)
        at_s = float(times_s[_first_clear(odds, first, step)])
        before = odds[: last + 1][times_s[: last + 1] > at_s - AROUND_S]
        after = odds[last + 1 :][times_s[last + 1 :] < at_s + AROUND_S]
        sign = 1 if comes_in else -1
        evidence = min(float(-sign * before.sum()), float(sign * after.sum()))
        found.append((at_s, "in" if comes_in else "out", evidence))
    return found


def _first_clear(odds: Doubles, first: int, step: int) -> int:
    """The first onset from there on, or back from there, that drums are heard in beyond doubt: one
    that may be either is no stroke to begin or end with."""
    number = first
    while 0 <= number < len(odds):
        if odds[number] >= CLEAR:
            return number
        number += step
    return first


def _likeliest(odds: Doubles) -> NDArray[np.int8]:
    """The course of states, 1 where drums play, `[onsets]`."""
    gain = np.zeros(2)
    came_from = np.zeros((len(odds), 2), dtype=np.int8)
    for number, each in enumerate(odds):
        stay, change = gain, gain[::-1] - SELDOM
        came_from[number] = np.where(stay >= change, (0, 1), (1, 0))
        gain = np.maximum(stay, change) + np.array((-each / 2, each / 2))
    path = np.empty(len(odds), dtype=np.int8)
    state = int(gain[1] > gain[0])
    for number in range(len(odds) - 1, -1, -1):
        path[number] = state
        state = int(came_from[number, state])
    return path
