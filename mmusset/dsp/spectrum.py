"""A clip as power over time and frequency, and how bright it is."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Measured

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

MEL_BANDS, LOWEST_HZ = 40, 30.0
BATCH = 64  # frames transformed at a time, so that they stay in the cache
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
    from scipy.fft import rfft

    if len(mono) < window:
        mono = np.pad(mono, (0, window - len(mono)))
    frames = np.lib.stride_tricks.sliding_window_view(mono, window)[::hop]
    power = np.empty((len(frames), window // 2 + 1), dtype=np.float32)
    for start in range(0, len(frames), BATCH):
        parts = rfft(frames[start : start + BATCH] * _hann(window), overwrite_x=True)
        squares = parts.view(np.float32).reshape(*parts.shape, 2)
        np.square(squares, out=squares)
        np.add(squares[..., 0], squares[..., 1], out=power[start : start + BATCH])
    return Spectrum(power, rate_hz, hop / rate_hz)


def mel(spectrum: Spectrum) -> Floats:
    """Power in 40 bands of equal width on the mel scale, `[frames, 40]`."""
    bins = spectrum.power.shape[1]
    return spectrum.power @ _mel_bank(bins, spectrum.rate_hz)


def brightness(mel_power: Floats, rate_hz: float, audible_share: float) -> Measured:
    """Spectral centroid in Hz: the mean on the mel scale of `mel`, each band by its amplitude.

    By power it told how strong the bass is: what has much of both bass and treble passed for dark.
    """
    amplitudes = np.sqrt(mel_power.mean(axis=0, dtype=np.float64))
    total = float(amplitudes.sum())
    if total <= FLOOR or audible_share == 0:
        return Measured(value=0.0, confidence=0.0)
    shares = amplitudes / total
    centroid_hz = _to_hz(shares @ _to_mel(mel_edges_hz(rate_hz)[1:-1]))
    return Measured(value=float(centroid_hz), confidence=audible_share)


@cache
def _hann(window: int) -> Floats:
    ramp = np.arange(window) / window
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * ramp)
    return np.asarray(shape / np.sqrt(window * np.sum(shape**2)), dtype=np.float32)


def mel_edges_hz(rate_hz: float) -> Doubles:
    """Where the bands of `mel` begin, peak and end `[42]`: band n has edges n, n + 1, n + 2."""
    low, top = _to_mel(np.array([LOWEST_HZ, rate_hz / 2]))
    return np.asarray(_to_hz(np.linspace(low, top, MEL_BANDS + 2)))


def _to_mel(hz: Doubles) -> Doubles:
    """The mel scale as in O'Shaughnessy (1987)."""
    return np.asarray(2595 * np.log10(1 + hz / 700))


def _to_hz(mel: Doubles) -> Doubles:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


@cache
def _mel_bank(bins: int, rate_hz: float) -> Floats:
    """Triangles `[bins, bands]` from 30 Hz up."""
    edges_hz = mel_edges_hz(rate_hz)
    frequencies_hz = np.linspace(0, rate_hz / 2, bins)[:, None]
    rising = (frequencies_hz - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[2:] - frequencies_hz) / (edges_hz[2:] - edges_hz[1:-1])
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)
