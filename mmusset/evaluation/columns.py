"""The columns of a table: what each says of a row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmusset.measurements.tempo import TEMPO
from mmusset.sample_parts.claims import Claim
from mmusset.sample_parts.evidence import MusicEvidence

from .claims import TEMPO_NEAR, kept_and_asked
from .distances import TooFew
from .ears import EarOfEvaluation, NotRun
from .heard import HeardSounds
from .rows import SoundRow
from .statistics import (
    INFINITY_FROM,
    DrawnEstimate,
    frechet_distances,
    kernel_distances,
    kullback_leibler,
    ratio,
)
from .table import EvaluationColumn

Floats = NDArray[np.float64]

NEAR_QUANTILE = 0.05  # of the real clips' distances to the nearest training clip


@dataclass(frozen=True, slots=True)
class RowInHand:
    """A row with the clips that it has sounds for: their places `here` in the reference, and the
    places of the clips that its sounds are judged by; weights `[B, n]` and halvings `[H, n]`."""

    row: SoundRow
    here: NDArray[np.int64]
    asked: NDArray[np.int64]
    weights: Floats
    halvings: Floats
    pieces: tuple[str, ...]

    def estimate(self, counted: Floats, of: Floats) -> DrawnEstimate:
        """Sum over sum, of the clips for which there is anything to count. Raises NotRun where
        there are none."""
        there = of > 0
        if not there.any():
            raise NotRun("no clip asks for it")
        pieces = {piece for piece, is_there in zip(self.pieces, there, strict=True) if is_there}
        return DrawnEstimate(ratio(counted, of, self.weights), int(there.sum()), len(pieces))

    def of_all(self, values: Floats) -> DrawnEstimate:
        """A distance of all of its clips."""
        return DrawnEstimate(values, len(self.here), len(set(self.pieces)), is_biased=True)


@dataclass(frozen=True, slots=True)
class MeasuredColumn:
    """A column, and what gives its estimate of a row, or raises NotRun or TooFew."""

    column: EvaluationColumn
    estimate: Callable[[RowInHand], DrawnEstimate]


@dataclass(frozen=True, slots=True)
class HeardByEar:
    """All that one ear has heard: the real clips, each row by its name, the training clips, and
    what is asked for, in the space of its sounds."""

    real: HeardSounds
    rows: Mapping[str, Sequence[HeardSounds]]
    training: Floats | None = None
    texts: Floats | None = None
    pictures: Floats | None = None


def distance_columns(ear: EarOfEvaluation, heard: HeardByEar | NotRun) -> list[MeasuredColumn]:
    """How far all sounds are from all real ones, as an ear hears it."""

    def by_kernel(hand: RowInHand) -> DrawnEstimate:
        made, real = _both(hand, heard)
        return hand.of_all(kernel_distances(made, real, hand.halvings, hand.weights))

    def by_frechet(hand: RowInHand) -> DrawnEstimate:
        made, real = _both(hand, heard)
        return hand.of_all(frechet_distances(made, real, hand.halvings, hand.weights))

    return [
        _column(
            f"kernel distance, {ear.name}",
            "set",
            "lower",
            "unbiased kernel distance x 100 (KAD) to the other half's real clips;"
            f" the one to go by under {INFINITY_FROM} clips",
            by_kernel,
            ear,
        ),
        _column(
            f"Frechet distance, {ear.name}",
            "set",
            "lower",
            f"Frechet distance to the other half's real clips; at infinity from {INFINITY_FROM}"
            " clips on",
            by_frechet,
            ear,
        ),
    ]


def nearness_column(ear: EarOfEvaluation, heard: HeardByEar | NotRun) -> MeasuredColumn:
    """Who copies: the share nearer to a training clip than all but 5 % of held-out real clips."""

    def estimate(hand: RowInHand) -> DrawnEstimate:
        heard_by = _open(heard)
        if heard_by.training is None or len(heard_by.training) < 2:
            raise NotRun("the dataset has no training clips")
        usual = _nearest(heard_by.real.vectors, heard_by.training)
        near = np.quantile(usual, NEAR_QUANTILE)
        nearest = [_nearest(each.vectors, heard_by.training) for each in _rows(hand, heard_by)]
        share = np.mean(np.array(nearest) < near, axis=0)
        return hand.estimate(share, np.ones(len(share)))

    return _column(
        f"nearer than real, {ear.name}",
        "other",
        "lower",
        "share nearer to a training clip than 95 % of held-out real clips are: copies",
        estimate,
        ear,
        "{:.0%}",
    )


def tag_column(ear: EarOfEvaluation, heard: HeardByEar | NotRun) -> MeasuredColumn:
    """How unlike the tags are to those of the real clip."""

    def estimate(hand: RowInHand) -> DrawnEstimate:
        heard_by = _open(heard)
        real = heard_by.real.tags[hand.asked]
        apart = [kullback_leibler(real, each.tags) for each in _rows(hand, heard_by)]
        return hand.estimate(np.mean(apart, axis=0), np.ones(len(real)))

    return _column(
        f"KL over tags, {ear.name}",
        "paired",
        "lower",
        "Kullback-Leibler divergence of the tags from those of the real clip, nats",
        estimate,
        ear,
    )


def cosine_column(
    ear: EarOfEvaluation, heard: HeardByEar | NotRun, of: str, circular: str = ""
) -> MeasuredColumn:
    """How near a sound is to the caption or the picture that asked for it, in an ear's own space.

    `circular` says why it is not run: a model that is told this embedding is no judge of it.
    """

    def estimate(hand: RowInHand) -> DrawnEstimate:
        if circular:
            raise NotRun(circular)
        heard_by = _open(heard)
        asked = heard_by.texts if of == "caption" else heard_by.pictures
        if asked is None:
            raise NotRun(f"the ear {ear.name} does not know a {of}")
        cosines = [_cosines(each.vectors, asked[hand.asked]) for each in _rows(hand, heard_by)]
        return hand.estimate(np.mean(cosines, axis=0), np.ones(len(hand.here)))

    name = "CLAP score" if ear.name == "clap" else f"{of}-music score"
    return _column(
        f"{name}, {ear.name}" if ear.name != "clap" else name,
        "paired",
        "higher",
        f"cosine of the sound with the {of}, in the ear's space",
        estimate,
        ear,
        "{:.3f}",
    )


def claim_columns(
    claims: Sequence[Sequence[Claim]],
    measured: Mapping[str, Sequence[Sequence[MusicEvidence]]],
) -> list[MeasuredColumn]:
    """What was asked for by captions, against what is measured on the sound."""

    def estimate_of(wanted: Callable[[Claim], bool]) -> Callable[[RowInHand], DrawnEstimate]:
        def estimate(hand: RowInHand) -> DrawnEstimate:
            asked = [[claim for claim in claims[n] if wanted(claim)] for n in hand.asked]
            return hand.estimate(*kept_and_asked(asked, measured[hand.row.name]))

        return estimate

    def is_tempo(claim: Claim) -> bool:
        return claim.attribute == TEMPO.name and not claim.value.startswith("not ")

    return [
        _column(
            "claims kept",
            "paired",
            "higher",
            "of what the caption says and measuring can tell, the share that the sound has",
            estimate_of(lambda claim: True),
            form="{:.0%}",
        ),
        _column(
            "tempo kept",
            "paired",
            "higher",
            f"of the tempi that captions name, the share within {TEMPO_NEAR:.0%}",
            estimate_of(is_tempo),
            form="{:.0%}",
        ),
    ]


def speed_column(seconds: float) -> MeasuredColumn:
    """How many seconds of music a second makes, on this machine."""

    def estimate(hand: RowInHand) -> DrawnEstimate:
        times = hand.row.seconds
        if not times:
            raise NotRun("not made here")
        spent = [
            [times.get(path.name, 0.0) for path in hand.row.paths(seed)]
            for seed in range(len(hand.row.files))
        ]
        sums = np.sum(spent, axis=0)
        return hand.estimate(np.full(len(sums), seconds * len(spent)) * (sums > 0), sums)

    return _column(
        "real-time factor",
        "other",
        "higher",
        "seconds of music that a second makes on this machine, one at a time",
        estimate,
        form="{:.1f}",
    )


def _column(
    name: str,
    kind: str,
    better: str,
    about: str,
    estimate: Callable[[RowInHand], DrawnEstimate],
    ear: EarOfEvaluation | None = None,
    form: str = "{:.2f}",
) -> MeasuredColumn:
    facts = {"name": name, "kind": kind, "better": better, "about": about, "form": form}
    column = EvaluationColumn.model_validate(facts | {"ear": ear.name if ear else ""})
    return MeasuredColumn(column, estimate)


def _open(heard: HeardByEar | NotRun) -> HeardByEar:
    if isinstance(heard, NotRun):
        raise heard
    return heard


def _rows(hand: RowInHand, heard: HeardByEar) -> Sequence[HeardSounds]:
    return heard.rows[hand.row.name]


def _both(hand: RowInHand, heard: HeardByEar | NotRun) -> tuple[list[Floats], Floats]:
    """A row's vectors for each seed, and the real clips' of the same places."""
    if hand.row.for_others:
        raise NotRun("the same sounds as above")
    if not len(hand.halvings):
        raise TooFew("halves of a split take two groups of clips")
    heard_by = _open(heard)
    return [each.vectors for each in _rows(hand, heard_by)], heard_by.real.vectors[hand.here]


def _nearest(vectors: Floats, others: Floats) -> Floats:
    """The distance of each to the nearest of the others."""
    rows = [np.sqrt(np.square(others - each).sum(axis=1).min()) for each in vectors]
    return np.array(rows)


def _cosines(some: Floats, others: Floats) -> Floats:
    lengths = np.linalg.norm(some, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray((some * others).sum(axis=1) / np.maximum(lengths, 1e-9))
