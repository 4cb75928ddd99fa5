"""Pictures attached to sound or video in a container, such as the cover of a Matroska file."""

from typing import Any

from mmusset.errors import Unusable

from .container import open_av, pictures_attached
from .decode import media_errors
from .media_file import MediaFile

MOST = 8


def pictures(media: MediaFile) -> tuple[bytes, ...]:
    """The attached pictures, each the bytes of a file; none where there is no such container."""
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
