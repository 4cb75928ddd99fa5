"""What a source is: entries with names, which can be opened one at a time.

To add a kind of source, write a class of this form beside `folder.py` and name it in
`choose.py`. Nothing else in the house joins paths onto a source, or walks it.
"""

import os
import re
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from mmusset.sample_parts.piece import Split, Stretch

Kind = Literal[
    "music",
    "image",
    "video",
    "text",
    "caption",
    "sidecar",
    "lyrics",
    "score",
    "rights",
    "other",
    "folder",
]

SUFFIXES: dict[Kind, frozenset[bytes]] = {
    "music": frozenset(
        {
            *(b".mp3", b".flac", b".ogg", b".oga", b".opus", b".m4a", b".m4b", b".m4p", b".aac"),
            *(b".wav", b".w64", b".aif", b".aiff", b".aifc", b".wma", b".wv", b".tta", b".mka"),
            *(b".weba", b".mp2", b".ac3"),
        }
    ),
    "image": frozenset(
        {
            *(b".jpg", b".jpeg", b".jpe", b".jfif", b".png", b".webp", b".gif", b".bmp", b".tif"),
            *(b".tiff", b".avif", b".heic", b".heif"),
        }
    ),
    "video": frozenset(
        {
            *(b".mp4", b".m4v", b".mov", b".3gp", b".3g2", b".mkv", b".webm", b".avi", b".mpg"),
            *(b".mpeg", b".ts", b".mts", b".m2ts", b".wmv", b".asf", b".flv", b".ogv"),
        }
    ),
    "text": frozenset({b".txt"}),
    "sidecar": frozenset({b".json"}),  # of music, if it is named so: sidecar.py
    "lyrics": frozenset({b".lrc"}),  # of music, if a recipe asks for them: lyrics.py
    "score": frozenset(  # of music, or music itself: score_files.py
        {b".mid", b".midi", b".kar", b".rmi", b".musicxml", b".mxl"}
    ),
}
# What the end of a name's stem says of a text: "song.caption.txt" is the caption of "song".
NAMED_TEXTS: dict[bytes, Kind] = {b".caption": "caption", b".lyrics": "lyrics"}
MUSICAL = frozenset({"music", "video"})
# Whole names of files that say what may be done with what lies beside them: rights.py.
_RIGHTS = re.compile(
    rb"(?i)(?P<licence>(?:licen[sc]e|copying)(?:[-_][\w-]+)?(?:\.(?:txt|md))?)|(?P<noml>\.noml)"
    rb"|(?P<robots>(?:ai|robots)\.txt)|(?P<tdm>tdmrep\.json)"
)
# Of music that loses nothing, by their names.
LOSSLESS = (b".flac", b".wav", b".w64", b".aif", b".aiff", b".aifc", b".wv", b".tta")


@dataclass(frozen=True, slots=True)
class Row:
    """What a table, or a shard, says of an entry of music: the entries of its picture and of a
    sidecar, b"" for none; the file that it pairs as, where it is only one row or stretch of it; and
    the group and split that another build gave it."""

    image: bytes = b""
    sidecar: bytes = b""
    file: bytes = b""
    stretch: Stretch | None = None
    kept_group: str = ""
    kept_split: Split | None = None


NO_ROW = Row()


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in the source. `skip` is "" or why it is left out.

    `path` is relative, with "/" between folders: pairing goes by it. It is bytes, since the names
    of a file system need not be text. An entry whose size and time are those that it had is not
    read again. `unread` is "" or why the machine could not look at it; what could not be listed
    is of the kind "folder" then. `row` is what a table says of it, if there is one.
    """

    path: bytes
    kind: Kind
    size: int
    mtime_ns: int
    skip: str = ""
    unread: str = ""
    row: Row = NO_ROW


class Source(Protocol):
    """Where the originals are. `str(source)` is how a message names it."""

    def entries(self, out: Path | None = None) -> Iterable[Entry]:
        """Everything that it offers or leaves out, sorted by path. They are asked for once and need
        not be in memory together.

        `out`, the dataset that is being built, is no part of it, wherever it lies. Raises
        UsageError where there is no such source.
        """
        ...

    def open(self, path: bytes) -> AbstractAsyncContextManager[Path]:
        """A regular file on this machine with the content of an entry, while the context lasts.

        Its name ends as the entry's does, since a suffix says the format. Opening raises Unread
        where the content can't be had now, Unusable where it never will be.
        """
        ...

    def check(self) -> None:
        """Raises MmussetError if the source has gone since its entries were listed."""
        ...

    def groups(self, path: bytes) -> tuple[bytes, ...]:
        """What an entry belongs to, such as its album. What shares one stays in one split.

        It counts where tags name no artist, who is the better sign.
        """
        ...


def rights_kind(path: bytes) -> str:
    """Which file of rights one of that path is: licence, noml, robots or tdm; "" for none."""
    named = _RIGHTS.fullmatch(path.rpartition(b"/")[2])
    return (named.lastgroup or "") if named else ""


def kind_of(name: bytes) -> Kind:
    """What a file is, by its name alone; the decoder finds out whether that is true."""
    if rights_kind(name):
        return "rights"
    stem, suffix = os.path.splitext(name.lower())
    kind: Kind = next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), "other")
    return NAMED_TEXTS.get(os.path.splitext(stem)[1], kind) if kind == "text" else kind
