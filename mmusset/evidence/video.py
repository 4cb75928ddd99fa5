"""The frames of a video. Call it only in a child process: media are not trusted."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmusset.errors import Unusable

from .container import check_known, frames_of, last_end_s, moving_pictures, open_av
from .decode import head_of, media_errors
from .high_dynamic_range import is_hdr, tone_mapped
from .media_file import MediaFile
from .still import fit, how_much_it_shows
from .what_it_is import no_picture

if TYPE_CHECKING:
    from PIL.Image import Image

NO_VIDEO = "video can't be decoded"
MAX_PIXELS = 50_000_000  # of a frame
LOOKS = 9
HD_PX = 1280, 577  # from this width or height on, colours that are not named are BT.709's
UNNAMED = 2  # a frame that does not name its matrix (AVCOL_SPC_UNSPECIFIED)
MOST_ASPECT = 8  # no pixel is longer; a header that says so is damaged


def video_frame(
    media: MediaFile, start_s: float, seconds: float, min_side_px: int, max_side_px: int
) -> "Image":
    """The best of nine frames seen while the clip sounds: sharp, with contrast, not black.

    `start_s` is by the file's own time stamps. It is upright, with square pixels, in sRGB. Raises
    Unusable.
    """
    best: _SeenFrame | None = None
    with media_errors(NO_VIDEO, lambda: no_picture(head_of(media))):
        for stream in range(len(_streams(media))):
            for look in range(LOOKS):
                seen = _seen_at(media, stream, start_s + seconds * (look + 0.5) / LOOKS)
                if seen and (best is None or seen.shows > best.shows):
                    best = seen
            if best and best.shows > 0:
                break
        if best is None:
            raise Unusable(NO_VIDEO, "no frame could be read; copy or download it again")
        if best.shows == 0.0:
            raise Unusable("video shows nothing", "all frames seen are of one colour")
        return fit(_picture(best, max_side_px), min_side_px, max_side_px)


def shows_something(media: MediaFile, start_s: float, seconds: float) -> bool:
    """Whether any of nine frames is of more than one colour; the middle is looked at first.

    What can't be decoded may show anything: `video_frame` says why it does not.
    """
    looks = sorted(range(LOOKS), key=lambda look: abs(look - LOOKS // 2))
    try:
        with media_errors(NO_VIDEO, lambda: no_picture(head_of(media))):
            for stream in range(len(_streams(media))):
                for look in looks:
                    seen = _seen_at(media, stream, start_s + seconds * (look + 0.5) / LOOKS)
                    if seen is None or seen.shows > 0:
                        return True
    except Unusable:
        return True
    return False


def frames_by_second(
    media: MediaFile, start_s: float, seconds: float, max_side_px: int
) -> "list[Image]":
    """For each whole second of a clip the frame that is shown in its middle, of the first stream
    that shows anything; at least one, but none where no frame can be read.

    Where the video ends sooner, or is damaged, the last good frame stays, as players have it.
    """
    times = [start_s + number + 0.5 for number in range(max(1, int(seconds)))]
    frames = list["Image"]()
    with suppress(Unusable), media_errors(NO_VIDEO, str):
        for stream in range(len(_streams(media))):
            frames = _pictures_in_turn(media, stream, times, max_side_px) or frames
            if any(how_much_it_shows(frame) > 0 for frame in frames):
                break
    return frames


def span(media: MediaFile, most_s: float) -> tuple[float, float]:
    """When a file begins by its own time stamps, and how long it lasts, `most_s` at most, in
    seconds: as it says, or by its last frame where it was recorded live and says nothing.

    Raises Unusable.
    """
    with media_errors(NO_VIDEO, lambda: no_picture(head_of(media))), open_av(media) as opened:
        begins_s = (opened.start_time or 0) / 1_000_000
        lasts_s = (opened.duration or 0) / 1_000_000
        if not lasts_s and (streams := moving_pictures(opened)):
            lasts_s = last_end_s(opened, streams[0], begins_s + most_s) - begins_s
        return begins_s, max(0.0, min(most_s, lasts_s))


@dataclass(frozen=True, slots=True)
class _SeenFrame:
    """A frame, how much it shows, and how much wider than high its pixels are."""

    frame: Any
    shows: float
    aspect: float


def _streams(media: MediaFile) -> list[int]:
    with open_av(media) as container:
        streams = moving_pictures(container)
        if not streams:
            raise Unusable("no picture in it")
        for stream in streams:
            check_known(stream, NO_VIDEO)
            if stream.width * stream.height > MAX_PIXELS:
                raise Unusable(NO_VIDEO, "its frames are too large; convert it to a smaller size")
        return [stream.index for stream in streams]


def _seen_at(media: MediaFile, number: int, at_s: float) -> _SeenFrame | None:
    """The frame that is shown at a time, or the last one before it where the video ends sooner."""
    with open_av(media) as container:
        stream = moving_pictures(container)[number]
        container.seek(max(0, int(at_s * 1_000_000)))
        shown = None
        for frame in filter(None, frames_of(container, stream)):
            if shown and (frame.time is None or frame.time > at_s):
                break
            shown = frame
        if shown is None:
            return None
        aspect = float(stream.sample_aspect_ratio or 1)
        return _SeenFrame(shown, how_much_it_shows(shown.to_image()), aspect)


def _pictures_in_turn(
    media: MediaFile, number: int, times: Sequence[float], max_side_px: int
) -> "list[Image]":
    """The frames that are shown at times, as an eye is shown them; none where there is none."""
    pictures = list["Image"]()
    with suppress(Unusable), media_errors(NO_VIDEO, str):
        for seen in _seen_in_turn(media, number, times):
            pictures.append(fit(_picture(seen, max_side_px), 1, max_side_px))
    return pictures + pictures[-1:] * (len(times) - len(pictures))


def _seen_in_turn(media: MediaFile, number: int, times: Sequence[float]) -> Iterator[_SeenFrame]:
    """The frames that are shown at times, which rise; decoded once, from the first to the last."""
    left = deque(times)
    with open_av(media) as container:
        stream = moving_pictures(container)[number]
        aspect = float(stream.sample_aspect_ratio or 1)
        container.seek(max(0, int(left[0] * 1_000_000)))
        shown = None
        for frame in filter(None, frames_of(container, stream)):
            while left and shown and frame.time is not None and frame.time > left[0]:
                left.popleft()
                yield _SeenFrame(shown, 0.0, aspect)
            if not left:
                return
            shown = frame
        for _ in left if shown else ():
            yield _SeenFrame(shown, 0.0, aspect)


def _is_hd(frame: Any) -> bool:
    is_large = frame.width >= HD_PX[0] or frame.height >= HD_PX[1]
    return is_large and str(frame.format.name).startswith(("yuv", "nv"))


def _picture(seen: _SeenFrame, max_side_px: int) -> "Image":
    """A frame as an eye is shown it."""
    frame = seen.frame
    image: Image
    if is_hdr(frame):
        image = tone_mapped(frame, max_side_px)
    elif frame.colorspace == UNNAMED and _is_hd(frame):
        image = frame.reformat(format="rgb24", src_colorspace="ITU709").to_image()
    else:
        image = frame.to_image()
    if seen.aspect != 1 and 1 / MOST_ASPECT <= seen.aspect <= MOST_ASPECT:
        wide, high = max(1.0, seen.aspect), max(1.0, 1 / seen.aspect)
        image = image.resize((round(image.width * wide), round(image.height * high)))
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image
