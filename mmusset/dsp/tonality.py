"""Which pitch classes sound, and the key that they make.

What is left out on purpose: taking overtones away from chroma (it also takes true
thirds, and lost 5 points of exact keys on rendered pieces).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Knots, probability

from .spectrum import FLOOR, Spectrum

Doubles = NDArray[np.float64]

LOWEST_MIDI, HIGHEST_MIDI = 33, 96  # A1 (55 Hz) to C7 (2093 Hz)
MIDDLE_MIDI, SPREAD = 60, 15  # the octaves around middle C tell most of harmony
PEAK_DEPTH = 10.0  # nepers of power below a frame's loudest bin where peaks end
# A clip has a key where chroma correlates this well with a profile, and its standard
# deviation is this share of its mean: noise is flat (under 0.15; music 0.31 and more).
LEAST_CORRELATION, LEAST_CONTRAST = 0.7, 0.2
# The probability of being right by the leads below; benchmarks/README.md.
KEY_CALIBRATION: Knots = ((0.0, 0.0), (0.18, 0.9), (1.0, 1.0))
MODE_CALIBRATION: Knots = ((0.0, 0.0), (0.12, 0.9), (1.0, 1.0))

# Albrecht and Shanahan, "The use of large corpora to train a new type of key-finding
# algorithm", Music Perception 31(1), 2013: share of each scale degree, from the tonic.
MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)


def chroma(spectrum: Spectrum) -> Doubles:
    """Strength of each pitch class from C, `[12]`; all zero where no pitch sounds.

    Spectral peaks (as in Gómez, "Tonal description of polyphonic audio", 2006) vote
    for the nearest semitone of the clip's own tuning, those around middle C most;
    every frame counts by its shape, not its loudness.
    """
    frames, midi, strength = _peaks(spectrum)
    midi = midi - tuning(midi, strength)
    nearest = np.rint(midi).astype(np.intp)
    strength = strength * np.cos(np.pi * (midi - nearest)) ** 2
    strength = strength * np.exp(-0.5 * ((midi - MIDDLE_MIDI) / SPREAD) ** 2)
    count = len(spectrum.power)
    votes = np.bincount(frames * 12 + nearest % 12, strength, minlength=count * 12)
    by_frame = votes.astype(np.float64).reshape(count, 12)
    loudest = by_frame.max(axis=1, keepdims=True)
    return np.asarray((by_frame / np.where(loudest > 0, loudest, 1)).mean(axis=0))


def tuning(midi: Doubles, strength: Doubles) -> float:
    """How far the clip stands off A = 440 Hz, in semitones from -0.5 to 0.5."""
    if not len(midi):
        return 0.0
    return float(np.angle(np.sum(strength * np.exp(2j * np.pi * midi))) / (2 * np.pi))


@dataclass(frozen=True, slots=True)
class KeyEstimate:
    """The best and the second best key, each 0 to 11 for major from C, 12 to 23 for minor."""

    best: int
    second: int
    confidence: float
    mode_confidence: float


def key(chroma: Doubles) -> KeyEstimate:
    """The key whose profile correlates best with `chroma` `[12]` (Krumhansl's method).

    Confidence is the probability of being right, by the lead over the second best key, and of
    mode by the lead over the best key of the other mode; both are 0 where the clip has no key.
    """
    scores = _profiles() @ _standardised(chroma) / 12
    order = np.argsort(-scores, kind="stable")
    best, second = int(order[0]), int(order[1])
    tonal = scores[best] > LEAST_CORRELATION and chroma.std() > LEAST_CONTRAST * chroma.mean()
    other_mode = scores[12:].max() if best < 12 else scores[:12].max()
    return KeyEstimate(
        best,
        second,
        confidence=probability(scores[best] - scores[second], KEY_CALIBRATION) if tonal else 0.0,
        mode_confidence=probability(scores[best] - other_mode, MODE_CALIBRATION) if tonal else 0.0,
    )


def _peaks(spectrum: Spectrum) -> tuple[NDArray[np.intp], Doubles, Doubles]:
    """Frame, pitch (MIDI, with fractions) and strength of each peak of the spectrum."""
    bin_hz = spectrum.rate_hz / 2 / (spectrum.power.shape[1] - 1)
    low = int(440 * 2 ** ((LOWEST_MIDI - 70) / 12) / bin_hz)
    high = min(int(440 * 2 ** ((HIGHEST_MIDI - 68) / 12) / bin_hz), spectrum.power.shape[1] - 1)
    level = np.log(spectrum.power[:, low - 1 : high + 1] + FLOOR)
    middle = level[:, 1:-1]
    loudest = level.max(axis=1, keepdims=True)
    is_peak = (middle > level[:, :-2]) & (middle >= level[:, 2:]) & (middle > loudest - PEAK_DEPTH)
    frames, bins = np.nonzero(is_peak & (loudest > np.log(FLOOR) + 5))
    before, at, after = (level[frames, bins + k].astype(np.float64) for k in range(3))
    shift = 0.5 * (before - after) / (before - 2 * at + after)
    midi = 69 + 12 * np.log2((bins + low + shift) * bin_hz / 440)
    return frames, midi, np.exp(at / 4)


def _standardised(values: Doubles) -> Doubles:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


@cache
def _profiles() -> Doubles:
    """Standardised profiles `[24, 12]`: twelve major keys from C, then twelve minor."""
    profiles = (_standardised(np.array(p)) for p in (MAJOR, MINOR))
    return np.stack([np.roll(profile, tonic) for profile in profiles for tonic in range(12)])
