"""Pieces of one recording, told by their fingerprints, stay together; or only the best is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mmusset.builder.ledger.ledger import Ledger
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.sources.group import recording_label
from mmusset.sources.recordings import joined, matches
from mmusset.sources.source import LOSSLESS, Entry

from .offers import Offer, Skipped

SAME_SOUND = "sounds the same as another"
Alike = Mapping[str, Sequence[str]]  # by the hash of a file, those of the files that sound the same


@dataclass(frozen=True, slots=True)
class Recognised:
    """Offers, each with what joins it to others of its recording; what the recipe skips; and how
    many of both are the recording of an earlier one."""

    offers: list[Offer]
    skipped: list[Skipped]
    alike: int


def recognised(
    offers: Sequence[Offer], entries: Sequence[Entry], recipe: Recipe, ledger: Ledger
) -> Recognised:
    """Pieces of one recording joined, or the best of them alone.

    They are compared with all music that the ledger knows: a file that is planned may be gone. The
    ledger keeps which is like an earlier one.
    """
    sha256s = [offer.piece.music.sha256 for offer in offers]
    alike, earlier = _alike(sha256s, ledger)
    kept, skipped = list(offers), list[Skipped]()
    if recipe.duplicates == "skip":
        kept, skipped = _best(offers, alike, entries, ledger)
    offered = set(sha256s)
    count = sum(earlier.get(sha256) in offered for sha256 in sha256s)
    return Recognised([_labelled(offer, alike) for offer in kept], skipped, count)


def _alike(sha256s: Sequence[str], ledger: Ledger) -> tuple[Alike, Mapping[str, str]]:
    """What sounds the same as what, and as which earlier piece, which the ledger keeps."""
    known = ledger.media.fingerprints()
    names = [name for name in dict.fromkeys((*sha256s, *sorted(known))) if name in known]
    found = joined(matches([known[name] for name in names]))
    alike: dict[str, list[str]] = {}
    earlier: dict[str, str] = {}
    for match in found:
        one, other = names[match.one], names[match.other]
        alike.setdefault(one, []).append(other)
        alike.setdefault(other, []).append(one)
        earlier.setdefault(other, one)
    with ledger.transaction():
        ledger.media.replace_alike(earlier)
    return alike, earlier


def _labelled(offer: Offer, alike: Alike) -> Offer:
    sha256 = offer.piece.music.sha256
    labels = map(recording_label, (sha256, *alike.get(sha256, ())))
    return replace(offer, labels=(*offer.labels, *labels))


def _best(
    offers: Sequence[Offer], alike: Alike, entries: Sequence[Entry], ledger: Ledger
) -> tuple[list[Offer], list[Skipped]]:
    """Of pieces that sound the same only one: what is planned already, else what is lossless, else
    the longest, else the largest file."""
    sizes = {entry.path: entry.size for entry in entries}

    def worth(offer: Offer) -> tuple[bool, bool, int, int]:
        music = offer.piece.music
        return (
            ledger.plan.first_item_of(music.sha256) is not None,
            music.path.lower().endswith(LOSSLESS),
            int(offer.piece.duration_s),
            sizes.get(music.path, 0),
        )

    kept: dict[str, Offer] = {}
    skipped = []
    for offer in sorted(offers, key=worth, reverse=True):
        music = offer.piece.music
        better = next((kept[other] for other in alike.get(music.sha256, ()) if other in kept), None)
        if better and not ledger.plan.first_item_of(music.sha256):
            named = show_path(better.piece.music.path)
            skipped.append(Skipped(music.path, SAME_SOUND, named))
        else:
            kept[music.sha256] = offer
    return [offer for offer in offers if offer.piece.music.sha256 in kept], skipped
