"""The verdict on a claim: what the evidence says of it."""

from collections.abc import Iterable

from mmusset.recipe import GatesPart
from mmusset.sample import Attribute, Claim, ClaimVerdict, JudgedClaim, MusicEvidence, Tempo

from .bands import Reading, readings
from .gates import carried
from .lexicon import UNTUNED
from .spoken_tempo import bounds_bpm

TEMPO_TOLERANCE = 0.04  # as in Accuracy 1 of tempo estimation (Gouyon et al. 2006)
OPINIONS = frozenset({"mood", "genre"})
_UNTUNED_NAMES = frozenset(entry.value for entry in UNTUNED)


def judge(
    claims: Iterable[Claim], music: MusicEvidence, gates: GatesPart
) -> tuple[JudgedClaim, ...]:
    """Each claim with its verdict, what was measured, and how sure that is.

    Evidence under its gate settles nothing. Nor does any for a value that it can't
    rule out: half and double tempo, the relative or second best key, a neighbouring
    word within the border's margin.
    """
    found = readings(music)
    return tuple(_judge(claim, found, music.tempo, gates) for claim in claims)


def is_concrete(claim: Claim) -> bool:
    """Whether a claim is a matter of fact: moods and genres are opinion."""
    return claim.attribute not in OPINIONS


def _judge(
    claim: Claim, found: dict[Attribute, Reading], tempo: Tempo, gates: GatesPart
) -> JudgedClaim:
    if claim.attribute in found:
        reading = found[claim.attribute]
        verdict = _compare(claim.value, reading, tempo)
    elif claim.value in _UNTUNED_NAMES:
        reading = found["percussion"]
        verdict = "contradicted" if reading.value == "absent" else "unverifiable"
    else:
        return _judged(claim, "unverifiable", "", 0.0)
    if not carried(reading, gates):
        verdict = "unverifiable"
    return _judged(claim, verdict, reading.measured, reading.confidence)


def _judged(claim: Claim, verdict: ClaimVerdict, measured: str, confidence: float) -> JudgedClaim:
    return JudgedClaim(
        **claim.model_dump(), verdict=verdict, measured=measured, confidence=confidence
    )


def _compare(value: str, reading: Reading, tempo: Tempo) -> ClaimVerdict:
    """The verdict if the reading is sure."""
    if reading.attribute == "tempo":
        return _compare_tempo(value, tempo)
    denied = value.removeprefix("not ")
    if denied in reading.near:
        return "unverifiable"
    holds = (denied == reading.value) == (denied == value)
    return "supported" if holds else "contradicted"


def _compare_tempo(value: str, tempo: Tempo) -> ClaimVerdict:
    """A range holds what lies in it; "not 84" is denied where 84 would be supported."""
    low, high = bounds_bpm(value.removeprefix("not "))

    def holds(bpm: float) -> bool:
        return low <= bpm * (1 + TEMPO_TOLERANCE) and bpm * (1 - TEMPO_TOLERANCE) <= high

    if not holds(tempo.bpm) and (holds(tempo.half_bpm) or holds(tempo.double_bpm)):
        return "unverifiable"
    return "supported" if holds(tempo.bpm) != value.startswith("not ") else "contradicted"
