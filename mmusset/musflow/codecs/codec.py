"""What every codec does, sound to latents and back, and opening the one of a recipe."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from torch import Tensor

from mmusset.errors import UsageError
from mmusset.musflow.recipe import CodecPart
from mmusset.text import nearest


class Codec(Protocol):
    """Sound `[B, channels, samples]` at `rate_hz` to latents `[B, T, latent_channels]`."""

    identity: str
    """Changes with its weights and settings: latents of two identities must not be mixed."""
    rate_hz: int
    channels: int
    latent_channels: int
    samples_per_latent: int

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor | None]:
        """Mean and standard deviation `[B, T, latent_channels]` of the posterior; None in place of
        deviations that are nothing beside the spread of the means."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Sound `[B, channels, samples]`, always the same of the same latents."""
        ...


def _bundled(part: CodecPart, fitted: Path, device: str) -> Codec:
    from .bundled import load_bundled

    return load_bundled(part, fitted, device)


def _mel_vae(part: CodecPart, fitted: Path, device: str) -> Codec:
    from .pretrained import MelVaeWithVocoder

    return MelVaeWithVocoder(_with_model(part), device)


def _oobleck(part: CodecPart, fitted: Path, device: str) -> Codec:
    from .pretrained import Oobleck

    return Oobleck(_with_model(part), device)


def _with_model(part: CodecPart) -> CodecPart:
    if not part.model:
        raise UsageError(f"codec.kind {part.kind} needs codec.model: a folder or a Hub name")
    return part


# What opens a codec of each kind that `codec.kind` can name, from the recipe's part, the folder of
# what was fitted, and the device. Modules with weights are imported when one is opened.
CODECS: dict[str, Callable[[CodecPart, Path, str], Codec]] = {
    "bundled": _bundled,
    "mel_vae": _mel_vae,
    "oobleck": _oobleck,
}


def open_codec(part: CodecPart, fitted: Path, device: str = "cpu") -> Codec:
    """The codec of a recipe. `fitted` is the folder of the bundled one.

    Raises UsageError where there is no codec of that kind, MmussetError where its weights are
    missing, or don't match the recipe.
    """
    if part.kind not in CODECS:
        raise UsageError(f"no codec.kind {part.kind!r}.{nearest(part.kind, list(CODECS))}")
    return CODECS[part.kind](part, fitted, device)
