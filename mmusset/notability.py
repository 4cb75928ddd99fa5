"""What of all that may be said is worth a word, and in which order."""

from collections.abc import Iterable

from mmusset.measurements.listed import MEASUREMENTS
from mmusset.sample_parts.claims import OF_A_PIECE, UNMEASURED, Claim

CHANGES_RANK = 15  # of what changes in a piece: after its drums, before its tempo
LEFT_TO_SAY = 2  # claims where none is notable: a list of what is ordinary says nothing


def worth_saying(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims that are notable, what matters most first; a few of them where none is.

    What no measurement settles (the kind of piece, what plays) comes first. The mode is left
    out where the key names it.
    """
    ordered = sorted(claims, key=lambda claim: _rank(claim.attribute))
    notable = [claim for claim in ordered if _is_notable(claim)] or ordered[:LEFT_TO_SAY]
    has_key = any(claim.attribute == "key" for claim in notable)
    return tuple(claim for claim in notable if not (has_key and claim.attribute == "mode"))


def _rank(attribute: str) -> int:
    measurement = MEASUREMENTS.named(attribute)
    if attribute in OF_A_PIECE:
        return CHANGES_RANK
    return measurement.rank if measurement else UNMEASURED.index(attribute)


def _is_notable(claim: Claim) -> bool:
    measurement = MEASUREMENTS.named(claim.attribute)
    return measurement is None or measurement.is_notable(claim.value)
