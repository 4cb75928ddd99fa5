"""The bundled codec: a small variational autoencoder over log-mel frames, down to sound.

It needs no download: it is fitted on the shards in minutes. A few neighbouring frames are one
patch, so latents are a 1-D sequence as the velocity network takes it, and all layers between mel
and latents run at the latents' rate. The decoder ends in a head that makes sound of its log-mels,
and both are fitted together. Of stereo the log-mels are the middle's, and each patch holds the
parameters by which the side is made of it.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel_of
from mmusset.musflow.sound.stft import istft, stft

from .istft_head import IstftHead
from .layers import Convolution, Residual
from .spectral_loss import spectral_loss
from .stereo import PARAMETERS, side_of, stereo_parameters

KL_WEIGHT = 1e-3  # enough to keep latents near unit size, too little to blur them
# Of each crop's frames, those that the head is fitted on: a second costs it four times what it
# costs the rest.
HEARD_SHARE = 0.25
STEREO_WEIGHT = 0.5  # of the error of what stereo has, beside that of the log-mels
MOST_LEVEL = 1.0  # that a band is raised or lowered by, in natural log units: 8.7 dB


@dataclass(frozen=True, slots=True)
class VaeLosses:
    """Of a batch, each a scalar: the training loss, and the mean error of log-mels in natural log
    units."""

    total: Tensor
    error: Tensor


@dataclass(frozen=True, slots=True)
class Features:
    """What is encoded of a clip, and decoded: log-mels `[B, frames, mels]`, and what `stereo` has
    of it `[B, latents, PARAMETERS]`, of mono nothing `[B, latents, 0]`."""

    mel: Tensor
    stereo: Tensor


class MelVae(nn.Module):
    """Sound `[B, sound_channels, samples]`, mono or stereo, to latents `[B, latents, C]` and back,
    by way of its features."""

    def __init__(
        self,
        geometry: Geometry,
        width: int,
        depth: int,
        head_width: int,
        head_depth: int,
        sound_channels: int = 1,
    ) -> None:
        super().__init__()
        stereo = PARAMETERS if sound_channels == 2 else 0
        patch, channels = geometry.squeeze * geometry.mels + stereo, geometry.latent_channels
        self.geometry, self.sound_channels = geometry, sound_channels
        self.register_buffer("mean", torch.zeros(geometry.mels))
        self.register_buffer("std", torch.ones(geometry.mels))
        self.register_buffer("level", torch.zeros(geometry.mels))
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

    @torch.no_grad()
    def set_level(self, sound: Tensor) -> None:
        """Take how much too quiet each band comes back from clips `[B, sound_channels, samples]` of
        the training set, once the rest is fitted; `decode` makes up for it.

        The decoder learns means of logarithms, which lie below the logarithms of means, and what
        the head can't place in phase it leaves out.
        """
        features = self.features(sound)
        again = self.features(self.sound_of(self.features_of(self.posterior(features)[0])))
        real, made = ((2 * each.mel).exp().mean(dim=1) for each in (features, again))
        # Each clip counts as much as another, however loud, and bands by what they have of it. What
        # is made of silence is louder by far than that, and is not to count for more than a clip.
        clips = torch.maximum(real.sum(dim=1), made.sum(dim=1))[:, None]
        missing = ((real / clips).mean(dim=0) / (made / clips).mean(dim=0)).log()
        self.level.copy_((0.5 * missing).clamp(-MOST_LEVEL, MOST_LEVEL))

    def features(self, sound: Tensor) -> Features:
        """Of sound `[B, sound_channels, samples]`."""
        geometry = self.geometry
        mid = stft(sound.mean(dim=1), geometry)
        mel = log_mel_of(mid, geometry)
        if self.sound_channels == 1:
            return Features(mel, mel.new_empty(len(mel), mel.shape[1] // geometry.squeeze, 0))
        side = stft(0.5 * (sound[:, 0] - sound[:, 1]), geometry)
        return Features(mel, stereo_parameters(mid, side, geometry))

    def posterior(self, features: Features) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation `[B, latents, C]` of the latents of features."""
        frames = self._normalized(features.mel).unflatten(1, (-1, self.geometry.squeeze))
        patches = torch.cat([frames.flatten(2), features.stereo], dim=2)
        mean, log_variance = self.encoder(patches).chunk(2, dim=-1)
        return mean, (0.5 * log_variance.clamp(-20, 10)).exp()

    def features_of(self, latents: Tensor) -> Features:
        """Features of latents."""
        of_mel = self.geometry.squeeze * self.geometry.mels
        patches = self.decoder(latents)
        frames = patches[..., :of_mel].unflatten(2, (self.geometry.squeeze, -1)).flatten(1, 2)
        return Features(frames * self.std + self.mean, patches[..., of_mel:])

    def sound_of(self, features: Features) -> Tensor:
        """Sound `[B, sound_channels, samples]` of features."""
        mid = self.head.spectrum(features.mel, self._normalized(features.mel))
        if self.sound_channels == 1:
            return istft(mid, self.geometry)[:, None]
        side = side_of(mid, features.stereo, self.geometry)
        middle, half = istft(mid, self.geometry), istft(side, self.geometry)
        return torch.stack([middle + half, middle - half], dim=1)

    def losses(self, sound: Tensor, noise: Tensor) -> VaeLosses:
        """Reconstruction and KL of sound `[B, sound_channels, samples]`; `noise` is
        `[B, latents, C]` and normal."""
        features = self.features(sound)
        mean, std = self.posterior(features)
        again = self.features_of(mean + std * noise)
        error = (again.mel - features.mel).abs()
        stereo = (again.stereo - features.stereo).abs().sum(dim=2).mean() / PARAMETERS
        kl = 0.5 * (mean.square() + std.square() - 1 - 2 * std.log()).mean()
        total = (error / self.std).mean() + STEREO_WEIGHT * stereo + KL_WEIGHT * kl
        return VaeLosses(total + self._sound_loss(again.mel, sound.mean(dim=1)), error.mean())

    def head_loss(self, sound: Tensor, noise: Tensor) -> Tensor:
        """The part of that which the head alone has, the rest being as it is: a scalar."""
        with torch.no_grad():
            mean, std = self.posterior(self.features(sound))
            mel = self.features_of(mean + std * noise).mel
        return self._sound_loss(mel, sound.mean(dim=1))

    @torch.no_grad()
    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation `[B, latents, C]` of sound `[B, sound_channels, samples]`."""
        return self.posterior(self.features(sound))

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Sound `[B, sound_channels, samples]`."""
        features = self.features_of(latents)
        return self.sound_of(replace(features, mel=features.mel + self.level))

    def _sound_loss(self, mel: Tensor, mid: Tensor) -> Tensor:
        """Of the head alone: what it still gets wrong would only disturb the rest."""
        geometry = self.geometry
        frames = math.ceil(HEARD_SHARE * mel.shape[1])
        heard = mel[:, :frames].detach()
        made = self.head(heard, self._normalized(heard))
        return spectral_loss(made, mid[:, : frames * geometry.hop], geometry.n_fft)

    def _normalized(self, mel: Tensor) -> Tensor:
        return (mel - self.mean) / self.std
