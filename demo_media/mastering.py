"""Bringing a sound to a loudness without clipping it."""

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]
PEAK = 0.80  # leaves a lossy codec 1.9 dB to overshoot


def mastered(sound: Sound, rate_hz: int, loudness_lufs: float) -> Sound:
    """The sound `[frames, channels]` at an integrated loudness, under PEAK."""
    import pyloudnorm

    meter = pyloudnorm.Meter(rate_hz)
    loud = sound
    gain_db = 0.0
    for _ in range(4):  # limiting takes some loudness away again
        loud = limited(sound * 10 ** (gain_db / 20), rate_hz)
        gain_db += loudness_lufs - meter.integrated_loudness(loud)
    return loud


def limited(sound: Sound, rate_hz: int) -> Sound:
    """The sound with peaks over PEAK turned down, smoothly, from 5 ms before to 5 ms after."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    window = round(0.010 * rate_hz) | 1
    needed = np.minimum(1.0, PEAK / np.maximum(np.abs(sound).max(axis=1), 1e-9))
    gain = uniform_filter1d(minimum_filter1d(needed, 2 * window), window)
    return np.asarray(sound * gain[:, None])
