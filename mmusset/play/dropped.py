"""A file that was dropped onto the page: a picture, a video, or a recording to sound like."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mmusset.errors import UsageError
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.given_sound import LEAST_HEARD_S
from mmusset.shards.reader import BadSample
from mmusset.training.moving_picture import decode_video
from mmusset.training.picture import decode_image
from mmusset.training.recording import decode_recording

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_PX, JPEG_QUALITY = 1024, 90
SUFFIXES = {"image": ".jpg", "video": ".video", "audio": ".audio"}
NO_VIDEOS = "This model wasn't trained on videos, so it is given a picture of yours."
NO_SOUNDS = "this model was trained without sounds as a condition (network.audio)"
NOTHING = "the file is no picture, sound or video that can be read"


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """Which condition a file is, its id as such, how long it lasts, and what to know of it."""

    condition: Literal["image", "video", "audio"]
    id: str
    seconds: float = 0.0
    note: str = ""


def file_of(folder: Path, condition: str, name: str) -> Path:
    """The file that the model is given: a small JPEG, or a video or a recording as it came."""
    return folder / f"{condition}-{name}{SUFFIXES[condition]}"


def keep(data: bytes, generator: MusicGenerator, folder: Path) -> DroppedFile:
    """Keep a file as what it is, with a picture of a video, and with what is heard of a recording
    (`audio-ID.flac`). Raises UsageError for what is nothing of these, and for a recording where the
    model was trained without sounds as a condition."""
    name = hashlib.sha256(data).hexdigest()[:16]
    try:
        image = decode_image(data)
    except BadSample:
        came = folder / f"came-{name}"
        try:
            came.write_bytes(data)
            return _video(came, name, generator, folder) or _recording(
                came, name, generator, folder
            )
        finally:
            came.unlink(missing_ok=True)
    _save_picture(image, name, folder)
    return DroppedFile("image", name)


def _video(came: Path, name: str, generator: MusicGenerator, folder: Path) -> DroppedFile | None:
    """None for what is no video."""
    try:
        video = decode_video(came, generator.seconds)
    except BadSample:
        return None
    _save_picture(video.image, name, folder)
    if not generator.manifest.video_frames:
        return DroppedFile("image", name, note=NO_VIDEOS)
    came.rename(file_of(folder, "video", name))
    return DroppedFile("video", name, video.seconds)


def _recording(came: Path, name: str, generator: MusicGenerator, folder: Path) -> DroppedFile:
    import soundfile

    try:
        recording = decode_recording(came, generator.seconds)
    except BadSample:
        raise UsageError(NOTHING) from None
    if "audio" not in generator.model.tokens:
        raise UsageError(NO_SOUNDS)
    if recording.lasts_s < LEAST_HEARD_S:
        raise UsageError(
            f"the recording lasts {recording.lasts_s:.1f} s:"
            f" drop one of {LEAST_HEARD_S:g} s or more"
        )
    heard, rate_hz = generator.heard(came), generator.encoders.audio.rate_hz
    soundfile.write(folder / f"audio-{name}.flac", heard, rate_hz)
    came.rename(file_of(folder, "audio", name))
    return DroppedFile("audio", name, recording.lasts_s)


def _save_picture(image: "Image", name: str, folder: Path) -> None:
    small = image.copy()
    small.thumbnail((PICTURE_PX, PICTURE_PX))
    small.save(file_of(folder, "image", name), quality=JPEG_QUALITY)
