"""Log-mel spectrograms.

Slaney's mel scale (linear to 1 kHz, logarithmic above) with bands of equal area, as
librosa and most vocoders have it.
"""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from .geometry import Geometry
from .stft import stft

FLOOR = 1e-5  # of a magnitude, as HiFi-GAN has it; below is silence
TINY = 1e-9  # where a band lies between two bins, and covers none


def log_mel(sound: Tensor, geometry: Geometry) -> Tensor:
    """Natural log magnitudes `[B, frames, mels]` of mono sound `[B, samples]` in -1 to 1."""
    return log_mel_of(stft(sound, geometry), geometry)


def log_mel_of(bins: Tensor, geometry: Geometry) -> Tensor:
    """The same of a spectrum `[B, n_fft / 2 + 1, frames]`."""
    magnitudes = bins.abs()
    bands = filters(geometry).to(magnitudes)
    return (magnitudes.transpose(1, 2) @ bands.T).clamp_min(FLOOR).log()


@cache
def filters(geometry: Geometry) -> Tensor:
    """Triangles over the FFT's bins `[mels, n_fft / 2 + 1]` in float32, each of area 1 in Hz.

    transformers' own filter bank, since it is installed with torch anyway; within 3e-8 of
    librosa's.
    """
    from transformers.audio_utils import mel_filter_bank

    bank = mel_filter_bank(
        num_frequency_bins=geometry.n_fft // 2 + 1,
        num_mel_filters=geometry.mels,
        min_frequency=0.0,
        max_frequency=geometry.rate_hz / 2,
        sampling_rate=geometry.rate_hz,
        norm="slaney",
        mel_scale="slaney",
    )
    return torch.from_numpy(bank.T).float()


@cache
def between_bands(geometry: Geometry) -> tuple[Tensor, Tensor]:
    """What makes a log-mel `[mels]` one of all bins: weights `[mels, bins]`, which add up to 1 for
    each bin, so that it lies between the bands around it, and each band's log gain `[mels]`."""
    bank = filters(geometry)
    triangles = bank / bank.amax(dim=1, keepdim=True).clamp_min(TINY)
    uncovered = triangles.sum(dim=0) == 0  # below the lowest band's middle, above the highest's
    below = torch.arange(bank.shape[1]) < bank.shape[1] // 2
    triangles[0, uncovered & below] = 1
    triangles[-1, uncovered & ~below] = 1
    gain = bank.sum(dim=1).clamp_min(TINY).log()
    return functional.normalize(triangles, p=1, dim=0), gain
