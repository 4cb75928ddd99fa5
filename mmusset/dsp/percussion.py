"""Whether drums play, as far as the spectrum can tell."""

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Knots, Measured, probability

from .spectrum import Spectrum, mel_edges_hz

Floats = NDArray[np.float32]

LOW_HZ, HISS_HZ, HIGH_HZ = 200.0, 3500.0, 7000.0  # up to what a clip of 16 kHz holds
# The probability of being right by the score below; benchmarks/README.md.
CALIBRATION: Knots = ((0.0, 0.0), (0.5, 0.9), (1.0, 1.0))
AUDIBLE = 1e-4  # frames under this share of the loudest frame's power are left out
NOTHING = 1e-11  # of the loudest frame's power, in one bin
CUT = 1e-9  # of the strongest frequency's power: music has more than this, what was cut has less
# Logistic regression on 160 rendered General MIDI pieces at 44.1 and 16 kHz; their worth:
# benchmarks/README.md.
FLATNESS_WEIGHT, ATTACK_WEIGHT, HISS_WEIGHT, BIAS = 6.86, 3.78, -2.58, 7.67


def percussiveness(spectrum: Spectrum, mel_power: Floats, attacks: float) -> Measured:
    """Likelihood of drums, 0 to 1; above 0.5 they are more likely than not.

    Drums have a flat spectrum and strong attacks from 3.5 to 7 kHz; a bright
    instrument has much power up there, but neither. Confidence is the probability of being
    right, by the distance from 0.5, doubled, times `attacks`, the share of attack (steady
    noise is flat, too). It is 0 where all above some frequency under 7 kHz was cut off, as in
    what comes from a telephone: drums sound like none there.
    """
    if not mel_power.any():
        return Measured(value=0.0, confidence=0.0)
    edges_hz = mel_edges_hz(spectrum.rate_hz)
    heard = mel_power[:, edges_hz[2:] <= HIGH_HZ]
    hiss = heard[:, edges_hz[1:-1][: heard.shape[1]] >= HISS_HZ]
    score = (
        FLATNESS_WEIGHT * np.log10(_flatness(spectrum))
        + ATTACK_WEIGHT * np.log(_attack(hiss, float(heard.mean())) + 0.1)
        + HISS_WEIGHT * np.log10(float(hiss.sum() / heard.sum()) + 1e-9)
        + BIAS
    )
    value = float(1 / (1 + np.exp(-np.clip(score, -50, 50))))
    can_tell = attacks if _highest_hz(spectrum) >= HIGH_HZ else 0.0
    return Measured(value=value, confidence=probability(abs(2 * value - 1) * can_tell, CALIBRATION))


def _highest_hz(spectrum: Spectrum) -> float:
    """The highest frequency with anything in it."""
    over_time = spectrum.power.mean(axis=0)
    return float(spectrum.frequencies_hz[over_time > over_time.max() * CUT][-1])


def _flatness(spectrum: Spectrum) -> float:
    """Geometric over arithmetic mean of the power from 200 Hz to 7 kHz, mean over frames."""
    frequencies_hz = spectrum.frequencies_hz
    first, last = np.searchsorted(frequencies_hz, [LOW_HZ, HIGH_HZ])
    power = spectrum.power[:, first:last]
    total = power.sum(axis=1)
    loudest = total.max()
    heard = power[total > AUDIBLE * loudest] + loudest * np.float32(NOTHING)
    return float(np.mean(np.exp(np.log(heard).mean(axis=1)) / heard.mean(axis=1)))


def _attack(hiss: Floats, mean: float) -> float:
    """How sharply the highest bands rise at the clip's strongest attacks."""
    level = np.log1p(hiss * np.float32(100 / mean))
    rise = np.maximum(level[2:] - level[:-2], 0).mean(axis=1)
    return float(np.percentile(rise, 98))
