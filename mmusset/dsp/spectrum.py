"""A clip as power over time and frequency, and how bright it is."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Measured

Floats = NDArray[np.float32]

MEL_BANDS = 40
BATCH = 32  # frames transformed at a time, so that they stay in the cache
FLOOR = 1e-10  # power that counts as nothing: 16-bit audio's rounding lies above it


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Power `[frames, bins]`. A full-scale sine has about 0.5 in its bins together."""

    power: Floats
    rate_hz: float
    hop_s: float

    @property
    def frequencies_hz(self) -> Floats:
        bins = self.power.shape[1]
        return np.linspace(0, self.rate_hz / 2, bins, dtype=np.float32)


def spectrum(mono: Floats, rate_hz: float, window: int, hop: int) -> Spectrum:
    """Short-time spectrum of `mono` `[frames]` under a Hann window of `window` samples."""
    padded = np.pad(mono, (0, max(0, window - len(mono))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    power = np.empty((len(frames), window // 2 + 1), dtype=np.float32)
    for start in range(0, len(frames), BATCH):
        bins = np.fft.rfft(frames[start : start + BATCH] * _hann(window))
        power[start : start + BATCH] = bins.real**2 + bins.imag**2
    return Spectrum(power, rate_hz, hop / rate_hz)


def mel(spectrum: Spectrum) -> Floats:
    """Power in 40 bands of equal width on the mel scale, `[frames, 40]`."""
    bins = spectrum.power.shape[1]
    return spectrum.power @ _mel_bank(bins, spectrum.rate_hz)


def brightness(spectrum: Spectrum, audible_share: float) -> Measured:
    """Spectral centroid in Hz: the mean frequency, each frame weighted by its energy."""
    over_time = spectrum.power.sum(axis=0, dtype=np.float64)
    total = float(over_time.sum())
    if total <= FLOOR or audible_share == 0:
        return Measured(value=0.0, confidence=0.0)
    centroid_hz = float(over_time @ spectrum.frequencies_hz) / total
    return Measured(value=centroid_hz, confidence=audible_share)


@cache
def _hann(window: int) -> Floats:
    ramp = np.arange(window) / window
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * ramp)
    return np.asarray(shape / np.sqrt(window * np.sum(shape**2)), dtype=np.float32)


def mel_edges_hz(rate_hz: float) -> Floats:
    """Where the bands of `mel` begin, peak and end `[42]`: band n has edges n, n + 1, n + 2."""
    top = 2595 * np.log10(1 + rate_hz / 2 / 700)
    low = 2595 * np.log10(1 + 30 / 700)
    return np.asarray(700 * (10 ** (np.linspace(low, top, MEL_BANDS + 2) / 2595) - 1))


@cache
def _mel_bank(bins: int, rate_hz: float) -> Floats:
    """Triangles `[bins, bands]` from 30 Hz up; mel as in O'Shaughnessy (1987)."""
    edges_hz = mel_edges_hz(rate_hz)
    frequencies_hz = np.linspace(0, rate_hz / 2, bins)[:, None]
    rising = (frequencies_hz - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[2:] - frequencies_hz) / (edges_hz[2:] - edges_hz[1:-1])
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)
