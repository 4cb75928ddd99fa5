"""Log-mel spectrograms.

Slaney's mel scale (linear to 1 kHz, logarithmic above) with bands of equal area, as
librosa and most vocoders have it.
"""

from functools import cache

import torch
from torch import Tensor

from .geometry import Geometry
from .stft import stft

FLOOR = 1e-5  # of a magnitude, as HiFi-GAN has it; below is silence


def log_mel(sound: Tensor, geometry: Geometry) -> Tensor:
    """Natural log magnitudes `[B, frames, mels]` of mono sound `[B, samples]` in -1 to 1."""
    magnitudes = stft(sound, geometry).abs()
    bands = filters(geometry).to(sound)
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
