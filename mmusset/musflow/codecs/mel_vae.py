"""The bundled codec: a small variational autoencoder over log-mel frames.

It needs no download: it is fitted on the shards in minutes. A few neighbouring frames are one
patch, so latents are a 1-D sequence as the velocity network takes it, and all layers run at
the latents' rate. Sound comes back by phase reconstruction (sound/mel.py).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel, sound_of

KL_WEIGHT = 1e-3  # enough to keep latents near unit size, too little to blur them


@dataclass(frozen=True, slots=True)
class VaeLosses:
    """Of a batch, each a scalar: the training loss, and the mean error in natural log units."""

    total: Tensor
    error: Tensor


class MelVae(nn.Module):
    """Log-mel `[B, frames, mels]` to latents `[B, latents, C]` and back, for mono sound."""

    def __init__(self, geometry: Geometry, width: int = 256, depth: int = 2) -> None:
        super().__init__()
        patch, channels = geometry.squeeze * geometry.mels, geometry.latent_channels
        self.geometry = geometry
        self.register_buffer("mean", torch.zeros(geometry.mels))
        self.register_buffer("std", torch.ones(geometry.mels))
        self.encoder = nn.Sequential(
            Convolution(patch, width),
            *(Residual(width) for _ in range(depth)),
            Convolution(width, 2 * channels),
        )
        self.decoder = nn.Sequential(
            Convolution(channels, width),
            *(Residual(width) for _ in range(depth)),
            Convolution(width, patch),
        )

    def set_scale(self, mel: Tensor) -> None:
        """Take each band's mean and spread from frames `[..., mels]` of the training set."""
        bands = mel.flatten(0, -2)
        self.mean.copy_(bands.mean(dim=0))
        self.std.copy_(bands.std(dim=0).clamp_min(0.1))

    def posterior(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation `[B, latents, C]` of the latents of log-mel frames."""
        patches = ((mel - self.mean) / self.std).unflatten(1, (-1, self.geometry.squeeze))
        mean, log_variance = self.encoder(patches.flatten(2)).chunk(2, dim=-1)
        return mean, (0.5 * log_variance.clamp(-20, 10)).exp()

    def mel_of(self, latents: Tensor) -> Tensor:
        """Log-mel frames `[B, frames, mels]` of latents."""
        scaled = self.decoder(latents).unflatten(2, (self.geometry.squeeze, -1)).flatten(1, 2)
        return scaled * self.std + self.mean

    def losses(self, mel: Tensor, noise: Tensor) -> VaeLosses:
        """Reconstruction and KL; `noise` is `[B, latents, C]` and normal."""
        mean, std = self.posterior(mel)
        error = (self.mel_of(mean + std * noise) - mel).abs()
        kl = 0.5 * (mean.square() + std.square() - 1 - 2 * std.log()).mean()
        return VaeLosses((error / self.std).mean() + KL_WEIGHT * kl, error.mean())

    @torch.no_grad()
    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation `[B, latents, C]` for mono sound `[B, samples]`."""
        return self.posterior(log_mel(sound, self.geometry))

    @torch.no_grad()
    def decode(self, latents: Tensor, seed: int = 0) -> Tensor:
        """Mono sound `[B, samples]`."""
        return sound_of(self.mel_of(latents), self.geometry, seed=seed)


class Convolution(nn.Module):
    """A convolution of width 3 over frames `[B, T, W]`, as one matrix product: on a CPU it takes
    half the time of conv1d for so few frames."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(3 * width, out)

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, (0, 0, 1, 1))
        return self.linear(torch.cat([padded[:, :-2], x, padded[:, 2:]], dim=-1))


class Residual(nn.Module):
    """Two convolutions and a skip connection.

    Each frame is normalized by itself, so that it does not depend on the clip's length.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = Convolution(width, width)
        self.second = Convolution(width, width)
        nn.init.zeros_(self.second.linear.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Frames `[B, T, W]`."""
        normed = functional.rms_norm(x, x.shape[-1:], eps=1e-6)
        return x + self.second(functional.silu(self.first(functional.silu(normed))))
