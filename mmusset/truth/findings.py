"""What the evidence of a clip says of each attribute, and which of that may be said."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from mmusset.ears.witness import FOLLOWS, Testimony, doubted, testimonies
from mmusset.measurements.declaration import Finding, Measurement
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.pulse import PULSE
from mmusset.measurements.tempo import TEMPO
from mmusset.recipe import SOUNDS_LIKE
from mmusset.sample_parts.claims import OF_A_PIECE, Claim, JudgedClaim, Tier
from mmusset.sample_parts.evidence import MusicEvidence

from .entrances import entrance
from .hedge import hedged

MOST_WRITTEN = 4  # instruments of a score that are said, those that play most


def findings(music: MusicEvidence) -> dict[str, Finding]:
    """Each attribute that evidence can settle, in the order of the list of measurements."""
    return {each.name: finding_of(each, music) for each in MEASUREMENTS}


def finding_of(measurement: Measurement[Any], music: MusicEvidence) -> Finding:
    """What the evidence says of a measurement's attribute.

    It is no surer than an ear allows that should hear what was measured, and does not; nobody
    outranks a score.
    """
    finding = measurement.finding(music)
    if measurement.name in music.score.settles:
        return dataclasses.replace(finding, measured=f"{finding.measured} by its score")
    most = doubted(finding.attribute, finding.value, music)
    return finding if finding.confidence <= most else dataclasses.replace(finding, confidence=most)


def _tier(attribute: str, music: MusicEvidence) -> Tier:
    return "score" if attribute in music.score.settles else "measured"


def carried(finding: Finding, certainty: float) -> bool:
    """Whether a finding is sure enough to be said, and to speak against a claim.

    A finding without any confidence never is, even where `certainty` is 0.
    """
    return finding.confidence > 0 and finding.confidence >= certainty


def sayable(
    music: MusicEvidence,
    certainty: float,
    told: Sequence[JudgedClaim] = (),
    sounds_like: float = SOUNDS_LIKE,
) -> tuple[Claim, ...]:
    """What may be said of a clip; maybe nothing.

    First what its tags tell and no measurement settles, then what ears heard or a score names, then
    what was measured or is written, in the order of the list of measurements, and of a whole piece
    when drums come in or go out. A tempo or key that
    is told stands in place of the measured one, which could not tell it from its half, double or
    relative, but not of a score's; so does the tempo of its pace. What an ear is less sure of than
    `certainty`, but not than `sounds_like`, is said as that.
    """
    written = music.score.settles
    by_tags = [c for c in told if c.verdict == "told" and c.attribute not in written]
    replaced = {claim.attribute for claim in by_tags}
    if TEMPO.name in replaced:
        replaced.add(PULSE.name)
    measured = (
        Claim(
            attribute=name,
            value=finding.value,
            text=f"{name} {finding.value}",
            tier=_tier(name, music),
        )
        for name, finding in findings(music).items()
        if carried(finding, certainty) and name not in replaced
    )
    return (
        *(
            Claim(**claim.model_dump(include=set(Claim.model_fields)) | {"tier": "told"})
            for claim in by_tags
        ),
        *_heard(music, certainty, sounds_like, by_tags),
        *measured,
        *_changes(music, certainty),
    )


def _heard(
    music: MusicEvidence, certainty: float, sounds_like: float, by_tags: Sequence[Claim]
) -> Iterator[Claim]:
    """What ears heard and a score names, that no tag tells, each at its tier; what follows from
    another is left out.

    A piece is of one genre: of the tags, or the likeliest.
    """
    sure = [each for each in testimonies(music) if 0 < sounds_like <= each.probability]
    written = [each for each in sure if each.tier == "score"]
    sure = [each for each in sure if each not in written[MOST_WRITTEN:]]
    told = {(claim.attribute, claim.value) for claim in by_tags}
    followed = {FOLLOWS.get((each.attribute, each.value)) for each in sure}
    genres = [each for each in sure if each.attribute == "genre"]
    is_told = any(attribute == "genre" for attribute, _ in told)
    genre = None if is_told else max(genres, key=lambda each: each.probability, default=None)
    for each in sure:
        about = (each.attribute, each.value)
        if about in told or about in followed or (each.attribute == "genre" and each is not genre):
            continue
        yield _claim(each, certainty)


def _changes(music: MusicEvidence, certainty: float) -> Iterator[Claim]:
    """When drums come in and go out, where all of a piece is told of."""
    for change in OF_A_PIECE:
        finding = entrance(change, music)
        if carried(finding, certainty):
            said = f"{change} after {finding.value}"
            yield Claim(attribute=change, value=finding.value, text=said, tier="measured")


def _claim(heard: Testimony, certainty: float) -> Claim:
    named = heard.value if heard.probability >= certainty else hedged(heard.value)
    return Claim(
        attribute=heard.attribute,
        value=heard.value,
        text=f"{heard.attribute} {named}",
        tier=heard.tier,
    )
