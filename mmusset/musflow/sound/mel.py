"""Log-mel spectrograms, and sound from them by phase reconstruction.

Slaney's mel scale (linear to 1 kHz, logarithmic above) with bands of equal area, as
librosa and most vocoders have it.
"""

import math
from functools import cache

import torch
from torch import Tensor

from .geometry import Geometry

FLOOR = 1e-5  # of a magnitude, as HiFi-GAN has it; below is silence
MOMENTUM = 0.99  # of fast Griffin-Lim, Perraudin et al. 2013


def log_mel(sound: Tensor, geometry: Geometry) -> Tensor:
    """Natural log magnitudes `[B, frames, mels]` of mono sound `[B, samples]` in -1 to 1."""
    magnitudes = _stft(sound, geometry).abs()
    bands = filters(geometry).to(sound)
    return (magnitudes.transpose(1, 2) @ bands.T).clamp_min(FLOOR).log()


def sound_of(mel: Tensor, geometry: Geometry, rounds: int = 64, seed: int = 0) -> Tensor:
    """Mono sound `[B, samples]` whose log-mel is near `mel` `[B, frames, mels]`.

    Magnitudes by the filters' pseudo-inverse, phases by fast Griffin-Lim from a random start.
    """
    inverse = torch.linalg.pinv(filters(geometry).double()).to(mel)
    magnitudes = (mel.exp() @ inverse.T).clamp_min(0).transpose(1, 2)
    magnitudes = magnitudes * (mel.exp().amax(dim=(1, 2), keepdim=True) > 2 * FLOOR)
    generator = torch.Generator().manual_seed(seed)
    angles = 2 * math.pi * torch.rand(magnitudes.shape, generator=generator).to(mel)
    phases, last = torch.polar(torch.ones_like(angles), angles), 0.0
    for _ in range(rounds):
        bins = _stft(_istft(magnitudes * phases, geometry), geometry)
        accelerated = bins + MOMENTUM / (1 + MOMENTUM) * (bins - last)
        phases, last = accelerated / accelerated.abs().clamp_min(1e-9), bins
    return _istft(magnitudes * phases, geometry)


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


def _stft(sound: Tensor, geometry: Geometry) -> Tensor:
    """Bins `[B, n_fft / 2 + 1, frames]`; frame n is centred on the middle of its hop."""
    margin = (geometry.n_fft - geometry.hop) // 2
    padded = torch.nn.functional.pad(sound, (margin, geometry.n_fft - geometry.hop - margin))
    window = torch.hann_window(geometry.n_fft, device=sound.device, dtype=sound.dtype)
    return torch.stft(
        padded, geometry.n_fft, geometry.hop, window=window, center=False, return_complex=True
    )


def _istft(bins: Tensor, geometry: Geometry) -> Tensor:
    """Sound `[B, samples]` by overlap and add, as `_stft` cut it."""
    n_fft, hop, frames = geometry.n_fft, geometry.hop, bins.shape[-1]
    window = torch.hann_window(n_fft, device=bins.device, dtype=bins.real.dtype)
    pieces = torch.fft.irfft(bins.transpose(1, 2), n_fft, dim=2) * window
    weight = _overlapped(window.square().expand(1, frames, n_fft), hop)
    margin = (n_fft - hop) // 2
    return (_overlapped(pieces, hop) / weight.clamp_min(1e-3))[:, margin : margin + hop * frames]


def _overlapped(pieces: Tensor, hop: int) -> Tensor:
    """Pieces `[B, frames, n_fft]`, each a hop after the last, added up: `[B, samples]`.

    A slice of all pieces at a time: torch's fold takes twice as long.
    """
    frames, slices = pieces.shape[1], -(-pieces.shape[2] // hop)
    padded = torch.nn.functional.pad(pieces, (0, slices * hop - pieces.shape[2]))
    parts = padded.unflatten(2, (slices, hop))
    added = pieces.new_zeros(len(pieces), frames + slices - 1, hop)
    for offset in range(slices):
        added[:, offset : offset + frames] += parts[:, :, offset]
    return added.flatten(1)
