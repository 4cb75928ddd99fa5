"""Metrics of what a base and its adapter wrote about the same samples, with 95 % intervals."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmusset.intervals import Z, wilson
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample_parts.claims import JudgedClaim
from mmusset.sample_parts.turns import Fault
from mmusset.text import word_count
from mmusset.truth.judge import is_concrete

Floats = NDArray[np.float64]
Unit = Literal["share", "number"]
FEWEST = 10  # samples, below which no difference counts as significant
CONFIDENCE = 0.95  # of all intervals
TOKENS = 20_000  # distinct-n falls with the length of the text, so that is fixed
# A story may say "I can't" or "I'm sorry" too, so what is refused has to be a model's task. An
# answer that begins with quoted speech is no refusal; JSON that broke its schema may hold one.
_CANNOT = r"i ?(?:can(?:'?t| ?not)|won'?t|will not|(?:a|')m (?:not able|unable) to)"
_TASK = (
    r"(?:help(?: you)? with|assist|comply|fulfil"
    r"|(?:see|hear|view|access|analy[sz]e|process|play|listen to|describe|write|create|generate"
    r"|determine|provide)(?: [\w-]+){0,3}? (?:image|picture|photo|music|audio|song|track|clip|sound"
    r"|file|caption|story|description|content)s?)"
)
_LEAD = (
    r"(?:(?:i(?: a|')m )?(?:very )?sorry\b|unfortunately\b|(?:i|my) apolog\w+\b)[^.!?]{0,60}?\W+"
)
_REFUSAL = re.compile(
    r"""^\s*(?:\{\s*"\w+"\s*:\s*"\s*)?"""
    rf"(?:{_LEAD}(?:but )?)?(?:{_CANNOT} {_TASK}\b|as an? (?:ai|(?:large )?language model)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FreeReply:
    """One unconstrained reply: `text` is the requested field, or the whole reply where it breaks
    the schema."""

    text: str
    valid: bool

    @property
    def refuses(self) -> bool:
        return refuses(self.text)


@dataclass(frozen=True, slots=True)
class SampleResult:
    """What one model wrote about one sample: unconstrained, and then through the agents.

    `limits` are those of its dataset. `sayable` counts the statements that the evidence supports,
    `said` those of them that the caption makes. `rounds` is of an accepted sample; `reason` why it
    was rejected or failed, or "".
    """

    limits: CriticPart
    caption: FreeReply
    story: FreeReply
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
class MetricRow:
    """A metric of both models; None where there was nothing to measure, or one number alone.

    `shown` says whether the difference's interval excludes 0, and both models were measured on
    `FEWEST` samples or more.
    """

    name: str
    unit: Unit
    base: Interval | None
    adapter: Interval | None
    difference: Interval | None
    shown: bool


@dataclass(frozen=True, slots=True)
class Metric:
    """`parts` gives, for a result, what is counted and out of how many; sums are divided."""

    name: str
    unit: Unit
    parts: Callable[[SampleResult], tuple[float, float]]


def _bounded(text: str, bounds: tuple[int, int]) -> float:
    return float(bounds[0] <= word_count(text) <= bounds[1])


def _count(result: SampleResult, verdict: str) -> float:
    return float(sum(c.verdict == verdict and is_concrete(c) for c in result.claims))


def _faultless(result: SampleResult, where: str) -> float:
    return float(not any(fault.where == where for fault in result.faults))


METRICS = (
    Metric("answers in schema", "share", lambda r: (r.caption.valid + r.story.valid, 2)),
    Metric("refusals", "share", lambda r: (r.caption.refuses + r.story.refuses, 2)),
    Metric("claim precision", "share", lambda r: (
        _count(r, "supported"), _count(r, "supported") + _count(r, "contradicted"))),
    Metric("claim recall", "share", lambda r: (r.said, r.sayable)),
    Metric("contradicted claims, a caption", "number", lambda r: (
        _count(r, "contradicted"), 1)),
    Metric("unverifiable claims, a caption", "number", lambda r: (
        _count(r, "unverifiable"), 1)),
    Metric("captions without a fault", "share", lambda r: (_faultless(r, "caption"), 1)),
    Metric("stories without a fault", "share", lambda r: (_faultless(r, "story"), 1)),
    Metric("captions of the right length", "share", lambda r: (
        _bounded(r.caption.text, r.limits.caption_words), 1)),
    Metric("stories of the right length", "share", lambda r: (
        _bounded(r.story.text, r.limits.story_words), 1)),
    Metric("words, a caption", "number", lambda r: (word_count(r.caption.text), 1)),
    Metric("words, a story", "number", lambda r: (word_count(r.story.text), 1)),
    Metric("accepted", "share", lambda r: (r.accepted, 1)),
    Metric("mended, of the accepted", "share", lambda r: (
        r.accepted and r.rounds > 0, r.accepted)),
    Metric("rounds, of an accepted one", "number", lambda r: (
        r.rounds * r.accepted, r.accepted)),
)  # fmt: skip


def rows(
    base: Sequence[SampleResult],
    adapter: Sequence[SampleResult],
    metrics: Sequence[Metric] = METRICS,
) -> list[MetricRow]:
    """Every metric of two models on the same samples, in the same order."""
    if len(base) != len(adapter) or not base:
        raise ValueError("two models are compared on the same samples, and on one at least")
    return [_row(metric, base, adapter) for metric in metrics]


def refuses(text: str) -> bool:
    """Whether an answer begins by refusing."""
    return bool(_REFUSAL.match(text.replace("’", "'")))


def tokens(text: str) -> list[str]:
    """Words and punctuation marks in lower case."""
    return re.findall(r"[\w'-]+|[^\w\s]", text.lower())


def distinct(texts: Sequence[str], n: int = 2) -> float:
    """Different n-grams over all n-grams in the first 20,000 tokens (Li et al. 2016, at a fixed
    budget); 0 where there are none."""
    row = [token for text in texts for token in tokens(text)][:TOKENS]
    grams = list(zip(*(row[start:] for start in range(n)), strict=False))
    return len(set(grams)) / max(len(grams), 1)


@dataclass(frozen=True, slots=True)
class _Side:
    """One model's metric. Its error is the sum of `errors` `[samples]`, what each sample adds to
    it (the delta method for a ratio of sums; Cochran, Sampling Techniques, 1977, chapter 6)."""

    value: float
    errors: Floats
    samples: int  # that have something to measure
    out_of: float

    @property
    def variance(self) -> float:
        return float(self.errors @ self.errors)


def _row(
    metric: Metric, base: Sequence[SampleResult], adapter: Sequence[SampleResult]
) -> MetricRow:
    one, other = _side(metric, base), _side(metric, adapter)
    single = _wilson if metric.unit == "share" else _of_number
    difference, samples = None, 0
    if one and other:
        samples = min(one.samples, other.samples)
        value, errors = other.value - one.value, other.errors - one.errors
        if metric.unit == "share":
            difference = _of_difference(value, float(errors @ errors), samples)
        else:
            difference = _by_t(value, float(errors @ errors), samples)
    return MetricRow(
        name=metric.name,
        unit=metric.unit,
        base=single(one) if one else None,
        adapter=single(other) if other else None,
        difference=difference,
        shown=samples >= FEWEST
        and difference is not None
        and not difference.low <= 0 <= difference.high,
    )


def _side(metric: Metric, results: Sequence[SampleResult]) -> _Side | None:
    counted, out_of = np.array([metric.parts(result) for result in results], float).T
    if not (total := float(out_of.sum())):
        return None
    value = float(counted.sum()) / total
    errors = (counted - value * out_of) / total
    return _Side(value, errors, int(np.count_nonzero(out_of)), total)


def _wilson(side: _Side) -> Interval:
    """Of a share (Wilson 1927). The items of one sample are alike, so n is the effective sample
    size (Kish 1965); where all or none hold, each sample counts once.

    By hand, since that count is no whole number, and scipy's `proportion_ci` takes whole ones.
    """
    p, n = side.value, float(side.samples)
    if 0 < p < 1:
        n = min(p * (1 - p) / max(side.variance, 1e-12), side.out_of)
    return Interval(p, *wilson(p, n))


def _of_difference(value: float, variance: float, samples: int) -> Interval:
    """Of two paired shares: as if one more sample had changed completely in each direction (Bonett
    and Price 2012; not in scipy), so that samples that all agree have an interval too."""
    n = samples + 2
    middle = samples * value / n
    squares = samples * (samples * variance + value**2) + 2
    half = Z * math.sqrt(max(squares / n - middle**2, 0) / n)
    return Interval(value, max(-1.0, middle - half), min(1.0, middle + half))


def _of_number(side: _Side) -> Interval | None:
    return _by_t(side.value, side.variance, side.samples)


def _by_t(value: float, variance: float, samples: int) -> Interval | None:
    """Of a mean, by Student's t; None for a single sample."""
    if samples < 2:
        return None
    from scipy.stats import t

    df = samples - 1
    half = float(t.ppf((1 + CONFIDENCE) / 2, df)) * math.sqrt(variance * samples / df)
    return Interval(value, value - half, value + half)
