"""The verdict on a claim: what the evidence says of it."""

from collections.abc import Iterable, Iterator

from mmusset.measurements.declaration import Finding
from mmusset.measurements.key import KEY
from mmusset.measurements.listed import named
from mmusset.measurements.mode import MODE
from mmusset.measurements.percussion import PERCUSSION
from mmusset.sample import Claim, ClaimVerdict, JudgedClaim, MusicEvidence

from .findings import carried
from .lexicon import UNTUNED

OPINIONS = frozenset({"mood", "genre"})
_UNTUNED_NAMES = frozenset(entry.value for entry in UNTUNED)


def judge(
    claims: Iterable[Claim], music: MusicEvidence, certainty: float, told: Iterable[Claim] = ()
) -> tuple[JudgedClaim, ...]:
    """Each claim with its verdict, what was measured, and how sure that is.

    Evidence less sure than `certainty` settles nothing. Nor does any for a value that it can't
    rule out: half and double tempo, the relative or second best key, a neighbouring
    word within the border's margin. What nothing settles is told if it is among `told`,
    the claims that the music's tags make and nothing measured contradicts.
    """
    by_tags = {said for claim in told for said in _said_by(claim)}
    return tuple(_as_told(_judge(claim, music, certainty), by_tags) for claim in claims)


def judge_told(
    told: Iterable[Claim], music: MusicEvidence, certainty: float
) -> tuple[JudgedClaim, ...]:
    """What tags tell, each claim with its verdict: told where nothing measured settles it.

    A key is contradicted by a mode that was measured, too: that it has the same notes as the
    measured key is no excuse then.
    """
    claims = tuple(told)
    return tuple(
        _with_mode(claim, music, certainty) for claim in judge(claims, music, certainty, claims)
    )


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


def _said_by(told: Claim) -> Iterator[tuple[str, str]]:
    """A told claim's attribute and value, and those that follow: a key has a mode."""
    yield told.attribute, told.value
    if told.attribute == KEY.name:
        yield MODE.name, told.value.split()[1]


def _as_told(claim: JudgedClaim, by_tags: set[tuple[str, str]]) -> JudgedClaim:
    if claim.verdict != "unverifiable" or (claim.attribute, claim.value) not in by_tags:
        return claim
    return claim.model_copy(update={"verdict": "told", "basis": "told"})


def _with_mode(claim: JudgedClaim, music: MusicEvidence, certainty: float) -> JudgedClaim:
    if claim.attribute != KEY.name or claim.verdict != "told":
        return claim
    mode = Claim(attribute=MODE.name, value=claim.value.split()[1], text=claim.text)
    if _judge(mode, music, certainty).verdict != "contradicted":
        return claim
    return claim.model_copy(update={"verdict": "contradicted"})


def _verdict(fits: bool | None, denied: bool, finding: Finding, certainty: float) -> ClaimVerdict:
    if fits is None or not carried(finding, certainty):
        return "unverifiable"
    return "supported" if fits != denied else "contradicted"


def _judged(claim: Claim, verdict: ClaimVerdict, measured: str, confidence: float) -> JudgedClaim:
    return JudgedClaim(
        **claim.model_dump(), verdict=verdict, measured=measured, confidence=confidence
    )
