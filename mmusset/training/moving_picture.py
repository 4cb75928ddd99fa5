"""A video that a user gives, decoded as a build would."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.errors import Unread, Unusable
from mmusset.evidence import video
from mmusset.evidence.media_file import MediaFile
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


# The one that was decoded last, by its hash and how many seconds were asked for: music is made to
# one video with several seeds.
_last: dict[tuple[str, float], MovingPicture] = {}


def decode_video(path: Path, most_s: float) -> MovingPicture:
    """The first seconds of a video. Raises BadSample for what is none, or shows nothing."""
    try:
        with MediaFile(path) as media:
            known_by = media.sha256(), most_s
            decoded = _last.get(known_by) or _decoded(media, most_s)
    except (Unread, Unusable) as error:
        raise BadSample(f"its video does not decode ({error})") from None
    _last.clear()
    _last[known_by] = decoded
    return decoded


def _decoded(media: MediaFile, most_s: float) -> MovingPicture:
    begins_s, seconds = video.span(media, most_s)
    image = video.video_frame(media, begins_s, seconds, 1, MAX_SIDE_PX)
    frames = video.frames_by_second(media, begins_s, seconds, LONGEST_PX)
    if not frames:
        raise Unusable(video.NO_VIDEO, "no frame could be read; copy or download it again")
    return MovingPicture(seconds, image, tuple(frames))
