"""What a music file says of itself: tags and cover. Untrusted text, capped and cleaned."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from mmusset.sample_parts.piece import Tags

from . import ape, covers, id3, tag_values
from .covers import Cover
from .licences import license_of

if TYPE_CHECKING:
    from tinytag import TinyTag

MAX_CHARACTERS = 200
MOST_LYRICS = 20_000  # characters
MOST_TEXTS = 20  # of one tag that are looked at
# What a pure-Python parser was seen, or can be expected, to raise on garbage.
PARSE_ERRORS = (
    *(struct.error, ValueError, LookupError, ArithmeticError, TypeError, AttributeError),
    *(MemoryError, RecursionError, EOFError),
)

# The names under which tinytag gives what ID3 frames, Vorbis comments, iTunes atoms and free
# fields hold; a frame that it does not know is named as it is, in small letters.
MOOD = ("mood", "tmoo")
BPM = ("bpm", "bpm (beats per minute)", "beats per minute", "tempo")
KEY = ("initial_key", "initial key", "key", "musical key")
INSTRUMENT = ("instrument", "instruments", "instrumentation")
ALBUM_ARTIST = ("album artist", "album_artist")
CREDITS = ("tmcl", "tipl", "ipls")
WITH_APE = (".mp3", ".wv", ".mp2", ".aac", ".tta")  # formats in which APEv2 tags are usual
NAMED_RIGHTS = ("license", "licence", "wcop", "license_url", "licenseurl", "license url", "rights")
ASIDES = ("comment", "description", "url", "contact")


@dataclass(frozen=True, slots=True)
class TagRead:
    """`covers` are embedded pictures, the front first; `lyrics` are the file's own, line by line;
    `album_artist` is no part of the tags, since it only tells which pieces belong together."""

    tags: Tags
    covers: tuple[Cover, ...]
    lyrics: str = ""
    album_artist: str = ""


def read(file: BinaryIO, suffix: str) -> TagRead:
    """What a file says of itself; nothing where it can't be parsed. Raises OSError.

    The suffix tells the format where the first bytes don't.
    """
    import tinytag

    try:
        behind = ape.read(file) if suffix in WITH_APE else ape.ApeTag()
        whole = id3.plain(file)
    except PARSE_ERRORS:
        behind, whole = ape.ApeTag(), file
    try:
        # For a length it would walk through all of an Ogg file.
        tag = tinytag.TinyTag.get(f"music{suffix}", whole, duration=False, image=True)
        tags = _tags(tag)
        by = clean(tag.albumartist) or album_artist({n: t[0] for n, t in tag.other.items() if t})
        found = covers.of_tags(tag.images, tag.other.get("coverart", ()), behind.pictures)
        lyrics = [str(text) for text in tag.other.get("lyrics", ())]
    except (tinytag.TinyTagException, *PARSE_ERRORS):
        tags, found = Tags(), covers.of_tags(None, (), behind.pictures)
        lyrics, by = [], ""
    sung = (lyrics[0] if lyrics else behind.texts.get("lyrics", ""))[:MOST_LYRICS]
    by = by or album_artist(behind.texts)
    return TagRead(filled_up(tags, behind.texts), found, sung, by)


def filled_up(tags: Tags, texts: Mapping[str, str]) -> Tags:
    """The tags, with what texts of another parser say of what they leave open."""
    if not texts:
        return tags
    behind = {name: clean(texts.get(name)) for name in ("title", "artist", "album")}
    behind |= {
        "genre": tag_values.genre([texts.get("genre", "")]),
        "mood": tag_values.mood([texts.get("mood", "")]),
        "bpm": tag_values.bpm([texts.get("bpm", "")]),
    }
    left_open = {name: text for name, text in behind.items() if text and not getattr(tags, name)}
    return tags.model_copy(update=left_open)


def album_artist(texts: Mapping[str, str]) -> str:
    """Who an album is by, as texts of another parser say; "" where they don't."""
    return next((clean(texts[name]) for name in ALBUM_ARTIST if texts.get(name)), "")


def _tags(tag: "TinyTag") -> Tags:
    def of(*names: str) -> list[str]:
        return [str(text) for name in names for text in tag.other.get(name, ())[:MOST_TEXTS]]

    names = (
        tag_values.instruments(of(*INSTRUMENT)),
        tag_values.credited(of(*CREDITS)),
        tag_values.played(of("performer")),
    )
    return Tags(
        title=clean(tag.title),
        artist=clean(tag.artist),
        album=clean(tag.album),
        license=license_of(of(*NAMED_RIGHTS), of("copyright"), [tag.comment or "", *of(*ASIDES)]),
        genre=tag_values.genre([tag.genre or "", *of("genre")]),
        mood=tag_values.mood(of(*MOOD)),
        bpm=tag_values.bpm(of(*BPM)),
        key=tag_values.key(of(*KEY)),
        instruments=tag_values.instruments(names),
    )


def clean(text: str | None) -> str:
    """The text without control and direction characters, white space folded, capped."""
    printable = "".join(c if c.isprintable() else " " for c in text or "")
    return " ".join(printable.split())[:MAX_CHARACTERS].rstrip()
