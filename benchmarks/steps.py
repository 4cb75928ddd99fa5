"""What a label's scores are worth at music's base rates: counts of clips become an ear's steps."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from known_clips import KnownClip

from mmusset.ears.base_rates import base_rate

# Which share of music has a lead, by what captions call it; of those that none names, a little.
CALLED: Mapping[str, tuple[str, str]] = {
    "choir": ("vocals", "choir"),
    **{
        lead: ("instrument", lead)
        for lead in (
            *("piano", "guitar", "harp", "harpsichord", "organ", "violin", "cello", "flute"),
            *("brass", "synthesizer", "sitar", "accordion", "strings"),
        )
    },
    "reeds": ("instrument", "saxophone"),
    "mallets": ("instrument", "xylophone"),
    "plucked": ("instrument", "banjo"),
}
ANY = 0.1
ENOUGH = 5  # clips of a family that score so much, before it can contradict the others
MOST = 9.0  # more than any score


class Row(NamedTuple):
    """A clip's score, whether the thing is there, and how much music the clip stands for."""

    score: float
    there: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Share:
    """How much of music has a thing, and how much has nothing that could be called so.

    The two are one where only the thing itself was played, and is taken for all of its kind.
    """

    there: float
    absent: float

    @classmethod
    def of(cls, attribute: str, value: str) -> "Share":
        there = base_rate(attribute, value)
        return cls(there, 1 - there)


@dataclass(frozen=True, slots=True)
class Worth:
    """What scores in a range are worth: counts, and the share that is right at the base rate.

    `right` has half a clip added to either side, or few would be none; `plain` has not.
    """

    hits: int
    positives: int
    false: int
    negatives: int
    right: float
    plain: float

    @property
    def heard(self) -> int:
        return self.hits + self.false

    def __str__(self) -> str:
        return (
            f"{self.hits:3d} of {self.positives:3d} true, {self.false:3d} of {self.negatives:3d}"
            f" others, right {self.right:.2f}"
        )


def rows_of(clips: Sequence[KnownClip], thing: str, scores: Sequence[float]) -> tuple[Row, ...]:
    """Of one family; clips of which nobody could say whether the thing is there are left out."""
    counted = Counter(clip.lead for clip in clips)
    return tuple(
        Row(float(score), there, weight(clip, counted))
        for clip, score in zip(clips, scores, strict=True)
        if (there := clip.is_there(thing)) is not None
    )


def weight(clip: KnownClip, counted: Mapping[str, int]) -> float:
    """How much music there is with such a lead, for each clip that has it."""
    share = base_rate(*CALLED[clip.lead]) if clip.lead in CALLED else ANY
    return share / counted[clip.lead]


def worth(rows: Sequence[Row], low: float, high: float, share: Share) -> Worth:
    """Of scores from `low` to `high`."""
    inside: Callable[[Row], bool] = lambda row: low <= row.score < high  # noqa: E731
    true = [(inside(row), row.weight) for row in rows if row.there]
    false = [(inside(row), row.weight) for row in rows if not row.there]

    def right(half: float) -> float:
        hit = _rate(true, half) * share.there
        missed = _rate(false, half) * share.absent
        return hit / (hit + missed) if hit + missed else 0.0

    return Worth(
        sum(into for into, _ in true),
        len(true),
        sum(into for into, _ in false),
        len(false),
        right(0.5),
        right(0.0),
    )


def _rate(rows: Sequence[tuple[bool, float]], half: float) -> float:
    total = sum(each for _, each in rows)
    added = half * total / max(1, len(rows))
    return (sum(each for into, each in rows if into) + added) / max(1e-12, total + 2 * added)


def steps(families: Sequence[Sequence[Row]], bins: Sequence[float], share: Share) -> str:
    """As they stand in a declaration: rounded down to twentieths, and never falling.

    Neighbouring bins are one where the lower is right as often as the higher (pool adjacent
    violators). What is right in a bin is not more than in the family which bears it out least.
    """
    rows = list(itertools.chain(*families))
    joined: list[tuple[float, float]] = []
    for low, high in itertools.pairwise((*bins, MOST)):
        while joined and _falls(rows, joined[-1], (low, high), share):
            low, _ = joined.pop()
        joined.append((low, high))
    found: list[tuple[float, float]] = []  # from the highest bin down
    for low, high in reversed(joined):
        each = [worth(family, low, high, share) for family in families]
        borne_out = [one.plain for one in each if one.heard >= ENOUGH]
        right = min(worth(rows, low, high, share).right, *borne_out, 1.0)
        if right >= 0.05:
            right = float(np.floor(right * 20) / 20)
        if found and right >= found[-1][1]:
            found[-1] = (low, found[-1][1])
        else:
            found.append((low, right))
    return ", ".join(f"Step({at:g}, {right:.2g})" for at, right in reversed(found))


def _falls(
    rows: Sequence[Row], lower: tuple[float, float], upper: tuple[float, float], share: Share
) -> bool:
    """Whether the upper of two bins is right no more often than the lower, or is empty."""
    below, above = (worth(rows, *each, share) for each in (lower, upper))
    return not above.heard or below.plain >= above.plain
