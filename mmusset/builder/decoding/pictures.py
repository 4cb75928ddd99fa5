"""An item's picture: decoded, measured and encoded once for all clips of a piece that have it."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mmusset.errors import Unread, Unusable
from mmusset.evidence import image as images
from mmusset.evidence import still, video
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.rounding import rounded
from mmusset.evidence.sound import Sound
from mmusset.recipe_parts.media import ImagePart
from mmusset.sample_parts.evidence import ImageEvidence
from mmusset.sample_parts.media import NO_FRAMES, FrameFacts
from mmusset.shards.frames import LONGEST_PX, frame_size, sheet_of
from mmusset.sources import tags
from mmusset.speakers.picture import fit

from .surveying import covers_in
from .tasks import PrepareTask, path_of

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES_KEPT = 16  # that of an album is the picture of several pieces


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture as it is stored, and what is measured on it; `for_model` is as a model is shown it,
    b"" where none is, and `frames` are the video's that it is of, on one sheet, b"" for a still."""

    jpeg: bytes
    for_model: bytes
    width_px: int
    height_px: int
    evidence: ImageEvidence
    frames: bytes = b""
    frame_facts: FrameFacts = NO_FRAMES


# By the picture's hash, how it is stored, and how many pixels a model is shown.
_known_pictures: dict[tuple[str, ImagePart, int], StoredPicture] = {}


def picture_in(sound: Sound, task: PrepareTask, start_s: float) -> StoredPicture | None:
    """The picture that the music's own file holds; None where it is another file's."""
    origin = task.item.piece.picture.origin
    if origin == "video":  # each clip has a frame of its own
        picture = _stored(_frame(sound, task, start_s), task)
        return _with_frames(picture, sound, task, start_s) if task.frames else picture
    if not task.item.piece.picture.is_in_music:
        return None
    return _known(task) or _remembered(_stored(_cover(sound, task), task), task)


def picture_beside(task: PrepareTask) -> StoredPicture:
    """The picture that is a file. Raises Unusable also where that is no longer the planned one."""
    file, sha256 = task.originals.picture, task.item.piece.picture.sha256
    with opened(file, sha256) as media:
        picture = _known(task) or _stored(opened_still(media, task.image), task)
    return _remembered(picture, task)


@contextmanager
def opened(file: bytes, sha256: str) -> Iterator[MediaFile]:
    """A picture's file. Raises Unusable where that is no longer the planned one."""
    with naming(file), MediaFile(path_of(file)) as media:
        if media.sha256() != sha256:
            raise Unusable("picture changed since it was planned")
        yield media


def opened_still(media: MediaFile, part: ImagePart) -> "Image":
    return still.open_image(media, part.min_side_px, part.max_side_px)


@contextmanager
def naming(file: bytes) -> Iterator[None]:
    """What goes with the music is named where it can't be read."""
    try:
        yield
    except Unread as error:
        raise Unread(f"{path_of(file).name}: {error.why}") from None


def encode_jpeg(picture: "Image", quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _frame(sound: Sound, task: PrepareTask, start_s: float) -> "Image":
    part, at_s = task.image, sound.zero_s + start_s
    sides_px = part.min_side_px, part.max_side_px
    return video.video_frame(sound.media, at_s, task.clip.seconds, *sides_px)


def _with_frames(
    picture: StoredPicture, sound: Sound, task: PrepareTask, start_s: float
) -> StoredPicture:
    """The picture with the frames of the video that it is of, one a second."""
    at_s = sound.zero_s + start_s
    frames = video.frames_by_second(sound.media, at_s, task.clip.seconds, LONGEST_PX)
    if not frames:
        return picture
    sheet = sheet_of(frames)
    jpeg = encode_jpeg(sheet, task.image.jpeg_quality)
    width, height = frame_size(sheet, len(frames))
    facts = FrameFacts(
        count=len(frames),
        width_px=width,
        height_px=height,
        sha256=hashlib.sha256(jpeg).hexdigest(),
    )
    return replace(picture, frames=jpeg, frame_facts=facts)


def _cover(sound: Sound, task: PrepareTask) -> "Image":
    covers = covers_in(tags.read(sound.media.reader(), sound.media.suffix), sound)
    planned = task.item.piece.picture.sha256
    cover = next((c for c in covers if hashlib.sha256(c.data).hexdigest() == planned), None)
    if cover is None:
        raise Unusable("picture can't be decoded", "the embedded cover is gone")
    return still.open_image(cover.data, task.image.min_side_px, task.image.max_side_px)


def _stored(picture: "Image", task: PrepareTask) -> StoredPicture:
    return StoredPicture(
        jpeg=encode_jpeg(picture, task.image.jpeg_quality),
        for_model=fit(picture, task.model_pixels) if task.model_pixels else b"",
        width_px=picture.width,
        height_px=picture.height,
        evidence=rounded(images.measure(picture)),
    )


def _known(task: PrepareTask) -> StoredPicture | None:
    return _known_pictures.get(_known_by(task))


def _remembered(picture: StoredPicture, task: PrepareTask) -> StoredPicture:
    if len(_known_pictures) >= PICTURES_KEPT:
        _known_pictures.clear()
    _known_pictures[_known_by(task)] = picture
    return picture


def _known_by(task: PrepareTask) -> tuple[str, ImagePart, int]:
    return task.item.piece.picture.sha256, task.image, task.model_pixels
