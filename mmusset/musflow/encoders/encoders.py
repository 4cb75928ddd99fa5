"""The four encoders of a recipe, and opening them."""

from dataclasses import dataclass

from mmusset.musflow.recipe import EncoderPart, EncodersPart

from .bundled import MeasuredImage, ReadText, SoundStatistics
from .encoder import ImageEncoder, SoundEncoder, TextEncoder
from .pretrained import pretrained_image, pretrained_sound, pretrained_text


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
