"""The end of the bundled codec's decoder: from log-mels to sound, by magnitudes and phases.

After Siuzdak 2023 (Vocos, arXiv 2306.00814): the network works at the rate of the frames, and the
inverse transform makes samples of what it says, so that decoding is cheap on a CPU. Its magnitudes
are changes to those of the log-mel, and its phases changes to those of tones at the log-mel's
peaks.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import FLOOR, filters
from mmusset.musflow.sound.stft import istft

from .layers import Convolution, Residual
from .tone_phases import tone_phases

LOUDEST = 7.0  # of a bin's logarithmic magnitude: that of a sine in full scale is 5.5 at n_fft 1024
SILENCE = math.log(2 * FLOOR)  # a frame of which no band is louder has no sound at all
FIRST_CHANGES = 0.1  # of the usual size: an untrained head has about the log-mel's magnitudes,
FIRST_PHASES = 0.5  # and about the phases of tones
TINY = 1e-9  # where a band lies between two bins, and covers none


class IstftHead(nn.Module):
    """Log-mels `[B, frames, mels]`, and the same normalized, to mono sound `[B, samples]`."""

    def __init__(self, geometry: Geometry, width: int, depth: int) -> None:
        super().__init__()
        self._geometry = geometry
        interpolation, gain = _between_bands(geometry)
        self.register_buffer("_interpolation", interpolation, persistent=False)
        self.register_buffer("_gain", gain, persistent=False)
        self._bins = interpolation.shape[1]
        self.network = nn.Sequential(
            Convolution(geometry.mels, width),
            *(Residual(width) for _ in range(depth)),
            nn.RMSNorm(width, elementwise_affine=False),
            nn.Linear(width, 3 * self._bins),
        )
        with torch.no_grad():
            last = self.network[-1]
            last.weight[: self._bins] *= FIRST_CHANGES
            last.bias[: self._bins] = 0
            last.bias[self._bins : 2 * self._bins] = FIRST_PHASES
            last.bias[2 * self._bins :] = 0

    def forward(self, mel: Tensor, normalized: Tensor) -> Tensor:
        changes, real, imaginary = self.network(normalized).split(self._bins, dim=2)
        logs = (mel - self._gain) @ self._interpolation + changes
        phases = torch.atan2(imaginary, real) + tone_phases(mel, self._geometry)
        magnitudes = logs.clamp(max=LOUDEST).exp() * (mel.amax(dim=2, keepdim=True) > SILENCE)
        bins = torch.polar(magnitudes, phases)
        return istft(bins.transpose(1, 2), self._geometry)


def _between_bands(geometry: Geometry) -> tuple[Tensor, Tensor]:
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
