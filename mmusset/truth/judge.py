"""The verdict on a claim: what the evidence says of it."""

from collections.abc import Iterable

from mmusset.measurements.declaration import Finding
from mmusset.measurements.listed import named
from mmusset.measurements.percussion import PERCUSSION
from mmusset.sample import Claim, ClaimVerdict, JudgedClaim, MusicEvidence

from .findings import carried
from .lexicon import UNTUNED

OPINIONS = frozenset({"mood", "genre"})
_UNTUNED_NAMES = frozenset(entry.value for entry in UNTUNED)


def judge(
    claims: Iterable[Claim], music: MusicEvidence, certainty: float
) -> tuple[JudgedClaim, ...]:
    """Each claim with its verdict, what was measured, and how sure that is.

    Evidence less sure than `certainty` settles nothing. Nor does any for a value that it can't
    rule out: half and double tempo, the relative or second best key, a neighbouring
    word within the border's margin.
    """
    return tuple(_judge(claim, music, certainty) for claim in claims)


def is_concrete(claim: Claim) -> bool:
    """Whether a claim is a matter of fact: moods and genres are opinion."""
    return claim.attribute not in OPINIONS


def _judge(claim: Claim, music: MusicEvidence, certainty: float) -> JudgedClaim:
    denied = claim.value.startswith("not ")
    value = claim.value.removeprefix("not ")
    measurement = named(claim.attribute)
    if measurement:
        finding = measurement.finding(music)
        fits = measurement.fits(value, music)
    elif claim.value in _UNTUNED_NAMES:
        # These can't sound where nothing drums; that something does says nothing of them.
        finding = PERCUSSION.finding(music)
        fits = False if finding.value == "absent" else None
    else:
        return _judged(claim, "unverifiable", "", 0.0)
    return _judged(
        claim, _verdict(fits, denied, finding, certainty), finding.measured, finding.confidence
    )


def _verdict(fits: bool | None, denied: bool, finding: Finding, certainty: float) -> ClaimVerdict:
    if fits is None or not carried(finding, certainty):
        return "unverifiable"
    return "supported" if fits != denied else "contradicted"


def _judged(claim: Claim, verdict: ClaimVerdict, measured: str, confidence: float) -> JudgedClaim:
    return JudgedClaim(
        **claim.model_dump(), verdict=verdict, measured=measured, confidence=confidence
    )
