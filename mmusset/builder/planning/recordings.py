"""Pieces of one recording, told by their fingerprints, stay together; or only the best is kept."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mmusset.builder.ledger.ledger import Ledger
from mmusset.lazy_sequence import LazySequence
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.sources.group import recording_label
from mmusset.sources.recordings import joined, matches
from mmusset.sources.source import LOSSLESS

from .offers import Offer, Skipped
from .spool import Subsequence

SAME_SOUND = "sounds the same as another"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Offers, each with what joins it to others of its recording; what the recipe skips; and how
    many of both are the recording of an earlier one."""

    offers: Sequence[Offer]
    skipped: list[Skipped]
    alike: int


@dataclass(slots=True)
class _Alike:
    """What sounds the same as what, by the hashes of files; and how many that are offered are the
    recording of an earlier one that is offered too."""

    others: dict[str, list[str]] = field(default_factory=dict)
    offered: int = 0


def recognised(offers: Sequence[Offer], recipe: Recipe, ledger: Ledger) -> Recognised:
    """Pieces of one recording joined, or the best of them alone.

    They are compared with all music that the ledger knows: a file that is planned may be gone. The
    ledger keeps which is like an earlier one.
    """
    alike = _alike(offers, ledger)
    kept, skipped = offers, list[Skipped]()
    if recipe.duplicates == "skip" and alike.others:
        worse = _worse(offers, alike.others, ledger)
        places = array("q", (place for place in range(len(offers)) if place not in worse))
        kept, skipped = Subsequence(offers, places), list(worse.values())
    return Recognised(_Labelled(kept, alike.others), skipped, alike.offered)


def _alike(offers: Sequence[Offer], ledger: Ledger) -> _Alike:
    """What sounds the same as what; as which earlier piece, the ledger keeps."""
    prints = ledger.media.fingerprints(offer.piece.music.sha256 for offer in offers)
    found, earlier = _Alike(), dict[int, int]()
    for match in joined(matches(prints)):
        one, other = prints.name(match.one), prints.name(match.other)
        found.others.setdefault(one, []).append(other)
        found.others.setdefault(other, []).append(one)
        earlier.setdefault(match.other, match.one)
    found.offered = sum(max(both) < prints.first for both in earlier.items())
    with ledger.transaction():
        ledger.media.replace_alike(
            {prints.name(other): prints.name(one) for other, one in earlier.items()}
        )
    return found


class _Labelled(LazySequence[Offer]):
    """Offers with what joins them to others of their recordings."""

    def __init__(self, offers: Sequence[Offer], alike: Mapping[str, Sequence[str]]) -> None:
        self._offers, self._alike = offers, alike

    def __len__(self) -> int:
        return len(self._offers)

    def value(self, at: int) -> Offer:
        offer = self._offers[at]
        sha256 = offer.piece.music.sha256
        labels = map(recording_label, (sha256, *self._alike.get(sha256, ())))
        return Offer(offer.piece, (*offer.labels, *labels), offer.split, offer.others)


def _worse(
    offers: Sequence[Offer], alike: Mapping[str, Sequence[str]], ledger: Ledger
) -> dict[int, Skipped]:
    """Of pieces that sound the same all but one, by their places: what is planned already stays,
    else what is lossless, else the longest, else the largest file."""

    def worth(place: int) -> tuple[bool, bool, int, int]:
        piece = offers[place].piece
        return (
            ledger.plan.first_item_of(piece.music.sha256) is not None,
            piece.music.path.lower().endswith(LOSSLESS),
            int(piece.duration_s),
            ledger.media.size_read(piece.music.path),
        )

    places = [place for place, offer in enumerate(offers) if offer.piece.music.sha256 in alike]
    kept: dict[str, bytes] = {}  # paths by hashes
    worse = {}
    for place in sorted(places, key=worth, reverse=True):
        music = offers[place].piece.music
        better = next((kept[other] for other in alike[music.sha256] if other in kept), None)
        if better is not None and not ledger.plan.first_item_of(music.sha256):
            worse[place] = Skipped(music.path, SAME_SOUND, show_path(better))
        else:
            kept[music.sha256] = music.path
    return worse
