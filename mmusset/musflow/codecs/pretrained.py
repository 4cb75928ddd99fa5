"""Pretrained codecs: a VAE over log-mels with its vocoder, and a VAE over sound itself.

Latents are the VAEs' own. `scaling_factor` of a config is not used: where nobody set it, it is
a default for images, and training normalizes latents by their statistics anyway.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.recipe import CodecPart
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel
from mmusset.pretrained.weights import ModelLocation, identity_of, loaded_model, locate

# AudioLDM's VAE and vocoder were trained on sounds normalized to this peak.
TRAINED_PEAK, LEAST_PEAK, MOST_PEAK = 0.5, 1e-3, 1.0


class MelVaeWithVocoder:
    """AudioLDM's VAE over log-mels, and the HiFi-GAN that turns them into sound: mono.

    Log-mels are HiFi-GAN's: magnitudes, Slaney's filters up to half the rate, natural
    logarithm from 1e-5, sound mirrored at its ends. Each sound is brought to the peak that both
    have learnt; its own is one channel more of every latent frame, so that quiet music stays
    quiet.
    """

    channels = 1

    def __init__(self, part: CodecPart, device: str) -> None:
        """Raises MmussetError where the weights can't be loaded or don't fit each other,
        UsageError where the recipe asks for another shape."""
        from diffusers import AutoencoderKL
        from transformers import SpeechT5HifiGan

        location = locate(part.model, "vae", "", revision=part.revision)
        vocoder_location = _vocoder_of(part)
        self._vae = loaded_model(AutoencoderKL, "a mel VAE", location, device)
        self._vocoder = loaded_model(SpeechT5HifiGan, "a vocoder", vocoder_location, device)
        vae, vocoder = self._vae.config, self._vocoder.config
        hop, mels = math.prod(vocoder.upsample_rates), int(vocoder.model_in_dim)
        squeeze = 2 ** (len(vae.block_out_channels) - 1)
        if vae.in_channels != 1 or mels % squeeze:
            raise MmussetError(
                f"the VAE in {location} takes {vae.in_channels} channels and shrinks them by"
                f" {squeeze}: that's not for log-mels of the {mels} bands of {vocoder_location}"
            )
        self.rate_hz = int(vocoder.sampling_rate)
        _check(part, rate_hz=self.rate_hz, hop=hop, mels=mels)
        pictured = int(vae.latent_channels) * (mels // squeeze)
        self.latent_channels = pictured + 1
        self.samples_per_latent = hop * squeeze
        seconds = self.samples_per_latent / self.rate_hz
        self._geometry = Geometry(self.rate_hz, seconds, part.n_fft, hop, mels, squeeze, pictured)
        self._vae_channels = int(vae.latent_channels)
        identity = identity_of("mel_vae", location, vocoder_location)
        self.identity = f"{identity}/n_fft {part.n_fft}/peak"

    @torch.no_grad()
    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation `[B, T, C]`; a remainder at the end has no latent.

        The VAE's `[B, channels, T, bands]` lie side by side in a frame, and after them the natural
        logarithm of the sound's peak over the trained one.
        """
        mono = _whole(sound, self.samples_per_latent).mean(dim=1)
        peak = mono.abs().amax(dim=1, keepdim=True).clamp_min(LEAST_PEAK) / TRAINED_PEAK
        mel = mirrored_log_mel(mono / peak, self._geometry)
        posterior = self._vae.encode(mel[:, None]).latent_dist
        mean, std = (each.transpose(1, 2).flatten(2) for each in (posterior.mean, posterior.std))
        level = peak.log()[:, None].expand(-1, mean.shape[1], -1)
        return torch.cat([mean, level], dim=2), torch.cat([std, torch.zeros_like(level)], dim=2)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Mono sound `[B, 1, samples]`."""
        picture, level = latents[..., :-1], latents[..., -1].mean(dim=1, keepdim=True)
        picture = picture.unflatten(2, (self._vae_channels, -1)).transpose(1, 2)
        mel = self._vae.decode(picture.contiguous()).sample[:, 0]
        sound = self._vocoder(mel) * level.exp().clamp(max=MOST_PEAK / TRAINED_PEAK)
        return _of_length(sound, latents.shape[1] * self.samples_per_latent)[:, None]


class Oobleck:
    """Stability's VAE over sound, with the channels that its config says.

    It may work at another rate than its own, where a latent frame is a whole number of samples at
    both: the sound is resampled on its way in and out. So weights for 48 kHz take music of
    44.1 kHz, and lose none of its band.
    """

    def __init__(self, part: CodecPart, device: str) -> None:
        """Raises MmussetError where the weights can't be loaded, UsageError where the recipe
        asks for a rate that does not go with them."""
        from diffusers import AutoencoderOobleck

        location = locate(part.model, "vae", "", revision=part.revision)
        self._vae = loaded_model(AutoencoderOobleck, "an Oobleck VAE", location, device)
        config = self._vae.config
        self.rate_hz, self._own_hz = part.rate_hz, int(config.sampling_rate)
        self._own_samples = math.prod(config.downsampling_ratios)
        samples = samples_at(self._own_samples, self._own_hz, self.rate_hz)
        if samples is None:
            _check(part, rate_hz=self._own_hz)
        self.samples_per_latent = samples or self._own_samples
        self.channels = int(config.audio_channels)
        self.latent_channels = int(config.decoder_input_channels)
        rate = "" if self.rate_hz == self._own_hz else f"/{self.rate_hz} Hz"
        self.identity = f"{identity_of('oobleck', location)}{rate}"

    @torch.no_grad()
    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation `[B, T, C]`; a remainder at the end has no latent."""
        whole = _whole(sound, self.samples_per_latent)
        frames = whole.shape[-1] // self.samples_per_latent
        own = _resampled(whole, self.rate_hz, self._own_hz, frames * self._own_samples)
        posterior = self._vae.encode(own).latent_dist
        return posterior.mean.transpose(1, 2), posterior.std.transpose(1, 2)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Sound `[B, channels, samples]`."""
        sound = self._vae.decode(latents.transpose(1, 2).contiguous()).sample
        samples = latents.shape[1] * self.samples_per_latent
        return _resampled(sound, self._own_hz, self.rate_hz, samples)


def mirrored_log_mel(sound: Tensor, geometry: Geometry) -> Tensor:
    """Log-mels `[B, frames, mels]` of mono sound `[B, samples]` as HiFi-GAN has them: reflected at
    its ends, where the bundled codec pads with zeros."""
    frames = math.ceil((geometry.n_fft - geometry.hop) / 2 / geometry.hop)
    longer = functional.pad(sound, (frames * geometry.hop,) * 2, mode="reflect")
    return log_mel(longer, geometry)[:, frames:-frames]


def _vocoder_of(part: CodecPart) -> ModelLocation:
    if part.vocoder:
        return locate(part.vocoder, "vocoder", "", revision=part.vocoder_revision)
    try:
        return locate(part.model, "vocoder", revision=part.revision)
    except MmussetError as error:
        raise MmussetError(f"{error}; codec.vocoder names one that lies elsewhere") from None


def _check(part: CodecPart, **weights: int) -> None:
    """Raises UsageError where the recipe contradicts the weights' config. A field at its default
    contradicts nothing, but for the rate."""
    for name, actual in weights.items():
        value = getattr(part, name)
        if value != actual and (name == "rate_hz" or value != CodecPart.model_fields[name].default):
            raise UsageError(
                f"codec.{name} is {value}, but the weights of {part.model} are for {actual};"
                f" --set codec.{name}={actual}"
            )


def samples_at(samples: int, rate_hz: int, other_hz: int) -> int | None:
    """How many samples at another rate last as long; None where it is no whole number."""
    whole, left = divmod(samples * other_hz, rate_hz)
    return None if left else whole


def _resampled(sound: Tensor, from_hz: int, to_hz: int, samples: int) -> Tensor:
    """Sound `[B, channels, N]` at another rate, of so many samples."""
    if from_hz == to_hz:
        return _of_length(sound, samples)
    import soxr

    frames = sound.flatten(0, 1).T.cpu().numpy()  # soxr takes [frames, channels]
    other = torch.from_numpy(soxr.resample(frames, from_hz, to_hz).T.copy()).to(sound)
    return _of_length(other, samples).unflatten(0, sound.shape[:2])


def _whole(sound: Tensor, multiple: int) -> Tensor:
    """Sound `[B, channels, samples]` cut to a multiple of so many samples."""
    return sound[..., : sound.shape[-1] // multiple * multiple]


def _of_length(sound: Tensor, samples: int) -> Tensor:
    """Sound padded or cut to so many samples: upsampling by odd factors is off by a few."""
    return functional.pad(sound, (0, samples - sound.shape[-1]))
