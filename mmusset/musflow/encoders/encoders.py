"""The four encoders of a recipe, and opening them."""

from dataclasses import dataclass
from typing import Any

from mmusset.errors import UsageError
from mmusset.musflow.recipe import EncoderPart, EncodersPart
from mmusset.pretrained.embedding import (
    ClapSound,
    PretrainedImage,
    pretrained_text,
    whole_clap,
)

from .bundled import MeasuredImage, ReadText, SoundStatistics
from .encoder import ImageEncoder, SoundEncoder, TextEncoder


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
    """The encoders of a recipe; what several of them share is loaded once. Raises MmussetError
    where a model can't be loaded."""
    clap = _shared_clap(part, device)
    story = _text(part.story, device, clap if part.story == part.audio else None)
    return Encoders(
        image=_image(part.image, device),
        story=story,
        caption=story
        if part.caption == part.story
        else _text(part.caption, device, clap if part.caption == part.audio else None),
        audio=_sound(part.audio, device, clap),
    )


def _shared_clap(part: EncodersPart, device: str) -> Any:
    """The CLAP that encodes both sounds and texts, whole; None where none does."""
    if part.audio.kind == "clap" and part.audio in (part.story, part.caption):
        return whole_clap(_model(part.audio), device, part.audio.revision)
    return None


def _image(part: EncoderPart, device: str) -> ImageEncoder:
    if part.kind == "bundled":
        return MeasuredImage()
    return PretrainedImage(part.kind, _model(part), device, part.revision)


def _text(part: EncoderPart, device: str, whole: Any) -> TextEncoder:
    if part.kind == "bundled":
        return ReadText()
    return pretrained_text(part.kind, _model(part), device, part.revision, whole)


def _sound(part: EncoderPart, device: str, whole: Any) -> SoundEncoder:
    if part.kind == "bundled":
        return SoundStatistics()
    return ClapSound(_model(part), device, part.revision, whole)


def _model(part: EncoderPart) -> str:
    if not part.model:
        raise UsageError(f"an encoder of kind {part.kind} needs a model: a folder or a Hub name")
    return part.model
