"""Whether drums play, as far as the spectrum can tell."""

import numpy as np
from numpy.typing import NDArray

from mmusset.sample import Measured

from .spectrum import FLOOR, Spectrum

Floats = NDArray[np.float32]

LOW_HZ, HIGH_HZ = 200.0, 10000.0
AUDIBLE = 1e-4  # frames under this share of the loudest frame's power are left out
HISS_BANDS = 12  # the highest mel bands, from about 4 kHz
# Logistic regression on rendered General MIDI pieces; see benchmarks/README.md.
WEIGHTS = (7.33, 1.45)
BIAS = 17.7


def percussiveness(spectrum: Spectrum, mel_power: Floats, attacks: float) -> Measured:
    """Likelihood of drums, 0 to 1; above 0.5 they are more likely than not.

    From two things that drums have and pitched notes lack: a flat spectrum, and
    strong attacks in the highest bands. Confidence is the distance from 0.5, doubled,
    times `attacks`, the share of attack (steady noise is flat, too).
    """
    if not mel_power.any():
        return Measured(value=0.0, confidence=0.0)
    flatness = np.log10(_flatness(spectrum))
    score = WEIGHTS[0] * flatness + WEIGHTS[1] * np.log(_hiss_attack(mel_power) + 0.1) + BIAS
    value = float(1 / (1 + np.exp(-score)))
    return Measured(value=value, confidence=abs(2 * value - 1) * attacks)


def _flatness(spectrum: Spectrum) -> float:
    """Geometric over arithmetic mean of the power from 200 Hz to 10 kHz, mean over frames."""
    frequencies_hz = spectrum.frequencies_hz
    first, last = np.searchsorted(frequencies_hz, [LOW_HZ, HIGH_HZ])
    power = spectrum.power[:, first:last] + np.float32(FLOOR)
    total = power.sum(axis=1)
    heard = power[total > AUDIBLE * total.max()]
    return float(np.mean(np.exp(np.log(heard).mean(axis=1)) / heard.mean(axis=1)))


def _hiss_attack(mel_power: Floats) -> float:
    """How sharply the highest bands rise at the clip's strongest attacks."""
    mean = float(mel_power.mean())
    level = np.log1p(mel_power[:, -HISS_BANDS:] * np.float32(100 / mean))
    rise = np.maximum(level[2:] - level[:-2], 0).mean(axis=1)
    return float(np.percentile(rise, 98))
