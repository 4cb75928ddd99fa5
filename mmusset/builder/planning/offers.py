"""What a source offers, piece by piece, and what of it is left out."""

from dataclasses import dataclass

from mmusset.sample import Piece, Split


@dataclass(frozen=True, slots=True)
class Offer:
    """A piece, and what it may share with others that must stay in one split, as hashes; `split`
    is the one that it has to go into, None for any."""

    piece: Piece
    labels: tuple[str, ...]
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the source that becomes no item, and why."""

    path: bytes
    reason: str
    detail: str = ""
