"""Where notes begin: how strongly, how often, how sharply."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Measured

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

TREND_S = 1.0  # swells slower than this are no onsets
COMPRESSION = 100.0
ONSET_GAP_S = 0.1  # of two onsets nearer than this the stronger counts
AUDIBLE_RISE = 0.15  # strength of an onset


@dataclass(frozen=True, eq=False)
class Onsets:
    """Where notes begin in a clip: how strongly each frame does, `strength` `[frames]`, one each
    `hop_s` seconds. Several measurements need what follows from that; each is computed once."""

    strength: Doubles
    hop_s: float

    @cached_property
    def frames(self) -> NDArray[np.intp]:
        """The frames where notes begin."""
        gap = max(1, round(ONSET_GAP_S / self.hop_s))
        padded = np.pad(self.strength, gap)
        around = np.lib.stride_tricks.sliding_window_view(padded, 2 * gap + 1)
        is_highest = self.strength == around.max(axis=1)
        return np.flatnonzero(is_highest & (self.strength > AUDIBLE_RISE))

    @cached_property
    def attack_share(self) -> float:
        """1 where notes begin in sharp attacks, 0 where there is noise or slow swells.

        Noise and sinusoidal swells have a mean square of 3 to 3.6 times the squared mean;
        95 of 100 clips of music had 7 or more.
        """
        if np.percentile(self.strength, 98) < AUDIBLE_RISE:
            return 0.0
        peaked = np.mean(self.strength**2) / np.mean(self.strength) ** 2
        return float(np.clip((peaked - 4) / 3, 0, 1))

    @property
    def density(self) -> Measured:
        """Onsets per second.

        Confidence is 1 where there are attacks at all, else 0: of music, how many of them are
        beyond doubt makes no difference to how well their number is found again in the same sound
        cut later.
        """
        per_second = len(self.frames) / (len(self.strength) * self.hop_s)
        return Measured(value=per_second, confidence=float(self.attack_share > 0))


def onset_strength(mel_power: Floats, hop_s: float) -> Doubles:
    """How much louder the bands have grown at each frame than just before, `[frames]`.

    Spectral flux over the logarithm of mel bands (Dixon, "Onset detection revisited",
    2006), less its running mean. Power is taken relative to the clip's own mean, so
    that gain changes nothing. All zero where nothing sounds.
    """
    mean = float(mel_power.mean())
    if mean <= 0:
        return np.zeros(len(mel_power))
    level = np.log1p(mel_power * np.float32(COMPRESSION / mean))
    flux = np.maximum(level[2:] - level[:-2], 0).mean(axis=1).astype(np.float64)
    width = max(1, min(len(flux), round(TREND_S / hop_s)))
    trend = np.convolve(flux, np.full(width, 1 / width), mode="same")
    return np.pad(np.maximum(flux - trend, 0), (1, 1))
