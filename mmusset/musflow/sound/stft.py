"""The short-time Fourier transform of a clip and back; frame n is centred on the middle of its hop,
so that as many frames as the geometry says cover the clip, and none stands over its ends alone."""

import torch
from torch import Tensor
from torch.nn import functional

from .geometry import Geometry

LEAST_WEIGHT = 1e-3  # of the windows at a sample; there is less only beyond the clip's ends


def stft(sound: Tensor, geometry: Geometry) -> Tensor:
    """Bins `[B, n_fft / 2 + 1, frames]` of mono sound `[B, samples]`, under Hann windows."""
    n_fft, hop = geometry.n_fft, geometry.hop
    margin = _margin(geometry)
    padded = functional.pad(sound, (margin, n_fft - hop - margin))
    window = torch.hann_window(n_fft, device=sound.device, dtype=sound.dtype)
    return torch.stft(padded, n_fft, hop, window=window, center=False, return_complex=True)


def istft(bins: Tensor, geometry: Geometry) -> Tensor:
    """Mono sound `[B, samples]` of bins, by overlap and add, as `stft` cut it."""
    n_fft, hop, frames = geometry.n_fft, geometry.hop, bins.shape[-1]
    window = torch.hann_window(n_fft, device=bins.device, dtype=bins.real.dtype)
    pieces = torch.fft.irfft(bins.transpose(1, 2), n_fft, dim=2) * window
    weight = _overlapped(window.square().expand(1, frames, n_fft), hop)
    margin = _margin(geometry)
    sound = _overlapped(pieces, hop) / weight.clamp_min(LEAST_WEIGHT)
    return sound[:, margin : margin + hop * frames]


def _margin(geometry: Geometry) -> int:
    """Samples by which the first frame begins before the clip."""
    return (geometry.n_fft - geometry.hop) // 2


def _overlapped(pieces: Tensor, hop: int) -> Tensor:
    """Pieces `[B, frames, n_fft]`, each a hop after the last, added up: `[B, samples]`.

    A slice of all pieces at a time: torch's fold takes twice as long.
    """
    frames, slices = pieces.shape[1], -(-pieces.shape[2] // hop)
    padded = functional.pad(pieces, (0, slices * hop - pieces.shape[2]))
    parts = padded.unflatten(2, (slices, hop))
    added = pieces.new_zeros(len(pieces), frames + slices - 1, hop)
    for offset in range(slices):
        added[:, offset : offset + frames] += parts[:, :, offset]
    return added.flatten(1)
