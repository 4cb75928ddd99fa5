"""The log-mel spectrogram that musicnn's networks were trained on, in float32.

The package itself takes the power to float16 before the logarithm, where loud music overflows.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE_HZ = 16000
BANDS = 96
_WINDOW, _HOP = 512, 256
_GAIN = 10000.0
# Slaney's mel scale: linear up to 1 kHz, then logarithmic.
_HZ_PER_MEL = 200 / 3
_LOG_FROM_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27


def log_mel(mono: Floats) -> Floats:
    """`mono` `[samples]` at 16 kHz as `[frames, 96]`, a frame every 16 ms."""
    padded = np.pad(mono, _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    bins = np.fft.rfft(frames * _hann()).astype(np.complex64)
    power = bins.real**2 + bins.imag**2
    return np.log10(np.float32(_GAIN) * (power @ _bank()) + np.float32(1))


@cache
def _hann() -> Floats:
    ramp = np.arange(_WINDOW) / _WINDOW
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * ramp), dtype=np.float32)


@cache
def _bank() -> Floats:
    """Triangles `[bins, bands]`, each of the same area."""
    edges_hz = _hz(np.linspace(0, _mel(RATE_HZ / 2), BANDS + 2))
    frequencies_hz = np.linspace(0, RATE_HZ / 2, _WINDOW // 2 + 1)[:, None]
    rising = (frequencies_hz - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[2:] - frequencies_hz) / (edges_hz[2:] - edges_hz[1:-1])
    triangles = np.clip(np.minimum(rising, falling), 0, None)
    return np.asarray(triangles * 2 / (edges_hz[2:] - edges_hz[:-2]), dtype=np.float32)


def _mel(hz: float) -> float:
    """Of frequencies from 1 kHz up."""
    return float(_LOG_FROM_HZ / _HZ_PER_MEL + np.log(hz / _LOG_FROM_HZ) / _LOG_STEP)


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    from_mel = _LOG_FROM_HZ / _HZ_PER_MEL
    high = _LOG_FROM_HZ * np.exp(_LOG_STEP * (np.maximum(mel, from_mel) - from_mel))
    return np.where(mel < from_mel, mel * _HZ_PER_MEL, high)
