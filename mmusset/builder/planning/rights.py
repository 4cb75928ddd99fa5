"""Whose rights forbid a dataset: left out before anything is measured or paid for."""

from collections.abc import Sequence
from dataclasses import replace

from mmusset.licensing import is_allowed
from mmusset.recipe_parts.rights import LicencesPart
from mmusset.safe_text import show_path
from mmusset.sample_parts.piece import Tags
from mmusset.sources.pair import Pairing
from mmusset.sources.rights import Rights, licence_beside, reserved_by

from .offers import Offer, Skipped

RESERVED = "its owner reserves it from machine learning"
NOT_ALLOWED = "its licence is not among licences.allow"
NONE_NAMED = "none is named"


def not_reserved(
    pairings: Sequence[Pairing], rights: Rights
) -> tuple[list[Pairing], list[Skipped]]:
    """The pairings that nobody reserves from machine learning, neither music, picture nor text, and
    the others, each with the file that does."""
    free, reserved = [], []
    for pairing in pairings:
        files = (pairing.music, pairing.image, pairing.story, pairing.caption)
        marks = (reserved_by(path, rights) for path in files if path)
        if mark := next(filter(None, marks), b""):
            reserved.append(Skipped(pairing.music, RESERVED, show_path(mark)))
        else:
            free.append(pairing)
    return free, reserved


def why_barred(
    path: bytes, tags: Tags, rights: Rights, part: LicencesPart
) -> tuple[str, str] | None:
    """Why music of these tags, or a picture, may be put to no use, as a reason and its detail; None
    where it may. It is asked before anything is looked for that goes with it."""
    if mark := reserved_by(path, rights):
        return RESERVED, show_path(mark)
    licence = _licence(path, tags, rights, part)
    if part.allow and not is_allowed(licence, part.allow):
        return NOT_ALLOWED, licence or NONE_NAMED
    return None


def _licence(path: bytes, tags: Tags, rights: Rights, part: LicencesPart) -> str:
    return part.of(path) or tags.license or licence_beside(path, rights)


def allowed(
    offers: Sequence[Offer], rights: Rights, part: LicencesPart
) -> tuple[list[Offer], list[Skipped]]:
    """The offers with their licences, as far as the recipe allows these; and the others.

    The recipe's word for a path comes first, then what the piece says itself, then a file beside.
    """
    taken, refused = [], []
    for offer in offers:
        path, tags = offer.piece.music.path, offer.piece.tags
        licence = _licence(path, tags, rights, part)
        if part.allow and not is_allowed(licence, part.allow):
            refused.append(Skipped(path, NOT_ALLOWED, licence or NONE_NAMED))
        elif licence == tags.license:
            taken.append(offer)
        else:
            named = tags.model_copy(update={"license": licence})
            taken.append(replace(offer, piece=replace(offer.piece, tags=named)))
    return taken, refused
