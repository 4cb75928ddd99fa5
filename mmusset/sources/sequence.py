"""Pictures in a sequence with one story: a folder of them, numbered, with one text and one piece.

picnic/1.jpg  picnic/2.jpg  picnic/3.jpg  picnic/story.txt  picnic/song.mp3
"""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from .source import MUSICAL, Entry

FEWEST = 2  # pictures
_NUMBERED = re.compile(rb"(?P<name>.*?)(?P<number>\d{1,6})")


@dataclass(frozen=True, slots=True)
class PictureSequence:
    """Pictures by their number, and the story of all of them."""

    pictures: tuple[bytes, ...]
    story: bytes


def sequences(
    entries: Sequence[Entry], unusable: AbstractSet[bytes]
) -> dict[bytes, PictureSequence]:
    """By the path of the music, the sequence that lies with it; pictures that can't be used are
    left out of it."""
    folders: dict[bytes, list[Entry]] = defaultdict(list)
    for entry in entries:
        folders[os.path.dirname(entry.path)].append(entry)
    found = {}
    for inside in folders.values():
        music = [entry.path for entry in inside if entry.kind in MUSICAL]
        texts = [entry.path for entry in inside if entry.kind == "text"]
        pictures = [entry.path for entry in inside if entry.kind == "image"]
        if len(music) == len(texts) == 1 and (ordered := _in_order(pictures)):
            stems = {os.path.splitext(path)[0] for path in pictures}
            usable = tuple(path for path in ordered if path not in unusable)
            if len(usable) >= FEWEST and os.path.splitext(texts[0])[0] not in stems:
                found[music[0]] = PictureSequence(usable, texts[0])
    return found


def _in_order(pictures: Sequence[bytes]) -> list[bytes]:
    """Pictures by their number; none where they are not numbered, each by another number behind
    one name."""
    numbers: dict[int, bytes] = {}
    names = set()
    for path in pictures:
        match = _NUMBERED.fullmatch(os.path.splitext(os.path.basename(path))[0])
        if match is None:
            return []
        names.add(match["name"].lower())
        numbers[int(match["number"])] = path
    if len(names) != 1 or len(numbers) != len(pictures):
        return []
    return [numbers[number] for number in sorted(numbers)]
