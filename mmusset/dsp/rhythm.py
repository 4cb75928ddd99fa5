"""At which rates onsets come back."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

BEATS = 4  # a beat must come back this often to count fully
TOLD_SHARE = 0.75  # of the frames: longer lags rest on too few of them
NEARBY = np.linspace(0.98, 1.02, 9)  # of a rate or a lag: where its summit may be


class Rhythm:
    """The onsets of a clip, or of several places of one piece, by how they come back.

    `places` are their strengths less their means, each `[frames]`, none of them all zero.
    """

    def __init__(self, places: Sequence[Doubles], hop_s: float) -> None:
        self._hop_s = hop_s
        self._likeness = _autocorrelation(places)
        self._size = 16 << max(len(place) for place in places).bit_length()
        hann = (place * np.hanning(len(place)) for place in places)
        self._amplitude = np.sum([np.abs(np.fft.rfft(place, self._size)) for place in hann], axis=0)

    def strength(self, rates_hz: Doubles) -> Doubles:
        """The amplitude of these rates in the onsets, under a Hann window, summed over places."""
        at = rates_hz * self._hop_s * self._size
        return np.asarray(np.interp(at, np.arange(len(self._amplitude)), self._amplitude))

    def likeness(self, lags_s: Doubles) -> Doubles:
        """How alike onsets are so much later, 1 for the same; 0 where nothing tells."""
        at = lags_s / self._hop_s
        return np.asarray(np.interp(at, np.arange(len(self._likeness)), self._likeness, right=0.0))

    def returning(self, lags_s: Doubles) -> Doubles:
        """Mean likeness after one to four times each of these lags, 0 to 1."""
        at_s = lags_s[:, None] * np.arange(1, BEATS + 1)
        inside = at_s / self._hop_s < len(self._likeness)
        total = np.where(inside, self.likeness(at_s), 0).sum(axis=1)
        return np.asarray(np.clip(total / np.maximum(inside.sum(axis=1), 1), 0, 1))

    def strength_near(self, rate_hz: float) -> float:
        """The strength of a rate, or of the strongest beside it."""
        return float(self.strength(rate_hz * NEARBY).max())

    def likeness_near(self, lag_s: float) -> float:
        """The likeness after a lag, or the highest beside it."""
        return float(self.likeness(lag_s * NEARBY).max())

    def returning_near(self, lag_s: float) -> float:
        """Mean likeness after one to four times a lag, or the highest beside it."""
        return float(self.returning(lag_s * NEARBY).max())


def _autocorrelation(places: Sequence[Doubles]) -> Doubles:
    """Of all places together, by lag in frames, as far as enough frames tell."""
    frames = max(len(place) for place in places)
    size = 1 << (2 * frames - 1).bit_length()
    power = np.sum([np.abs(np.fft.rfft(place, size)) ** 2 for place in places], axis=0)
    raw = np.fft.irfft(power, size)[:frames]
    unbiased = raw / raw[0] * frames / np.arange(frames, 0, -1)
    return np.asarray(unbiased[: math.ceil(TOLD_SHARE * frames)])
