"""A file of JSON beside music that says what its tags don't: `song.json` or `song.info.json` of
`song.mp3`, or `album.json` of all that is in a folder.

    {"caption": "A slow waltz on an accordion.", "title": "Rain", "artist": "Ann Bell",
     "genre": ["rock", "folk"], "mood": "dreamy", "bpm": 124, "key": "A minor",
     "instruments": ["piano"], "license": "CC BY 4.0"}

Every key may be missing, and a list may stand for one value; keys that are not here are passed
over. The values are read as those of tags are, so that no other words get any further, but for the
texts that are given: a caption, a story, lyrics.
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

from mmusset.sample_parts.piece import Tags

from . import tag_values
from .licences import license_of
from .pair import album_of
from .source import MUSICAL, Entry
from .tags import clean

NAME = b"album.json"
OWN = (b".json", b".info.json")  # behind the music's stem; the second is yt-dlp's
MOST_BYTES = 1 << 22  # what yt-dlp writes of all formats of a video has up to 1 MB
MOST_TEXTS = 20  # of one key


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, map(clean, texts)), "")


# How each value is read, and under which keys it stands, the first that is there.
_KEYS: dict[str, tuple[Callable[[Iterable[str]], str], tuple[str, ...]]] = {
    "title": (_first, ("title",)),
    "artist": (_first, ("artist", "artists")),
    "album": (_first, ("album",)),
    "genre": (tag_values.genre, ("genre", "genres")),
    "mood": (tag_values.mood, ("mood", "moods")),
    "bpm": (tag_values.bpm, ("bpm", "tempo")),
    "key": (tag_values.key, ("key", "keyscale")),  # keyscale: as ACE-Step has it
    "instruments": (tag_values.instruments, ("instruments", "instrument")),
    "license": (license_of, ("license", "licence")),
}
GivenText = Literal["caption", "story", "lyrics"]
GIVEN_TEXTS: tuple[GivenText, ...] = get_args(GivenText)


def sidecars(entries: Sequence[Entry]) -> dict[bytes, tuple[bytes, bytes]]:
    """By the path of each piece of music: its own sidecar and that of its album, b"" for none."""
    there = {entry.path for entry in entries if entry.kind == "sidecar"}
    if not there:
        return {e.path: (e.row.sidecar, b"") for e in entries if e.kind in MUSICAL}
    found = {}
    for entry in entries:
        if entry.kind in MUSICAL:
            stem = os.path.splitext(entry.row.file or entry.path)[0]
            beside = (stem + suffix for suffix in OWN if stem + suffix in there)
            own = entry.row.sidecar or next(beside, b"")
            folder = os.path.dirname(entry.path)
            albums = (os.path.join(each, NAME) for each in (folder, album_of(folder)))
            album = next((path for path in albums if path in there), b"")
            found[entry.path] = (own, album)
    return found


def read(data: bytes) -> Tags:
    """What a sidecar says. Raises ValueError, with the reason, where it is none."""
    said = read_object(data)
    return Tags(
        **{
            name: value_of(next((texts for key in keys if (texts := _texts(said.get(key)))), []))
            for name, (value_of, keys) in _KEYS.items()
        }
    )


def texts_given(data: bytes) -> dict[GivenText, str]:
    """The caption, story and lyrics that a sidecar gives, as they are; raises ValueError."""
    said = read_object(data)
    texts = ((name, next(iter(_texts(said.get(name))), "")) for name in GIVEN_TEXTS)
    found = {name: text for name, text in texts if text.strip()}
    if "caption" not in found and (text := next(iter(_texts(said.get("text"))), "")):
        found["caption"] = text  # as datasets for CLAP have it
    return found


def read_object(data: bytes) -> dict[str, object]:
    """The keys and values of a file of JSON. Raises ValueError, with the reason, for any other."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES} bytes")
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(said, dict):
        raise ValueError("it is not an object of keys and values")
    return said


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
