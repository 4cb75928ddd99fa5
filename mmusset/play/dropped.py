"""A file that was dropped onto the page: a picture, a sound to be like, or a video."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mmusset.errors import UsageError
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.given_sound import LEAST_HEARD_S, MOST_SECONDS, read_sound
from mmusset.shards.reader import BadSample
from mmusset.training.moving_picture import decode_video
from mmusset.training.picture import decode_image

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_PX, JPEG_QUALITY = 1024, 90
SUFFIXES = {"image": ".jpg", "audio": ".flac", "video": ".video"}
NO_VIDEOS = "This model was trained on no videos: the music will go by this picture of it."


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """Which condition a file is, its id as such, how long it lasts, and what to know of it."""

    condition: Literal["image", "audio", "video"]
    id: str
    seconds: float = 0.0
    note: str = ""


def file_of(folder: Path, condition: str, name: str) -> Path:
    """The file that the model is given: a small JPEG, a FLAC, or a video as it came."""
    return folder / f"{condition}-{name}{SUFFIXES[condition]}"


def keep(data: bytes, generator: MusicGenerator, folder: Path) -> DroppedFile:
    """Keep a file as what it is; of a video a picture too. Raises UsageError for what is nothing
    of these, and for a sound where the model was trained without sounds as a condition."""
    name = hashlib.sha256(data).hexdigest()[:16]
    try:
        image = decode_image(data)
    except BadSample:
        came = file_of(folder, "video", name)
        came.write_bytes(data)
        return _sound(came, name, generator, folder) or _video(came, name, generator, folder)
    _save_picture(image, name, folder)
    return DroppedFile("image", name)


def _sound(came: Path, name: str, generator: MusicGenerator, folder: Path) -> DroppedFile | None:
    """None for what is no sound by itself."""
    import soundfile

    try:
        lasts_s = soundfile.info(came).duration
    except soundfile.LibsndfileError:
        return None
    if "audio" not in generator.model.tokens:
        raise UsageError("this model was trained without sounds as a condition (network.audio)")
    if not LEAST_HEARD_S <= lasts_s <= MOST_SECONDS:
        raise UsageError(
            f"the sound lasts {lasts_s:.1f} s: drop one of {LEAST_HEARD_S:g} to {MOST_SECONDS:g} s"
        )
    sound, rate_hz = read_sound(came)
    soundfile.write(file_of(folder, "audio", name), sound, rate_hz)
    return DroppedFile("audio", name, lasts_s)


def _video(came: Path, name: str, generator: MusicGenerator, folder: Path) -> DroppedFile:
    try:
        video = decode_video(came, generator.seconds)
    except BadSample:
        raise UsageError("the file is no picture, sound or video that can be read") from None
    _save_picture(video.image, name, folder)
    if not generator.manifest.video_frames:
        return DroppedFile("image", name, note=NO_VIDEOS)
    return DroppedFile("video", name, video.seconds)


def _save_picture(image: "Image", name: str, folder: Path) -> None:
    small = image.copy()
    small.thumbnail((PICTURE_PX, PICTURE_PX))
    small.save(file_of(folder, "image", name), quality=JPEG_QUALITY)
