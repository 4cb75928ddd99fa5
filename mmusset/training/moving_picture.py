"""A video that a user gives, decoded as a build would."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.errors import Unread, Unusable
from mmusset.evidence import video
from mmusset.evidence.media_file import MediaFile
from mmusset.sample_parts.media import MOST_FRAMES
from mmusset.shards.frames import LONGEST_PX
from mmusset.shards.reader import BadSample

from .picture import MAX_SIDE_PX

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class MovingPicture:
    """A video's length, its best frame, and one frame for each whole second."""

    seconds: float
    image: "Image"
    frames: "tuple[Image, ...]"


def decode_video(path: Path, most_s: float = MOST_FRAMES) -> MovingPicture:
    """The first seconds of a video. Raises BadSample for what is none, or shows nothing."""
    try:
        with MediaFile(path) as media:
            begins_s, lasts_s = video.span(media)
            seconds = min(most_s, lasts_s)
            image = video.video_frame(media, begins_s, seconds, 1, MAX_SIDE_PX)
            frames = video.frames_by_second(media, begins_s, seconds, LONGEST_PX)
    except (Unread, Unusable) as error:
        raise BadSample(f"its video does not decode ({error})") from None
    return MovingPicture(seconds, image, tuple(frames))
