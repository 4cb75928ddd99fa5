"""Pairing: which picture and which story belong to a piece of music, nearest first."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from mmusset.sample_parts.piece import ImageOrigin

from .cover_names import BACK, COVER_FOLDERS, is_disc, rank
from .parallel import place_of
from .sequence import sequences
from .source import NO_ROW, Entry, Kind, Row, kind_of

_OF_NO_MUSIC: dict[Kind, str] = {
    "image": "picture",
    "text": "text",
    "caption": "caption",
    "lyrics": "lyrics",
    "score": "another score",
}
STORY = re.compile(rb"\.story\Z", re.IGNORECASE)
_NAMED = re.compile(rb"\.(story|caption|lyrics)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A piece of music, its picture and, if there are any, its texts and score: relative paths.

    For a picture that is alone, `music` is the picture too: some is to be made from it. `others`
    are pictures that stand by for a matched one, each with its story.
    """

    music: bytes
    image: bytes
    image_origin: ImageOrigin
    story: bytes | None
    lyrics: bytes | None = None
    caption: bytes | None = None
    row: Row = NO_ROW
    score: bytes | None = None
    sequence: tuple[bytes, ...] = ()
    others: tuple[tuple[bytes, bytes | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Paired:
    """Every usable entry is in a pair, alone, or left over with a reason."""

    pairs: list[Pairing]
    alone: list[Pairing]
    leftover: list[tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class PicturesFound:
    """What was found where files were read: `covers` are music with an embedded cover, True for
    one that may be a front; `unusable` are pictures that can't be used, and music whose cover
    can't; `without_frames` are videos of sound alone."""

    covers: Mapping[bytes, bool] = field(default_factory=dict)
    unusable: AbstractSet[bytes] = frozenset()
    without_frames: AbstractSet[bytes] = frozenset()


def pair(
    entries: Sequence[Entry],
    seen: PicturesFound,
    generate: bool = False,
    matched: Mapping[bytes, Sequence[bytes]] | None = None,
    nearby: bool = True,
) -> Paired:
    """Pair usable entries, which come in order.

    A picture that can't be used gives way to the next; where none can, the nearest is taken, so
    that its piece fails for the right reason. With `generate`, a picture of no music is alone and
    not left over. `matched` are pictures for music that has none, the best first; without `nearby`,
    what lies beside music is not taken for its picture.
    """
    shelf = _Shelf(entries)
    strung = sequences(entries, seen.unusable) if nearby else {}
    pairs, leftover, used, waiting = [], [], set[bytes](), set[bytes]()
    for entry in entries:
        if entry.kind not in ("music", "video"):
            continue
        name = entry.row.file or entry.path
        story, caption = shelf.story(name), shelf.caption(name)
        picture = _picture(entry, seen, shelf, nearby)
        sequence: tuple[bytes, ...] = ()
        if picture is None and (found := strung.get(entry.path)):
            picture, sequence = (found.pictures[0], "sequence"), found.pictures
            story = found.story
        others: tuple[tuple[bytes, bytes | None], ...] = ()
        if picture is None and (chosen := (matched or {}).get(entry.path)):
            # A story tells of its picture: where that has brought one, it is the better.
            choices = [(each, shelf.story(each) or story) for each in chosen]
            picture, story = (choices[0][0], "matched"), choices[0][1]
            others = tuple(choices[1:])
        if picture is None:
            reason = "no picture: put cover.jpg beside it, or a picture of the same name"
            leftover.append((entry.path, reason))
            waiting |= {text for text in (story, caption, shelf.lyrics(name)) if text}
            continue
        image, origin = picture
        lyrics, score = shelf.lyrics(name), shelf.score(name)
        texts = (story, lyrics, caption)
        pairing = Pairing(entry.path, image, origin, *texts, entry.row, score, sequence, others)
        pairs.append(pairing)
        used |= {image, *sequence, story or b"", lyrics or b"", caption or b"", score or b""}
    alone = _alone(entries, shelf, used) if generate else []
    used |= {path for a in alone for path in (a.image, a.story or b"")}
    for entry in entries:
        if entry.kind in _OF_NO_MUSIC and entry.path not in used:
            whose = "of music without a picture" if entry.path in waiting else "of no music"
            leftover.append((entry.path, f"{_OF_NO_MUSIC[entry.kind]} {whose}"))
    return Paired(pairs, alone, leftover)


def album_of(folder: bytes) -> bytes:
    """The folder of the whole album: for a disc's ("CD1", "Disc 2 - Live"), the one above it."""
    return os.path.dirname(folder) if is_disc(_text(os.path.basename(folder))) else folder


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
    entry: Entry, seen: PicturesFound, shelf: "_Shelf", nearby: bool
) -> tuple[bytes, ImageOrigin] | None:
    """The nearest picture that can be used, and by which rule."""
    named = entry.row.image
    if entry.kind == "video" and not named and entry.path not in seen.without_frames:
        return entry.path, "video"
    choices = _choices(entry, seen, shelf) if nearby else []
    if not choices:
        return None
    for number, (path, origin) in enumerate(choices):
        if path not in seen.unusable:
            return path, origin if number == 0 else SECOND_CHOICE[origin]
    return choices[0]


SECOND_CHOICE: dict[ImageOrigin, ImageOrigin] = {
    "embedded": "embedded, second choice",
    "stem": "stem, second choice",
    "folder": "folder, second choice",
}


def _choices(entry: Entry, seen: PicturesFound, shelf: "_Shelf") -> list[tuple[bytes, ImageOrigin]]:
    """The pictures that a piece may have, the nearest first; backs of cases come last."""
    music, named = entry.path, entry.row.image
    is_front = seen.covers.get(music)
    fronts: list[tuple[bytes, ImageOrigin]] = [(music, "embedded")] if is_front else []
    if named:
        fronts.insert(0, (named, "named"))
    name = entry.row.file or music
    if same_stem := shelf.image(name):
        fronts.append((same_stem, "stem"))
    folder = os.path.dirname(name)
    folders = dict.fromkeys((folder, album_of(folder)))
    fronts += [(path, "folder") for each in folders for path in shelf.covers(each)]
    backs: list[tuple[bytes, ImageOrigin]] = [(music, "embedded")] if is_front is False else []
    backs += [(path, "folder") for each in folders for path in shelf.backs(each)]
    return [*fronts, *backs]


class _Shelf:
    """Pictures and texts by the folder and name that a piece would look for."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._exact: dict[tuple[str, bytes], list[bytes]] = defaultdict(list)
        self._alike: dict[tuple[str, bytes, str], list[bytes]] = defaultdict(list)
        self._pictures: dict[bytes, list[bytes]] = defaultdict(list)
        self._parallel: dict[tuple[str, bytes, str], list[bytes]] = defaultdict(list)
        self._music: set[tuple[bytes, str]] = set()
        for entry in entries:
            folder = os.path.dirname(entry.path)
            stem = os.path.splitext(entry.path)[0]
            if entry.kind in ("music", "video"):
                self._music.add((folder, _fold(os.path.basename(stem))))
            if entry.kind not in _OF_NO_MUSIC:
                continue
            # "x.story.txt" is the story of "x", and of a piece that is named "x.story".
            stems = {stem, _NAMED.sub(b"", stem)} if entry.kind != "image" else {stem}
            for each in stems:
                self._exact[entry.kind, each].append(entry.path)
                name = _fold(os.path.basename(each))
                self._alike[entry.kind, folder, name].append(entry.path)
                kind, place = place_of(folder, entry.kind)
                if place is not None:
                    self._parallel[kind, place, name].append(entry.path)
            if entry.kind == "image":
                self._pictures[folder].append(entry.path)
        self._kinds = {key[0] for key in (*self._exact, *self._parallel)}
        self._covers = {folder: self._ranked(paths) for folder, paths in self._pictures.items()}
        for folder, ranked in list(self._covers.items()):
            above, last = os.path.split(folder)
            if _fold(last) in COVER_FOLDERS:  # an album's scans are its own
                own = self._covers.setdefault(above, ([], []))
                self._covers[above] = (own[0] + ranked[0], own[1] + ranked[1])

    def _ranked(self, paths: list[bytes]) -> tuple[list[bytes], list[bytes]]:
        """The covers among a folder's pictures, the likeliest first, and the backs."""
        ranks = {path: rank(_fold(os.path.basename(os.path.splitext(path)[0]))) for path in paths}
        free = [path for path in paths if not self._is_of_a_piece(path)]
        if len(paths) == 1 and free and ranks[paths[0]] is None:
            return paths, []  # the only picture of a folder is its cover, whatever its name is
        known = sorted(
            (r, _fold(os.path.basename(p)), p) for p, r in ranks.items() if r is not None
        )
        return [p for r, _, p in known if r < BACK], [p for r, _, p in known if r >= BACK]

    def _is_of_a_piece(self, picture: bytes) -> bool:
        folder, name = os.path.split(os.path.splitext(picture)[0])
        return (folder, _fold(name)) in self._music

    def image(self, music: bytes) -> bytes | None:
        return self._of_stem("image", music)

    def story(self, music: bytes) -> bytes | None:
        return self._of_stem("text", music)

    def lyrics(self, music: bytes) -> bytes | None:
        return self._of_stem("lyrics", music)

    def caption(self, music: bytes) -> bytes | None:
        return self._of_stem("caption", music)

    def score(self, music: bytes) -> bytes | None:
        """The score of a piece; one that is played is its own."""
        return music if kind_of(music) == "score" else self._of_stem("score", music)

    def covers(self, folder: bytes) -> list[bytes]:
        """The folder's covers, the likeliest first."""
        return self._covers.get(folder, ([], []))[0]

    def backs(self, folder: bytes) -> list[bytes]:
        """What shows the back of an album, or its disc."""
        return self._covers.get(folder, ([], []))[1]

    def _of_stem(self, kind: str, music: bytes) -> bytes | None:
        if kind not in self._kinds:
            return None
        folder, name = os.path.split(os.path.splitext(music)[0])
        paths = (
            self._exact.get((kind, os.path.join(folder, name)))
            or self._alike.get((kind, folder, _fold(name)))
            or self._beside(kind, folder, _fold(name))
        )
        return paths[0] if paths else None

    def _beside(self, kind: str, folder: bytes, name: str) -> list[bytes]:
        """What lies in a folder beside that of the music: `images/x.jpg` of `audio/x.mp3`."""
        _, place = place_of(folder, "music")
        return self._parallel.get((kind, place, name), []) if place is not None else []


def _fold(name: bytes) -> str:
    return unicodedata.normalize("NFC", _text(name)).casefold()


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def captions_of(entries: Sequence[Entry]) -> dict[bytes, bytes]:
    """The file of each piece of music that gives its caption by its name, whether there is a
    picture or not."""
    shelf = _Shelf(entries)
    music = [entry for entry in entries if entry.kind in ("music", "video")]
    named = ((entry.path, shelf.caption(entry.row.file or entry.path)) for entry in music)
    return {path: caption for path, caption in named if caption}
