"""The same bytes in several files: one of them counts."""

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmusset.builder.ledger.ledger import Ledger
from mmusset.safe_text import show_path
from mmusset.same_values import runs
from mmusset.sample_parts.piece import SourceFile

from .offering import LonePicture
from .offers import Offer, Skipped
from .spool import Subsequence


def music_number(offer: Offer) -> int:
    """A number of 64 bits for the bytes of a piece's music."""
    return int(offer.piece.music.sha256[:16], 16)


def once_each(
    offers: Sequence[Offer], numbers: NDArray[np.uint64], ledger: Ledger
) -> tuple[Sequence[Offer], list[Skipped]]:
    """One piece for the same bytes, by the numbers of their music: the one that is planned already,
    else the first."""
    twins: dict[int, Skipped] = {}
    for places in runs(numbers):
        twins |= _twins_among(offers, places.tolist(), ledger)
    if not twins:
        return offers, []
    kept = array("q", (place for place in range(len(offers)) if place not in twins))
    return Subsequence(offers, kept), list(twins.values())


def _twins_among(
    offers: Sequence[Offer], places: Sequence[int], ledger: Ledger
) -> dict[int, Skipped]:
    """Of some offers, by their places, those of the same bytes as one that is chosen."""
    chosen: dict[str, int] = {}
    for place in places:
        music = offers[place].piece.music
        planned = ledger.plan.item(offers[place].piece.key(0))
        if music.sha256 not in chosen or (planned and planned.item.piece.music.path == music.path):
            chosen[music.sha256] = place
    twins = {}
    for place in places:
        music = offers[place].piece.music
        if chosen[music.sha256] != place:
            twins[place] = _twin(music.path, offers[chosen[music.sha256]].piece.music)
    return twins


def different(pictures: Sequence[LonePicture]) -> tuple[list[LonePicture], list[Skipped]]:
    """Of the same picture with the same story only the first, and the others."""
    first: dict[tuple[str, str], LonePicture] = {}
    for each in pictures:
        first.setdefault((each.picture.sha256, each.story_sha256), each)
    twins = [
        _twin(each.picture.path, chosen.picture)
        for each in pictures
        if each != (chosen := first[each.picture.sha256, each.story_sha256])
    ]
    return list(first.values()), twins


def _twin(path: bytes, other: SourceFile) -> Skipped:
    return Skipped(path, "same bytes as another", show_path(other.path))
