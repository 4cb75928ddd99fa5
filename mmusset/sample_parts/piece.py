"""A piece of music with what belongs to it, and the items that are cut from it."""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from mmusset.frozen import Frozen

Split = Literal["train", "validation", "test"]

# "second choice": a nearer picture was there, and could not be used.
ImageOrigin = Literal[
    "embedded",
    "stem",
    "folder",
    "video",
    "named",
    "alone",
    "sequence",
    "matched",
    "embedded, second choice",
    "stem, second choice",
    "folder, second choice",
]


class Tags(Frozen):
    """What a music file says of itself; "" where it says nothing.

    Title, artist, album and license are the file's own words. The others are values of closed
    vocabularies, such as "rock, folk", "dreamy", "124", "A minor", "piano, violin".
    """

    title: str = ""
    artist: str = ""
    album: str = ""
    license: str = ""
    genre: str = ""
    mood: str = ""
    bpm: str = ""
    key: str = ""
    instruments: str = ""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the source, and the hash of what it held when it was surveyed.

    `path` is the entry's: bytes, relative to the source.
    """

    path: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of a file is a piece of its own, in seconds."""

    start_s: float
    end_s: float

    def sha256(self, of_file: str) -> str:
        """The hash by which the piece is known, from that of the whole file."""
        return hashlib.sha256(f"{of_file} {self.start_s} {self.end_s}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SourcePicture(SourceFile):
    """Where the picture of a piece comes from.

    An embedded cover has the path of the music that it is embedded in and a hash of its own; a
    picture of a video has both of the video.
    """

    origin: ImageOrigin

    @property
    def is_in_music(self) -> bool:
        """Whether it is taken out of the music's own file."""
        return self.origin in ("embedded", "embedded, second choice", "video")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of music and what belongs to it, as the source offers it: clips are cut from it.

    Where music is generated for a picture that has none, `music` has the path of the picture and
    the hash of the music. Where only a `stretch` of a file is the piece, its hash is of both.
    """

    music: SourceFile
    duration_s: float
    picture: SourcePicture
    story_path: bytes | None
    tags: Tags
    lyrics_path: bytes | None = None
    caption_path: bytes | None = None
    stretch: Stretch | None = None
    score_path: bytes | None = None
    sequence: tuple[SourcePicture, ...] = ()

    def key(self, clip_index: int) -> str:
        """The key of a clip: from the music's content, never from its name."""
        return f"{self.music.sha256[:24]}{clip_index:02d}"

    def of_clip(self, clip_index: int, clip_count: int) -> "Piece":
        """The piece as one of its clips has it: of a sequence, with the picture that is its own."""
        if not self.sequence:
            return self
        picture = self.sequence[clip_index * len(self.sequence) // clip_count]
        return replace(self, picture=picture, sequence=())

    @property
    def is_generated(self) -> bool:
        """Whether the source has only the picture, so that a model made the music."""
        return self.picture.origin == "alone"


@dataclass(frozen=True, slots=True)
class Item:
    """One sample to be: a clip of a piece, and the split that its group is dealt to."""

    key: str
    clip_index: int
    clip_count: int
    group: str
    split: Split
    piece: Piece

    @property
    def tags(self) -> Tags:
        return self.piece.tags

    @property
    def source_sha256(self) -> str:
        """Of the music, as a `Quadruple` names it."""
        return self.piece.music.sha256
