"""APEv2 tags at the end of a file: those of WavPack, and of many an MP3."""

import os
from dataclasses import dataclass, field
from typing import BinaryIO

SIGN, FOOTER, ID3V1 = b"APETAGEX", 32, 128
MOST_BYTES = 1 << 25
MOST_ITEMS = 200
BINARY = 1  # an item's kind, in bits 1 and 2 of its flags


@dataclass(frozen=True, slots=True)
class ApeTag:
    """Texts by their key in small letters, and pictures by "front", "back" and so on."""

    texts: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)


def read(file: BinaryIO) -> ApeTag:
    """The tag at the end of a file; an empty one where there is none. Raises OSError."""
    items, count = _items(file)
    tag = ApeTag()
    place = 0
    for _ in range(min(count, MOST_ITEMS)):
        size = int.from_bytes(items[place : place + 4], "little")
        flags = int.from_bytes(items[place + 4 : place + 8], "little")
        end = items.find(b"\0", place + 8)
        value = items[end + 1 : end + 1 + size]
        if end < 0 or len(value) < size:
            break
        key = items[place + 8 : end].decode("ascii", "replace").lower()
        place = end + 1 + size
        if key.startswith("cover art ("):
            # A name, which ends with a zero, comes before the picture.
            tag.pictures[key[11:].rstrip(")")] = value.partition(b"\0")[2]
        elif flags >> 1 & 3 != BINARY:
            tag.texts[key] = value.replace(b"\0", b"; ").decode("utf-8", "replace")
    return tag


def _items(file: BinaryIO) -> tuple[bytes, int]:
    """The bytes of all items, and how many they are."""
    size = file.seek(0, os.SEEK_END)
    for end in (size, size - ID3V1):  # an ID3v1 tag may stand behind it
        if end < FOOTER:
            continue
        file.seek(end - FOOTER)
        footer = file.read(FOOTER)
        length = int.from_bytes(footer[12:16], "little")
        if footer[:8] == SIGN and FOOTER <= length <= min(end, MOST_BYTES):
            file.seek(end - length)
            return file.read(length - FOOTER), int.from_bytes(footer[16:20], "little")
    return b"", 0
