"""The four encoders of a recipe, and opening them."""

from dataclasses import dataclass

from mmusset.errors import UsageError
from mmusset.musflow.recipe import EncoderPart, EncodersPart
from mmusset.pretrained.embedding import ClapSound, PretrainedImage, pretrained_text

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
    """The encoders of a recipe. Raises MmussetError where a model can't be loaded."""
    story = _text(part.story, device)
    return Encoders(
        image=_image(part.image, device),
        story=story,
        caption=story if part.caption == part.story else _text(part.caption, device),
        audio=_sound(part.audio, device),
    )


def _image(part: EncoderPart, device: str) -> ImageEncoder:
    if part.kind == "bundled":
        return MeasuredImage()
    return PretrainedImage(part.kind, _model(part), device)


def _text(part: EncoderPart, device: str) -> TextEncoder:
    return (
        ReadText() if part.kind == "bundled" else pretrained_text(part.kind, _model(part), device)
    )


def _sound(part: EncoderPart, device: str) -> SoundEncoder:
    return SoundStatistics() if part.kind == "bundled" else ClapSound(_model(part), device)


def _model(part: EncoderPart) -> str:
    if not part.model:
        raise UsageError(f"an encoder of kind {part.kind} needs a model: a folder or a Hub name")
    return part.model
