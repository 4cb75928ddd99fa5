"""What a source offers, piece by piece, and what of it is left out."""

from dataclasses import dataclass

from mmusset.sample_parts.piece import Piece, SourcePicture, Split


@dataclass(frozen=True, slots=True)
class OtherPicture:
    """A picture that a matched piece may come to have, and the story that it brings."""

    picture: SourcePicture
    story_path: bytes | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A piece, and what it may share with others that must stay in one split, as hashes; `split`
    is the one that it has to go into, None for any.

    `others` are the pictures that stand by for its own, the better first.
    """

    piece: Piece
    labels: tuple[str, ...]
    split: Split | None = None
    others: tuple[OtherPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the source that becomes no item, and why."""

    path: bytes
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Music, a picture or a folder of which nothing can be planned yet, since it or what belongs
    to it could not be read; and why."""

    path: bytes
    why: str
