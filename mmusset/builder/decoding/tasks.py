"""What is asked of the child processes, and what they answer."""

from dataclasses import asdict, dataclass
from typing import Any

from mmusset.frozen import Frozen
from mmusset.recipe import ClipPart, ImagePart
from mmusset.sample import ImageOrigin, Tags


class Survey(Frozen):
    """What a music, video, picture or text file says of itself. Empty strings where it does not.

    `pixels_sha256` is of the picture, or of the music's cover, as it is decoded to be stored;
    `sound_sha256` of a moment of the decoded music. Both outlive another container or tags.
    """

    sha256: str
    duration_s: float = 0.0
    cover_sha256: str = ""
    pixels_sha256: str = ""
    sound_sha256: str = ""
    tags: Tags = Tags()


@dataclass(frozen=True, slots=True)
class PrepareRequest:
    """One item to cut, measure and store as `stem`.flac and `stem`.jpg. Paths are absolute.

    With `model_pixels`, the picture is also stored as a model is shown it, as `stem`.model.jpg.
    `generated_by` is "" where the music is the source's own.
    """

    music_path: str
    music_sha256: str
    generated_by: str
    image_path: str
    image_sha256: str
    image_origin: ImageOrigin
    story_path: str
    clip_index: int
    clip_count: int
    stem: str
    model_pixels: int
    clip: ClipPart
    image: ImagePart

    def to_json(self) -> dict[str, Any]:
        """As plain values; `from_json` undoes it."""
        return asdict(self) | {"clip": self.clip.model_dump(), "image": self.image.model_dump()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "PrepareRequest":
        """What `to_json` gave."""
        parts = {"clip": ClipPart(**data["clip"]), "image": ImagePart(**data["image"])}
        return cls(**(data | parts))


class Wish(Frozen):
    """What music is to be made from: a picture, stored as samples hold it, and its story, or ""."""

    story: str
