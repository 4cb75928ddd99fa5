"""What the evidence of a clip says of each attribute, and which of that may be said."""

from collections.abc import Sequence

from mmusset.measurements.declaration import Finding
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.pulse import PULSE
from mmusset.measurements.tempo import TEMPO
from mmusset.sample import Claim, JudgedClaim, MusicEvidence


def findings(music: MusicEvidence) -> dict[str, Finding]:
    """Each attribute that evidence can settle, in the order of the list of measurements."""
    return {each.name: each.finding(music) for each in MEASUREMENTS}


def carried(finding: Finding, certainty: float) -> bool:
    """Whether a finding is sure enough to be said, and to speak against a claim.

    A finding without any confidence never is, even where `certainty` is 0.
    """
    return finding.confidence > 0 and finding.confidence >= certainty


def sayable(
    music: MusicEvidence, certainty: float, told: Sequence[JudgedClaim] = ()
) -> tuple[Claim, ...]:
    """What may be said of a clip; maybe nothing.

    First what its tags tell and no measurement settles, then what was measured, in the order of
    the list of measurements. A tempo or key that is told stands in place of the measured one,
    which could not tell it from its half, double or relative; so does the tempo of its pace.
    """
    by_tags = [claim for claim in told if claim.verdict == "told"]
    replaced = {claim.attribute for claim in by_tags}
    if TEMPO.name in replaced:
        replaced.add(PULSE.name)
    measured = (
        Claim(attribute=name, value=finding.value, text=f"{name} {finding.value}")
        for name, finding in findings(music).items()
        if carried(finding, certainty) and name not in replaced
    )
    return (
        *(Claim(**claim.model_dump(include=set(Claim.model_fields))) for claim in by_tags),
        *measured,
    )
