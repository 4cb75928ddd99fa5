"""What an audit found: statements by attribute, the control, and the captions that fare worst.

The control is the same captions moved by one, each judged against the sound of the next music. That
captions agree with their own sound shows little where they would agree with any.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mmusset.sample_parts.claims import JudgedClaim
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.extract import extract
from mmusset.truth.judge import judge

WORST = 100
RESAMPLES = 2000
SEED = 0


@dataclass(frozen=True, slots=True)
class HeardText:
    """A caption as it is given, and the evidence on a clip of its music, cut from `start_s` on.

    `music_path` is the music's in its source; `sha256` tells music that is the same. `cut_from` is
    the file that it is a clip of, "" where it is none, or nobody knows.
    """

    music_path: str
    text: str
    music: MusicEvidence
    start_s: float
    sha256: str
    cut_from: str = ""


@dataclass(frozen=True, slots=True)
class AuditedCaption:
    """A caption and its statements, each with its verdict."""

    music_path: str
    cut_from: str
    text: str
    start_s: float
    duration_s: float
    claims: tuple[JudgedClaim, ...]

    @property
    def contradicted(self) -> tuple[JudgedClaim, ...]:
        """What its own sound contradicts, what is surest first."""
        wrong = (claim for claim in self.claims if claim.verdict == "contradicted")
        return tuple(sorted(wrong, key=lambda claim: -claim.confidence))


@dataclass(frozen=True, slots=True)
class StatementCounts:
    """How many statements there are, and what became of them."""

    statements: int
    supported: int
    contradicted: int
    unverifiable: int

    @property
    def settled(self) -> int:
        """How many of them measurement settles."""
        return self.supported + self.contradicted

    @property
    def share(self) -> float:
        """Of what is settled, what is contradicted."""
        return self.contradicted / max(self.settled, 1)


@dataclass(frozen=True, slots=True)
class MovedByOne:
    """The captions on other music: `worse_by` is how much more of what is settled is contradicted
    there, with its 95 % interval."""

    counts: StatementCounts
    worse_by: float
    low: float
    high: float

    @property
    def shows_something(self) -> bool:
        """Whether captions fit their own music better than other music, beyond chance."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class AuditFindings:
    """All that an audit found. `skipped` are captions that could not be judged: paths by reason.

    `moved` is None where there is no other music. `worst` are at most a hundred captions, those
    with most contradictions first; `captions` are all, in their order.
    """

    source: str
    certainty: float
    ears: tuple[str, ...]
    clip_seconds: float
    captions: tuple[AuditedCaption, ...]
    silent: int  # captions without any statement
    all: StatementCounts
    by_attribute: dict[str, StatementCounts]
    moved: MovedByOne | None
    worst: tuple[AuditedCaption, ...]
    skipped: dict[str, list[str]]


def find(
    heard: Sequence[HeardText], certainty: float, sounds_like: float
) -> tuple[tuple[AuditedCaption, ...], MovedByOne | None]:
    """Every caption judged by its own sound, and all of them by other music's."""
    claims = [extract(each.text) for each in heard]

    def judged(n: int, music: MusicEvidence) -> tuple[JudgedClaim, ...]:
        return judge(claims[n], music, certainty, sounds_like=sounds_like)

    own = tuple(
        AuditedCaption(
            each.music_path,
            each.cut_from,
            each.text,
            each.start_s,
            each.music.duration_s,
            judged(n, each.music),
        )
        for n, each in enumerate(heard)
    )
    others = [_other(heard, n) for n in range(len(heard))]
    moved = [judged(n, other.music) for n, other in enumerate(others) if other]
    stayed = [caption.claims for caption, other in zip(own, others, strict=True) if other]
    return own, _moved(stayed, moved) if moved else None


def counted(claims: Iterable[JudgedClaim]) -> StatementCounts:
    """What became of these statements."""
    verdicts = Counter(str(claim.verdict) for claim in claims)
    return StatementCounts(
        verdicts.total(),
        verdicts["supported"],
        verdicts["contradicted"],
        verdicts["unverifiable"],
    )


def by_attribute(captions: Iterable[AuditedCaption]) -> dict[str, StatementCounts]:
    """The counts of each attribute that captions speak of, the most spoken of first."""
    of: dict[str, list[JudgedClaim]] = {}
    for caption in captions:
        for claim in caption.claims:
            of.setdefault(claim.attribute, []).append(claim)
    ordered = sorted(of.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return {name: counted(claims) for name, claims in ordered}


def worst_of(captions: Iterable[AuditedCaption]) -> tuple[AuditedCaption, ...]:
    """The captions with most contradictions, of equals the surest contradicted first."""
    wrong = [caption for caption in captions if caption.contradicted]
    wrong.sort(key=lambda c: (-len(c.contradicted), -sum(w.confidence for w in c.contradicted)))
    return tuple(wrong[:WORST])


def _other(heard: Sequence[HeardText], n: int) -> HeardText | None:
    """The next music that is not the same, from the start again after the last."""
    after = (heard[(n + step) % len(heard)] for step in range(1, len(heard)))
    return next((each for each in after if each.sha256 != heard[n].sha256), None)


def _moved(
    own: Sequence[tuple[JudgedClaim, ...]], moved: Sequence[tuple[JudgedClaim, ...]]
) -> MovedByOne:
    """How much worse captions fare on other music; the bootstrap draws captions, both sides of
    each together."""
    table = np.array(
        [
            (stays.contradicted, stays.settled, goes.contradicted, goes.settled)
            for stays, goes in zip(map(counted, own), map(counted, moved), strict=True)
        ],
        dtype=float,
    )
    rng = np.random.default_rng(SEED)
    drawn = np.array(
        [
            _difference(table[rng.integers(len(table), size=len(table))].sum(axis=0))
            for _ in range(RESAMPLES)
        ]
    )
    low, high = np.quantile(drawn, [0.025, 0.975])
    everything = counted(claim for claims in moved for claim in claims)
    return MovedByOne(everything, _difference(table.sum(axis=0)), float(low), float(high))


def _difference(sums: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    own_wrong, own_settled, moved_wrong, moved_settled = (float(each) for each in sums)
    return moved_wrong / max(moved_settled, 1.0) - own_wrong / max(own_settled, 1.0)
