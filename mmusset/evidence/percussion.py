"""Whether drums play, as far as the spectrum can tell."""

import numpy as np
from numpy.typing import NDArray

from mmusset.sample import Measured

from .spectrum import Spectrum

Floats = NDArray[np.float32]

LOW_HZ, HIGH_HZ = 200.0, 10000.0
AUDIBLE = 1e-4  # frames under this share of the loudest frame's power are left out
NOTHING = 1e-11  # of the loudest frame's power, in one bin
HISS_BANDS = 12  # the highest mel bands, from about 4 kHz
# Logistic regression on 160 rendered General MIDI pieces; benchmarks/README.md has its worth.
FLATNESS_WEIGHT, ATTACK_WEIGHT, HISS_WEIGHT, BIAS = 11.7, 1.4, -3.7, 19.85


def percussiveness(spectrum: Spectrum, mel_power: Floats, attacks: float) -> Measured:
    """Likelihood of drums, 0 to 1; above 0.5 they are more likely than not.

    Drums have a flat spectrum and strong attacks in the highest bands; a bright
    instrument has much power up there, but neither. Confidence is the distance from 0.5, doubled,
    times `attacks`, the share of attack (steady noise is flat, too).
    """
    if not mel_power.any():
        return Measured(value=0.0, confidence=0.0)
    hiss_share = float(mel_power[:, -HISS_BANDS:].sum() / mel_power.sum())
    score = (
        FLATNESS_WEIGHT * np.log10(_flatness(spectrum))
        + ATTACK_WEIGHT * np.log(_hiss_attack(mel_power) + 0.1)
        + HISS_WEIGHT * np.log10(hiss_share + 1e-9)
        + BIAS
    )
    value = float(1 / (1 + np.exp(-np.clip(score, -50, 50))))
    return Measured(value=value, confidence=abs(2 * value - 1) * attacks)


def _flatness(spectrum: Spectrum) -> float:
    """Geometric over arithmetic mean of the power from 200 Hz to 10 kHz, mean over frames."""
    frequencies_hz = spectrum.frequencies_hz
    first, last = np.searchsorted(frequencies_hz, [LOW_HZ, HIGH_HZ])
    power = spectrum.power[:, first:last]
    total = power.sum(axis=1)
    loudest = total.max()
    heard = power[total > AUDIBLE * loudest] + loudest * np.float32(NOTHING)
    return float(np.mean(np.exp(np.log(heard).mean(axis=1)) / heard.mean(axis=1)))


def _hiss_attack(mel_power: Floats) -> float:
    """How sharply the highest bands rise at the clip's strongest attacks."""
    mean = float(mel_power.mean())
    level = np.log1p(mel_power[:, -HISS_BANDS:] * np.float32(100 / mean))
    rise = np.maximum(level[2:] - level[:-2], 0).mean(axis=1)
    return float(np.percentile(rise, 98))
