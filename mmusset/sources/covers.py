"""Pictures embedded in music, the likeliest cover first."""

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinytag.tinytag import Images

MOST = 8  # of one file that are looked at


@dataclass(frozen=True, slots=True)
class Cover:
    """The bytes of a picture; `is_front` unless it is known to be the back of the case."""

    data: bytes
    is_front: bool = True


def of_tags(
    images: "Images | None", old: Sequence[str] = (), ape: Mapping[str, bytes] | None = None
) -> tuple[Cover, ...]:
    """The covers that tags hold: those of tinytag, those in base64 that Vorbis comments had before
    they had a form for pictures, and those of an APEv2 tag. The front comes first."""
    named: list[tuple[str, bytes]] = []
    for name, found in (images.as_dict() if images else {}).items():
        named += [(name, bytes(image.data)) for image in found if image.data]
    named += [("front_cover", data) for text in old if (data := _of_base64(text))]
    named += [(f"{name}_cover", data) for name, data in (ape or {}).items() if data]
    named.sort(key=lambda each: _rank(each[0]))
    covers = dict.fromkeys((data, name != "back_cover") for name, data in named)
    return tuple(Cover(*each) for each in list(covers)[:MOST])


def _rank(name: str) -> int:
    return {"front_cover": 0, "icon": 2, "other_icon": 2, "back_cover": 3}.get(name, 1)


def _of_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        return b""
