"""What the evidence of a clip says of each attribute, and which of that may be said."""

from mmusset.measurements.declaration import Finding
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.sample import Claim, MusicEvidence


def findings(music: MusicEvidence) -> dict[str, Finding]:
    """Each attribute that evidence can settle, in the order of the list of measurements."""
    return {each.name: each.finding(music) for each in MEASUREMENTS}


def carried(finding: Finding, certainty: float) -> bool:
    """Whether a finding is sure enough to be said, and to speak against a claim.

    A finding without any confidence never is, even where `certainty` is 0.
    """
    return finding.confidence > 0 and finding.confidence >= certainty


def sayable(music: MusicEvidence, certainty: float) -> tuple[Claim, ...]:
    """What may be said of a clip, in the order of the list of measurements; maybe nothing."""
    return tuple(
        Claim(attribute=name, value=finding.value, text=f"{name} {finding.value}")
        for name, finding in findings(music).items()
        if carried(finding, certainty)
    )
