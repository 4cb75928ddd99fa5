"""A file of JSON beside music that says what its tags don't: `song.json` of `song.mp3`, or
`album.json` of all that is in a folder.

    {"genre": ["rock", "folk"], "mood": "dreamy", "bpm": 124, "key": "A minor",
     "instruments": ["piano"], "license": "CC BY 4.0"}

Every key may be missing, and a list may stand for one value; keys that are not here are passed
over. The values are read as those of tags are, so that no other words get any further.
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence

from mmusset.sample import Tags

from . import tag_values
from .licences import license_of
from .pair import album_of
from .source import MUSICAL, Entry

NAME = b"album.json"
MOST_BYTES = 65_536
MOST_TEXTS = 20  # of one key
_KEYS: dict[str, Callable[[Iterable[str]], str]] = {
    "genre": tag_values.genre,
    "mood": tag_values.mood,
    "bpm": tag_values.bpm,
    "key": tag_values.key,
    "instruments": tag_values.instruments,
    "license": license_of,
}


def sidecars(entries: Sequence[Entry]) -> dict[bytes, tuple[bytes, bytes]]:
    """By the path of each piece of music: its own sidecar and that of its album, b"" for none."""
    there = {entry.path for entry in entries if entry.kind == "sidecar"}
    found = {}
    for entry in entries:
        if entry.kind in MUSICAL:
            own = os.path.splitext(entry.path)[0] + b".json"
            folder = os.path.dirname(entry.path)
            albums = (os.path.join(each, NAME) for each in (folder, album_of(folder)))
            album = next((path for path in albums if path in there), b"")
            found[entry.path] = (own if own in there else b"", album)
    return found


def read(data: bytes) -> Tags:
    """What a sidecar says. Raises ValueError, with the reason, where it is none."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES} bytes")
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(said, dict):
        raise ValueError("it is not an object of keys and values")
    return Tags(**{name: value_of(_texts(said.get(name))) for name, value_of in _KEYS.items()})


def together(own: Tags, tags: Tags, album: Tags) -> Tags:
    """What a piece's sidecar, its tags and its album's sidecar say: the nearest that says any."""
    values = {
        name: getattr(own, name) or getattr(tags, name) or getattr(album, name)
        for name in Tags.model_fields
    }
    return Tags(**values)


def _texts(value: object) -> list[str]:
    """A key's value as texts: those of a list, and numbers; nothing for what is neither."""
    values = value[:MOST_TEXTS] if isinstance(value, list) else [value]
    return [str(v) for v in values if isinstance(v, str | int | float) and not isinstance(v, bool)]
