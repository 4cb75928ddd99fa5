"""What a music file says of itself: tags, length and cover. Untrusted text, capped and cleaned."""

import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

from mmusset.sample import Tags

MAX_CHARACTERS = 200
LICENCE = re.compile(
    r"\bcc0(?![a-z])|\bcc[ _-]*by(?![a-z])|creative ?commons|public[ -]?domain", re.IGNORECASE
)
# What a pure-Python parser was seen, or can be expected, to raise on garbage.
PARSE_ERRORS = (
    *(struct.error, ValueError, LookupError, ArithmeticError, TypeError, AttributeError),
    *(MemoryError, RecursionError, EOFError),
)


@dataclass(frozen=True, slots=True)
class TagRead:
    """`duration_s` is 0 where it is unknown; `cover` is the front cover's bytes."""

    tags: Tags
    duration_s: float
    cover: bytes | None


NOTHING = TagRead(Tags(), 0.0, None)


def read(file: BinaryIO, suffix: str) -> TagRead:
    """What a file says of itself; nothing where it can't be parsed. Raises OSError.

    The suffix tells the format where the first bytes don't.
    """
    import tinytag

    try:
        tag = tinytag.TinyTag.get(f"music{suffix}", file, image=True)
        image = tag.images.front_cover or tag.images.any
        rights = [*tag.other.get("license", []), *tag.other.get("copyright", [])]
        return TagRead(
            Tags(
                title=clean(tag.title),
                artist=clean(tag.artist),
                album=clean(tag.album),
                license=next((clean(text) for text in rights if names_license(str(text))), ""),
            ),
            float(tag.duration or 0.0),
            bytes(image.data) if image and image.data else None,
        )
    except (tinytag.TinyTagException, *PARSE_ERRORS):
        return NOTHING


def clean(text: str | None) -> str:
    """The text without control and direction characters, white space folded, capped."""
    printable = "".join(c if c.isprintable() else " " for c in text or "")
    return " ".join(printable.split())[:MAX_CHARACTERS].rstrip()


def names_license(text: str) -> bool:
    """Whether a rights tag names a licence rather than an owner."""
    return LICENCE.search(text) is not None
