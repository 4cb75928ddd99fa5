"""Pictures attached to sound or video in a container, such as the cover of a Matroska file."""

from typing import Any

from mmusset.errors import Unusable

from .container import open_av, pictures_attached
from .decode import media_errors
from .media_file import MediaFile

MOST = 8
# Containers whose covers FFmpeg finds, and parsers of tags don't.
SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".webm", ".mka", ".weba", ".avi"),
        *(".wma", ".wmv", ".asf", ".m4b", ".m4p", ".wv"),
    }
)


def pictures(media: MediaFile) -> tuple[bytes, ...]:
    """The attached pictures, each the bytes of a file; none where there is no such container."""
    if media.suffix not in SUFFIXES:
        return ()
    try:
        with media_errors("", lambda: ""), open_av(media) as container:
            found = [_first_packet(container, stream) for stream in pictures_attached(container)]
            found += [
                bytes(each.data)
                for each in container.streams.attachments
                if (each.mimetype or "").startswith("image/")
            ]
    except Unusable:
        return ()
    return tuple(data for data in found if data)[:MOST]


def _first_packet(container: Any, stream: Any) -> bytes:
    container.seek(0)
    for packet in container.demux(stream):
        return bytes(packet)
    return b""
