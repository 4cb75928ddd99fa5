"""Where notes begin: how strongly, how often, how sharply."""

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Measured

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

TREND_S = 1.0  # swells slower than this are no onsets
COMPRESSION = 100.0
ONSET_GAP_S = 0.1  # of two onsets nearer than this the stronger counts
AUDIBLE_RISE = 0.15  # strength of an onset


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


def onset_density(strength: Doubles, hop_s: float) -> Measured:
    """Onsets per second.

    Confidence is 1 where there are attacks at all, else 0: of music, how many of them are beyond
    doubt makes no difference to how well their number is found again in the same sound cut later.
    """
    per_second = len(audible_onsets(strength, hop_s)) / (len(strength) * hop_s)
    return Measured(value=per_second, confidence=float(attack_share(strength) > 0))


def audible_onsets(strength: Doubles, hop_s: float) -> NDArray[np.intp]:
    """The frames where notes begin."""
    gap = max(1, round(ONSET_GAP_S / hop_s))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(strength, gap), 2 * gap + 1)
    return np.flatnonzero((strength == around.max(axis=1)) & (strength > AUDIBLE_RISE))


def attack_share(strength: Doubles) -> float:
    """1 where `strength` comes in sharp attacks, 0 where it is noise or slow swells.

    Noise and sinusoidal swells have a mean square of 3 to 3.6 times the squared mean;
    95 of 100 clips of music had 7 or more.
    """
    if np.percentile(strength, 98) < AUDIBLE_RISE:
        return 0.0
    return float(np.clip((np.mean(strength**2) / np.mean(strength) ** 2 - 4) / 3, 0, 1))
