"""A codec turns sound into latents and latents into sound, whichever it is."""

from pathlib import Path
from typing import Protocol

from torch import Tensor

from mmusset.errors import UsageError
from mmusset.musflow.recipe import CodecPart


class Codec(Protocol):
    """Sound `[B, channels, samples]` at `rate_hz` to latents `[B, T, latent_channels]`."""

    identity: str
    """Changes with its weights and settings: latents of two identities don't mix."""
    rate_hz: int
    channels: int
    latent_channels: int
    samples_per_latent: int

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each latent."""
        ...

    def decode(self, latents: Tensor, seed: int = 0) -> Tensor:
        """Sound; `seed` is for what is drawn by chance, if anything."""
        ...


def open_codec(part: CodecPart, fitted: Path, device: str = "cpu") -> Codec:
    """The codec of a recipe. `fitted` is where the bundled one was saved.

    Raises MmussetError where its weights are not there, or not what the recipe says.
    """
    if part.kind == "bundled":
        from .bundled import load_bundled

        return load_bundled(part, fitted, device)
    if not part.model:
        raise UsageError(f"codec.kind {part.kind} needs codec.model: a folder or a Hub name")
    from .pretrained import MelVaeWithVocoder, Oobleck

    return (MelVaeWithVocoder if part.kind == "mel_vae" else Oobleck)(part, device)
