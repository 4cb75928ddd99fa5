"""How unlike two sounds are, at several resolutions of time and of frequency at once.

After Yamamoto, Song and Kim 2020 (Parallel WaveGAN, arXiv 1910.11480): spectral convergence and
the difference of logarithmic magnitudes. Blind to phase, which no log-mel tells: any phases will
do by which the windows of all lengths have the right magnitudes.
"""

import torch
from torch import Tensor

WINDOWS = (1 / 4, 1 / 2, 1, 2)  # of n_fft; a quarter of it from one to the next
QUIET = 1e-3  # of a magnitude; what is softer hardly counts


def spectral_loss(made: Tensor, real: Tensor, n_fft: int) -> Tensor:
    """A scalar, of mono sounds `[B, samples]`; windows lie about one of `n_fft` samples."""
    return torch.stack([_at(round(share * n_fft), made, real) for share in WINDOWS]).mean()


def _at(window: int, made: Tensor, real: Tensor) -> Tensor:
    magnitudes, wanted = _magnitudes(made, window), _magnitudes(real, window)
    off = torch.linalg.vector_norm(magnitudes - wanted, dim=(1, 2))
    convergence = off / torch.linalg.vector_norm(wanted, dim=(1, 2)).clamp_min(window * QUIET)
    logs = ((magnitudes + QUIET).log() - (wanted + QUIET).log()).abs()
    return convergence.mean() + logs.mean()


def _magnitudes(sound: Tensor, window: int) -> Tensor:
    """`[B, window / 2 + 1, frames]`."""
    hann = torch.hann_window(window, device=sound.device, dtype=sound.dtype)
    return torch.stft(
        sound, window, window // 4, window=hann, pad_mode="constant", return_complex=True
    ).abs()
