"""Which claims the evidence of a clip carries."""

from mmusset.recipe import GatesPart
from mmusset.sample import Claim, MusicEvidence

from .bands import Reading, readings


def carried(reading: Reading, gates: GatesPart) -> bool:
    """Whether a reading is sure enough to be said, and to speak against a claim.

    A reading without any confidence never is, even where its gate is 0.
    """
    gate: float = getattr(gates, reading.attribute)
    return reading.confidence > 0 and reading.confidence >= gate


def sayable(music: MusicEvidence, gates: GatesPart) -> tuple[Claim, ...]:
    """What may be said of a clip, in the order of `sample.Attribute`; maybe nothing."""
    return tuple(
        Claim(attribute=name, value=reading.value, text=f"{name} {reading.value}")
        for name, reading in readings(music).items()
        if carried(reading, gates)
    )
