"""What every codec does, sound to latents and back, and opening the one of a recipe."""

from pathlib import Path
from typing import Protocol

from torch import Tensor

from mmusset.errors import UsageError
from mmusset.musflow.recipe import CodecPart


class Codec(Protocol):
    """Sound `[B, channels, samples]` at `rate_hz` to latents `[B, T, latent_channels]`."""

    identity: str
    """Changes with its weights and settings: latents of two identities must not be mixed."""
    rate_hz: int
    channels: int
    latent_channels: int
    samples_per_latent: int

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation `[B, T, latent_channels]` of the posterior."""
        ...

    def decode(self, latents: Tensor, seed: int = 0) -> Tensor:
        """Sound `[B, channels, samples]`; `seed` is for random phases, if it has any."""
        ...


def open_codec(part: CodecPart, fitted: Path, device: str = "cpu") -> Codec:
    """The codec of a recipe. `fitted` is the folder of the bundled one.

    Raises MmussetError where its weights are missing, or don't match the recipe.
    """
    if part.kind == "bundled":
        from .bundled import load_bundled

        return load_bundled(part, fitted, device)
    if not part.model:
        raise UsageError(f"codec.kind {part.kind} needs codec.model: a folder or a Hub name")
    from .pretrained import MelVaeWithVocoder, Oobleck

    return (MelVaeWithVocoder if part.kind == "mel_vae" else Oobleck)(part, device)
