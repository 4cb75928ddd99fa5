"""Measures of what two voices wrote about the same samples, and how sure their difference is."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmusset.recipe import CriticPart
from mmusset.sample import Fault, JudgedClaim
from mmusset.text import word_count
from mmusset.truth.judge import is_concrete

Floats = NDArray[np.float64]
Unit = Literal["share", "number"]
RESAMPLES = 4000
TOKENS = 20_000  # distinct-n falls with length, so the budget is fixed
_REFUSAL = re.compile(
    r"\b(i'?m sorry|i am sorry|i apologi[sz]e|i can(?:'t|not| not)|i am (?:not able|unable)"
    r"|i'?m (?:not able|unable)|i won'?t|as an ai|as a language model)\b",
    re.IGNORECASE,
)
_OPENING = 120  # characters, in which a refusal shows


@dataclass(frozen=True, slots=True)
class Written:
    """One free answer: `text` is the field that was asked for, or all of it where it is no
    answer of the schema."""

    text: str
    valid: bool

    @property
    def refuses(self) -> bool:
        return refuses(self.text)


@dataclass(frozen=True, slots=True)
class Result:
    """What one voice made of one sample: freely, and then as a build would have it.

    `sayable` is how many statements the evidence carries, `said` how many of those the caption
    makes. `rounds` is of an accepted sample; `reason` why it was rejected or failed, or "".
    """

    caption: Written
    story: Written
    claims: tuple[JudgedClaim, ...]
    faults: tuple[Fault, ...]
    sayable: int
    said: int
    accepted: bool
    rounds: int
    reason: str


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the 95 % interval of it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """A measure of both voices; None where there was nothing to measure.

    `shown` says whether the difference's interval leaves out 0.
    """

    name: str
    unit: Unit
    base: Interval | None
    adapter: Interval | None
    difference: Interval | None
    shown: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """`parts` gives, for a result, what is counted and out of how many; sums are divided."""

    name: str
    unit: Unit
    parts: Callable[[Result, CriticPart], tuple[float, float]]


def _bounded(text: str, bounds: tuple[int, int]) -> float:
    return float(bounds[0] <= word_count(text) <= bounds[1])


def _count(result: Result, verdict: str) -> float:
    return float(sum(c.verdict == verdict and is_concrete(c) for c in result.claims))


def _faultless(result: Result, where: str) -> float:
    return float(not any(fault.where == where for fault in result.faults))


MEASURES = (
    Measure("answers in schema", "share", lambda r, _: (r.caption.valid + r.story.valid, 2)),
    Measure("refusals", "share", lambda r, _: (r.caption.refuses + r.story.refuses, 2)),
    Measure("claim precision", "share", lambda r, _: (
        _count(r, "supported"), _count(r, "supported") + _count(r, "contradicted"))),
    Measure("claim recall", "share", lambda r, _: (r.said, r.sayable)),
    Measure("contradicted claims, a caption", "number", lambda r, _: (
        _count(r, "contradicted"), 1)),
    Measure("unverifiable claims, a caption", "number", lambda r, _: (
        _count(r, "unverifiable"), 1)),
    Measure("captions without a fault", "share", lambda r, _: (_faultless(r, "caption"), 1)),
    Measure("stories without a fault", "share", lambda r, _: (_faultless(r, "story"), 1)),
    Measure("captions of the right length", "share", lambda r, c: (
        _bounded(r.caption.text, c.caption_words), 1)),
    Measure("stories of the right length", "share", lambda r, c: (
        _bounded(r.story.text, c.story_words), 1)),
    Measure("words, a caption", "number", lambda r, _: (word_count(r.caption.text), 1)),
    Measure("words, a story", "number", lambda r, _: (word_count(r.story.text), 1)),
    Measure("accepted", "share", lambda r, _: (r.accepted, 1)),
    Measure("rounds, of an accepted one", "number", lambda r, _: (
        r.rounds * r.accepted, r.accepted)),
)  # fmt: skip


def rows(
    base: Sequence[Result], adapter: Sequence[Result], limits: CriticPart, seed: int
) -> list[Row]:
    """Every measure of two voices on the same samples, in the same order."""
    if len(base) != len(adapter) or not base:
        raise ValueError("two voices are compared on the same samples, and on one at least")
    drawn = np.random.default_rng(seed).integers(0, len(base), (RESAMPLES, len(base)))
    return [_row(measure, base, adapter, limits, drawn) for measure in MEASURES]


def refuses(text: str) -> bool:
    """Whether an answer begins by refusing."""
    return bool(_REFUSAL.search(text[:_OPENING].replace("’", "'")))


def tokens(text: str) -> list[str]:
    """Words and punctuation marks in lower case."""
    return re.findall(r"[\w'-]+|[^\w\s]", text.lower())


def distinct(texts: Sequence[str], n: int = 2) -> float:
    """Different n-grams over all n-grams in the first 20,000 tokens (Li et al. 2016, at a fixed
    budget); 0 where there are none."""
    row = [token for text in texts for token in tokens(text)][:TOKENS]
    grams = list(zip(*(row[start:] for start in range(n)), strict=False))
    return len(set(grams)) / max(len(grams), 1)


def _row(
    measure: Measure,
    base: Sequence[Result],
    adapter: Sequence[Result],
    limits: CriticPart,
    drawn: NDArray[np.int64],
) -> Row:
    """Paired bootstrap (Efron 1979): both voices on the same resampled samples."""
    sides = []
    for results in (base, adapter):
        parts = np.array([measure.parts(result, limits) for result in results], float)
        sides.append((_ratio(parts.sum(0)), _ratio(parts[drawn].sum(1))))
    (one, ones), (other, others) = sides
    difference = _interval(other - one, others - ones)
    return Row(
        name=measure.name,
        unit=measure.unit,
        base=_interval(one, ones),
        adapter=_interval(other, others),
        difference=difference,
        shown=difference is not None and not difference.low <= 0 <= difference.high,
    )


def _ratio(sums: Floats) -> Floats:
    counted, out_of = sums[..., 0], sums[..., 1]
    empty = np.full_like(counted, np.nan)
    return np.divide(counted, out_of, out=empty, where=out_of > 0)


def _interval(value: Floats, resampled: Floats) -> Interval | None:
    known = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or not len(known):
        return None
    low, high = np.percentile(known, (2.5, 97.5))
    return Interval(float(value), float(low), float(high))
