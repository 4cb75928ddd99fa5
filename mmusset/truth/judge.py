"""The verdict on a claim: what the evidence says of it."""

from collections.abc import Iterable, Iterator

from mmusset.ears.witness import testimony
from mmusset.measurements.declaration import Finding
from mmusset.measurements.key import KEY
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.mode import MODE
from mmusset.measurements.percussion import PERCUSSION
from mmusset.recipe import SOUNDS_LIKE
from mmusset.sample_parts.claims import OF_A_PIECE, Claim, ClaimVerdict, JudgedClaim, Tier
from mmusset.sample_parts.evidence import MusicEvidence

from . import entrances
from .findings import carried, finding_of
from .hedge import is_hedged
from .lexicon import UNTUNED

OPINIONS = frozenset({"mood", "genre"})
ABSENT = "absent"  # of voices: the denial of "present"
_UNTUNED_NAMES = frozenset(entry.value for entry in UNTUNED)


def judge(
    claims: Iterable[Claim],
    music: MusicEvidence,
    certainty: float,
    told: Iterable[Claim] = (),
    sounds_like: float = SOUNDS_LIKE,
) -> tuple[JudgedClaim, ...]:
    """Each claim with its verdict, what was measured or heard, and how sure that is.

    Evidence less sure than `certainty` settles nothing, but `sounds_like` is enough for a claim
    that says no more than that. Nor does any for a value that it can't rule out: half and double
    tempo, the relative or second best key, a neighbouring word within the border's margin. An ear
    contradicts only where its silence counts. What nothing settles is told if it is among `told`,
    the claims that the music's tags make and nothing measured or heard contradicts. The tier of
    each claim, what it stands on, is given where ears have listened or scores are asked for.
    """
    by_tags = {said for claim in told for said in _said_by(claim)}
    judged = (_judge(claim, music, certainty, sounds_like) for claim in claims)
    verdicts = (_as_told(claim, by_tags) for claim in judged)
    if music.heard or music.score.origin:
        return tuple(verdicts)
    return tuple(claim.model_copy(update={"tier": ""}) for claim in verdicts)


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


def _judge(claim: Claim, music: MusicEvidence, certainty: float, sounds_like: float) -> JudgedClaim:
    denied = claim.value.startswith("not ")
    value = claim.value.removeprefix("not ")
    measurement = MEASUREMENTS.named(claim.attribute)
    if claim.attribute in OF_A_PIECE:
        finding = entrances.entrance(claim.attribute, music)
        fits = entrances.fits(claim.attribute, value, music)
    elif measurement:
        finding = finding_of(measurement, music)
        fits = measurement.fits(value, music)
    elif claim.value in _UNTUNED_NAMES:
        # These can't sound where nothing drums; that something does says nothing of them.
        finding = finding_of(PERCUSSION, music)
        fits = False if finding.value == "absent" else None
    else:
        return _by_ears(claim, music, certainty, sounds_like)
    verdict = _verdict(fits, denied, finding, certainty)
    ground: Tier = "score" if claim.attribute in music.score.settles else "measured"
    tier: Tier = "none" if verdict == "unverifiable" else ground
    return _judged(claim, verdict, finding.measured, finding.confidence, tier)


def _by_ears(
    claim: Claim, music: MusicEvidence, certainty: float, sounds_like: float
) -> JudgedClaim:
    """What only ears can settle, or a score."""
    denied = claim.value.startswith("not ") or claim.value == ABSENT
    value = "present" if claim.value == ABSENT else claim.value.removeprefix("not ")
    heard = testimony(claim.attribute, value, music)
    if heard is None:
        return _judged(claim, "unverifiable", "", 0.0, "none")
    enough = sounds_like if is_hedged(claim) and not denied else certainty
    if heard.probability > 0 and heard.probability >= enough:
        verdict: ClaimVerdict = "contradicted" if denied else "supported"
        return _judged(claim, verdict, heard.said, heard.probability, heard.tier)
    if heard.is_absent:
        said = f"no {heard.said}"
        verdict = "supported" if denied else "contradicted"
        return _judged(claim, verdict, said, 1 - heard.probability, heard.tier)
    said = heard.said if heard.probability >= sounds_like else ""
    return _judged(claim, "unverifiable", said, heard.probability if said else 0.0, "none")


def _said_by(told: Claim) -> Iterator[tuple[str, str]]:
    """A told claim's attribute and value, and those that follow: a key has a mode."""
    yield told.attribute, told.value
    if told.attribute == KEY.name:
        yield MODE.name, told.value.split()[1]


def _as_told(claim: JudgedClaim, by_tags: set[tuple[str, str]]) -> JudgedClaim:
    if claim.verdict != "unverifiable" or (claim.attribute, claim.value) not in by_tags:
        return claim
    return claim.model_copy(update={"verdict": "told", "basis": "told", "tier": "told"})


def _with_mode(claim: JudgedClaim, music: MusicEvidence, certainty: float) -> JudgedClaim:
    if claim.attribute != KEY.name or claim.verdict != "told":
        return claim
    mode = Claim(attribute=MODE.name, value=claim.value.split()[1], text=claim.text)
    if _judge(mode, music, certainty, certainty).verdict != "contradicted":
        return claim
    return claim.model_copy(update={"verdict": "contradicted"})


def _verdict(fits: bool | None, denied: bool, finding: Finding, certainty: float) -> ClaimVerdict:
    if fits is None or not carried(finding, certainty):
        return "unverifiable"
    return "supported" if fits != denied else "contradicted"


def _judged(
    claim: Claim, verdict: ClaimVerdict, measured: str, confidence: float, tier: Tier
) -> JudgedClaim:
    return JudgedClaim(
        attribute=claim.attribute,
        value=claim.value,
        text=claim.text,
        basis=claim.basis,
        tier=tier,
        verdict=verdict,
        measured=measured,
        confidence=confidence,
    )
