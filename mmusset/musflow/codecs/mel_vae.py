"""The bundled codec: a small variational autoencoder over log-mel frames, down to sound.

It needs no download: it is fitted on the shards in minutes. A few neighbouring frames are one
patch, so latents are a 1-D sequence as the velocity network takes it, and all layers between mel
and latents run at the latents' rate. The decoder ends in a head that makes sound of its log-mels,
and both are fitted together.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel

from .istft_head import IstftHead
from .layers import Convolution, Residual
from .spectral_loss import spectral_loss

KL_WEIGHT = 1e-3  # enough to keep latents near unit size, too little to blur them
# Of each crop's frames, those that the head is fitted on: a second costs it four times what it
# costs the rest.
HEARD_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class VaeLosses:
    """Of a batch, each a scalar: the training loss, and the mean error of log-mels in natural log
    units."""

    total: Tensor
    error: Tensor


class MelVae(nn.Module):
    """Mono sound `[B, samples]` to latents `[B, latents, C]` and back, by way of log-mels
    `[B, frames, mels]`."""

    def __init__(
        self, geometry: Geometry, width: int, depth: int, head_width: int, head_depth: int
    ) -> None:
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
        self.head = IstftHead(geometry, head_width, head_depth)

    def set_scale(self, mel: Tensor) -> None:
        """Take each band's mean and spread from frames `[..., mels]` of the training set."""
        bands = mel.flatten(0, -2)
        self.mean.copy_(bands.mean(dim=0))
        self.std.copy_(bands.std(dim=0).clamp_min(0.1))

    def posterior(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation `[B, latents, C]` of the latents of log-mel frames."""
        patches = self._normalized(mel).unflatten(1, (-1, self.geometry.squeeze))
        mean, log_variance = self.encoder(patches.flatten(2)).chunk(2, dim=-1)
        return mean, (0.5 * log_variance.clamp(-20, 10)).exp()

    def mel_of(self, latents: Tensor) -> Tensor:
        """Log-mel frames `[B, frames, mels]` of latents."""
        scaled = self.decoder(latents).unflatten(2, (self.geometry.squeeze, -1)).flatten(1, 2)
        return scaled * self.std + self.mean

    def sound_of(self, mel: Tensor) -> Tensor:
        """Mono sound `[B, samples]` of log-mel frames."""
        return self.head(mel, self._normalized(mel))

    def losses(self, sound: Tensor, noise: Tensor) -> VaeLosses:
        """Reconstruction and KL of mono sound `[B, samples]`; `noise` is `[B, latents, C]` and
        normal."""
        mel = log_mel(sound, self.geometry)
        mean, std = self.posterior(mel)
        again = self.mel_of(mean + std * noise)
        error = (again - mel).abs()
        kl = 0.5 * (mean.square() + std.square() - 1 - 2 * std.log()).mean()
        total = (error / self.std).mean() + KL_WEIGHT * kl + self._sound_loss(again, sound)
        return VaeLosses(total, error.mean())

    @torch.no_grad()
    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation `[B, latents, C]` for mono sound `[B, samples]`."""
        return self.posterior(log_mel(sound, self.geometry))

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Mono sound `[B, samples]`."""
        return self.sound_of(self.mel_of(latents))

    def _sound_loss(self, mel: Tensor, sound: Tensor) -> Tensor:
        """Of the head alone: what it still gets wrong would only disturb the rest."""
        frames = math.ceil(HEARD_SHARE * mel.shape[1])
        made = self.sound_of(mel[:, :frames].detach())
        return spectral_loss(made, sound[:, : frames * self.geometry.hop])

    def _normalized(self, mel: Tensor) -> Tensor:
        return (mel - self.mean) / self.std
