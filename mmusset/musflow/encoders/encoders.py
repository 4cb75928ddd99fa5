"""Encoders turn pictures, texts and sounds into embeddings, whichever they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from torch import Tensor

from mmusset.musflow.recipe import EncoderPart, EncodersPart

from .bundled import MeasuredImage, ReadText, SoundStatistics
from .pretrained import pretrained_image, pretrained_sound, pretrained_text

if TYPE_CHECKING:
    from PIL.Image import Image


class Encoder(Protocol):
    """What every encoder tells of itself."""

    identity: str
    """Changes with its weights: embeddings of two identities don't mix."""
    width: int


class ImageEncoder(Encoder, Protocol):
    def __call__(self, images: Sequence["Image"]) -> Tensor:
        """Embeddings `[B, width]` of RGB pictures."""
        ...


class TextEncoder(Encoder, Protocol):
    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Embeddings `[B, width]`."""
        ...


class SoundEncoder(Encoder, Protocol):
    rate_hz: int

    def __call__(self, sound: Tensor) -> Tensor:
        """Embeddings `[B, width]` of mono sound `[B, samples]` at `rate_hz`."""
        ...


@dataclass(frozen=True, slots=True)
class Encoders:
    """One for each modality, and one for the sound."""

    image: ImageEncoder
    story: TextEncoder
    caption: TextEncoder
    audio: SoundEncoder

    def identities(self) -> dict[str, str]:
        return {name: getattr(self, name).identity for name in self.__slots__}

    def widths(self) -> dict[str, int]:
        return {name: getattr(self, name).width for name in self.__slots__}


def open_encoders(part: EncodersPart, device: str = "cpu") -> Encoders:
    """The encoders of a recipe. Raises MmussetError where a model can't be loaded."""
    story = _text(part.story, device)
    return Encoders(
        image=MeasuredImage() if _bundled(part.image) else pretrained_image(part.image, device),
        story=story,
        caption=story if part.caption == part.story else _text(part.caption, device),
        audio=SoundStatistics() if _bundled(part.audio) else pretrained_sound(part.audio, device),
    )


def _text(part: EncoderPart, device: str) -> TextEncoder:
    return ReadText() if _bundled(part) else pretrained_text(part, device)


def _bundled(part: EncoderPart) -> bool:
    return part.kind == "bundled"
