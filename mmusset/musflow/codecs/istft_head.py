"""The end of the bundled codec's decoder: from log-mels to sound, by magnitudes and phases.

After Siuzdak 2023 (Vocos, arXiv 2306.00814): the network works at the rate of the frames, and the
inverse transform makes samples of what it says, so that decoding is cheap on a CPU. Its magnitudes
are changes to those of the log-mel, and its phases changes to those of tones at the log-mel's
peaks.
"""

import math

import torch
from torch import Tensor, nn

from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import FLOOR, between_bands
from mmusset.musflow.sound.stft import istft

from .layers import Convolution, Residual
from .tone_phases import tone_phases

LOUDEST = 7.0  # of a bin's logarithmic magnitude at n_fft 1024: a sine in full scale has 5.5
SILENCE = math.log(2 * FLOOR)  # a frame of which no band is louder has no sound at all
FIRST_CHANGES = 0.1  # of the usual size: an untrained head has about the log-mel's magnitudes,
FIRST_PHASES = 0.5  # and about the phases of tones


class IstftHead(nn.Module):
    """Log-mels `[B, frames, mels]`, and the same normalized, to mono sound `[B, samples]`."""

    def __init__(self, geometry: Geometry, width: int, depth: int) -> None:
        super().__init__()
        self._geometry = geometry
        interpolation, gain = between_bands(geometry)
        self.register_buffer("_interpolation", interpolation, persistent=False)
        self.register_buffer("_gain", gain, persistent=False)
        self._bins = interpolation.shape[1]
        self._loudest = LOUDEST + math.log(geometry.n_fft / 1024)
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
        return istft(self.spectrum(mel, normalized), self._geometry)

    def spectrum(self, mel: Tensor, normalized: Tensor) -> Tensor:
        """The sound's bins `[B, n_fft / 2 + 1, frames]`."""
        changes, real, imaginary = self.network(normalized).split(self._bins, dim=2)
        logs = (mel - self._gain) @ self._interpolation + changes
        phases = torch.atan2(imaginary, real) + tone_phases(mel, self._geometry)
        magnitudes = logs.clamp(max=self._loudest).exp() * (mel.amax(dim=2, keepdim=True) > SILENCE)
        return torch.polar(magnitudes, phases).transpose(1, 2)
