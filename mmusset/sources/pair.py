"""Pairing: which picture and which story belong to a piece of music, nearest first."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from mmusset.sample import ImageOrigin

from .source import Entry

COVER = re.compile(r"(cover|folder|front)\.[^.]+", re.IGNORECASE)
DISC = re.compile(r"(cd|disc|disk) ?\d+", re.IGNORECASE)
STORY = re.compile(rb"\.story\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A piece of music, its picture and, if there is one, its story: relative paths.

    For a picture that is alone, `music` is the picture too: some is to be made from it.
    """

    music: bytes
    image: bytes
    image_origin: ImageOrigin
    story: bytes | None


@dataclass(frozen=True, slots=True)
class Paired:
    """Every usable entry is in a pair, alone, or left over with a reason."""

    pairs: list[Pairing]
    alone: list[Pairing]
    leftover: list[tuple[bytes, str]]


def pair(
    entries: Sequence[Entry], with_cover: AbstractSet[bytes], generate: bool = False
) -> Paired:
    """Pair usable entries, which come in order. `with_cover` are files with an embedded cover.

    With `generate`, a picture of no music is alone and not left over.
    """
    shelf = _Shelf([e for e in entries if e.kind in ("image", "text")])
    pairs, leftover, used = [], [], set[bytes]()
    for entry in entries:
        if entry.kind not in ("music", "video"):
            continue
        story = shelf.story(entry.path)
        picture = _picture(entry, with_cover, shelf)
        if picture is None:
            reason = "no picture: put cover.jpg beside it, or a picture of the same name"
            leftover.append((entry.path, reason))
            continue
        image, origin = picture
        pairs.append(Pairing(entry.path, image, origin, story))
        used |= {image, story or b""}
    alone = _alone(entries, shelf, used) if generate else []
    used |= {path for a in alone for path in (a.image, a.story or b"")}
    for entry in entries:
        if entry.kind in ("image", "text") and entry.path not in used:
            what = "picture" if entry.kind == "image" else "text"
            leftover.append((entry.path, f"{what} of no music"))
    return Paired(pairs, alone, leftover)


def album_of(folder: bytes) -> bytes:
    """The folder of the whole album: for that of one disc ("CD1", "Disc 2"), the one above it."""
    is_disc = DISC.fullmatch(_text(os.path.basename(folder)))
    return os.path.dirname(folder) if is_disc else folder


def _alone(entries: Sequence[Entry], shelf: "_Shelf", used: AbstractSet[bytes]) -> list[Pairing]:
    """The pictures of no music, each with the text of its name that nothing else has."""
    alone, taken = [], set(used)
    for entry in entries:
        if entry.kind == "image" and entry.path not in used:
            story = shelf.story(entry.path)
            own = story if story not in taken else None
            alone.append(Pairing(entry.path, entry.path, "alone", own))
            taken.add(own or b"")
    return alone


def _picture(
    entry: Entry, with_cover: AbstractSet[bytes], shelf: "_Shelf"
) -> tuple[bytes, ImageOrigin] | None:
    if entry.kind == "video":
        return entry.path, "video"
    if entry.path in with_cover:
        return entry.path, "embedded"
    if same_stem := shelf.image(entry.path):
        return same_stem, "stem"
    folder = os.path.dirname(entry.path)
    if cover := shelf.cover(folder) or shelf.cover(album_of(folder)):
        return cover, "folder"
    return None


class _Shelf:
    """Pictures and texts by the folder and name that a piece would look for."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._exact: dict[tuple[str, bytes], list[bytes]] = defaultdict(list)
        self._alike: dict[tuple[str, bytes, str], list[bytes]] = defaultdict(list)
        self._covers: dict[bytes, list[bytes]] = defaultdict(list)
        for entry in entries:
            folder, name = os.path.split(entry.path)
            stem = os.path.splitext(entry.path)[0]
            # "x.story.txt" is the story of "x", and of a piece that is named "x.story".
            stems = {stem, STORY.sub(b"", stem)} if entry.kind == "text" else {stem}
            for each in stems:
                self._exact[entry.kind, each].append(entry.path)
                self._alike[entry.kind, folder, _fold(os.path.basename(each))].append(entry.path)
            if entry.kind == "image" and COVER.fullmatch(_text(name)):
                self._covers[folder].append(entry.path)

    def image(self, music: bytes) -> bytes | None:
        return self._of_stem("image", music)

    def story(self, music: bytes) -> bytes | None:
        return self._of_stem("text", music)

    def cover(self, folder: bytes) -> bytes | None:
        """The folder's cover: cover before folder before front."""
        covers = self._covers[folder]
        return min(covers, key=lambda path: (_fold(os.path.basename(path)), path), default=None)

    def _of_stem(self, kind: str, music: bytes) -> bytes | None:
        folder, name = os.path.split(os.path.splitext(music)[0])
        paths = (
            self._exact[kind, os.path.join(folder, name)] or self._alike[kind, folder, _fold(name)]
        )
        return paths[0] if paths else None


def _fold(name: bytes) -> str:
    return unicodedata.normalize("NFC", _text(name)).casefold()


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
