"""The control of a dataset: its captions judged against other pieces' sound.

Captions that agree with their own sound show little if they would agree with any. So each is judged
against the sound of the next sample of another group as well: what is contradicted there says how
much the captions tell of their own music. Where captions have come to the wrong sound, both
figures are alike.

What a caption claims was read from it when it was written, and is judged anew: to read it again
took nine tenths of the time, each time that somebody asked how a dataset stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mmusset.sample_parts.claims import Claim
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.sample_parts.texts import Caption

from .judge import judge

MOST = 200  # samples, the first of a dataset: enough for a figure, whatever its size


class HeardCaption(NamedTuple):
    """What a caption claims, the group of its sample, and what was measured on its clip."""

    group: str
    claims: tuple[Claim, ...]
    music: MusicEvidence

    @classmethod
    def of(cls, group: str, caption: Caption, music: MusicEvidence) -> "HeardCaption":
        """A sample's caption, without the verdicts that its claims were given."""
        claims = tuple(
            Claim(attribute=claim.attribute, value=claim.value, text=claim.text)
            for claim in caption.claims
        )
        return cls(group, claims, music)


@dataclass(frozen=True, slots=True)
class Settled:
    """How many statements measurement settles, and how many of them it contradicts."""

    statements: int
    contradicted: int

    @property
    def share(self) -> float:
        return self.contradicted / max(self.statements, 1)


@dataclass(frozen=True, slots=True)
class Control:
    """The captions against their own sound, and against that of other pieces."""

    own: Settled
    other: Settled

    def __str__(self) -> str:
        return (
            f"{self.own.share:.1%} of {self.own.statements} statements are contradicted by their"
            f" own sound, {self.other.share:.1%} of {self.other.statements} by other pieces'"
        )


def control(samples: Sequence[HeardCaption], certainty: float) -> Control | None:
    """Judge the first captions anew; None where there is only one group, so no other piece."""
    samples = samples[:MOST]
    pairs = [(sample, other) for n, sample in enumerate(samples) if (other := _other(samples, n))]
    if not pairs:
        return None
    claims = [sample.claims for sample, _ in pairs]
    own, others = (sample.music for sample, _ in pairs), (other.music for _, other in pairs)
    return Control(_settled(claims, own, certainty), _settled(claims, others, certainty))


def _other(samples: Sequence[HeardCaption], n: int) -> HeardCaption | None:
    """The next sample of another group, from the start again after the last."""
    after = (*samples[n + 1 :], *samples[:n])
    return next((each for each in after if each.group != samples[n].group), None)


def _settled(
    claims: Sequence[tuple[Claim, ...]], sounds: Iterable[MusicEvidence], certainty: float
) -> Settled:
    verdicts = [
        judged.verdict
        for of_one, music in zip(claims, sounds, strict=True)
        for judged in judge(of_one, music, certainty)
    ]
    contradicted = verdicts.count("contradicted")
    return Settled(verdicts.count("supported") + contradicted, contradicted)
