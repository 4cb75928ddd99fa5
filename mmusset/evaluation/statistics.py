"""Figures with intervals: everything is computed for the clips as they are, and again for pieces
that are drawn anew."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .distances import TooFew, bandwidth_of, frechet, frechet_at_infinity, kernel, kernel_distance
from .table import FigureInterval

Floats = NDArray[np.float64]

DRAWS = 400
FRECHET_DRAWS = 40  # each takes a root of a large matrix
INFINITY_DRAWS = 20  # each at several N
INFINITY_FROM = 500  # clips, from which on the Frechet distance is told at infinity
LEAST_HALF = 8
LOW, HIGH = 2.5, 97.5


@dataclass(frozen=True, slots=True)
class DrawnEstimate:
    """A figure `values[0]`, and what it is for each draw of pieces; of how many clips, pieces.

    A distance `is_biased` in a draw: sets with repetitions lie farther apart than sets without.
    """

    values: Floats
    clips: int
    pieces: int
    is_biased: bool = False

    def interval(self) -> FigureInterval:
        """The figure, and where the middle 95 % of the draws lie."""
        return interval_of(self.values, self.is_biased)

    def minus(self, other: "DrawnEstimate") -> FigureInterval:
        """The difference, each draw with the same pieces."""
        count = min(len(self.values), len(other.values))
        return interval_of(self.values[:count] - other.values[:count], self.is_biased)


def interval_of(values: Floats, is_biased: bool) -> FigureInterval:
    """The first value, and where the middle 95 % of the others lie; moved so that their mean is the
    value, where they are biased."""
    value, draws = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not len(draws):
        return FigureInterval(value=value, low=value, high=value)
    low, high = np.percentile(draws + (value - draws.mean() if is_biased else 0), [LOW, HIGH])
    return FigureInterval(value=value, low=float(low), high=float(high))


def piece_weights(pieces: Sequence[str], draws: int = DRAWS, seed: int = 0) -> Floats:
    """How often each clip counts, `[1 + draws, N]`: once, then as often as its piece was drawn."""
    names = sorted(set(pieces))
    of_clip = np.array([names.index(piece) for piece in pieces])
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    return np.vstack([np.ones(len(pieces)), drawn[:, of_clip]])


def ratio(counted: Floats, of: Floats, weights: Floats) -> Floats:
    """Sum of `counted` `[N]` over sum of `of`, for each row of weights; NaN where none counts."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights @ counted) / (weights @ of))


def kernel_distances(
    made: Sequence[Floats], real: Floats, halvings: Floats, weights: Floats
) -> Floats:
    """The kernel distance of what was made, the mean over seeds and halvings, for each row of
    weights.

    The one half's is compared with the other half's real clips, and the other way round, so that
    nothing is ever compared with the clip that it was made for. Raises TooFew for halves of less
    than eight clips.
    """
    least = int(np.minimum(halvings.sum(axis=1), (1 - halvings).sum(axis=1)).min())
    if least < LEAST_HALF:
        raise TooFew(
            f"a kernel distance takes {LEAST_HALF} clips in each half of the split, and there are"
            f" {least}"
        )
    width = bandwidth_of(real)
    real_kernel = kernel(real, real, width)
    found = []
    for vectors in made:
        own, between = kernel(vectors, vectors, width), kernel(vectors, real, width)
        for half in halvings:
            for side in (half, 1 - half):
                found.append(
                    kernel_distance(own, real_kernel, between, weights * side, weights * (1 - side))
                )
    return np.asarray(np.mean(found, axis=0))


def frechet_distances(
    made: Sequence[Floats], real: Floats, halvings: Floats, weights: Floats
) -> Floats:
    """The Frechet distance, by halves as `kernel_distances`; with many clips at infinity.

    Raises TooFew where a half has no more clips than dimensions.
    """
    half = halvings[0] > 0
    sides = (half, ~half)
    least = min(int(side.sum()) for side in sides)
    if least <= real.shape[1]:
        raise TooFew(
            f"in {real.shape[1]} dimensions it takes over {real.shape[1]} clips in each half of the"
            f" split, and there are {least}"
        )

    def distance(some: Floats, others: Floats, counts: Floats, other_counts: Floats) -> float:
        if len(real) < INFINITY_FROM:
            return frechet(some, others, counts, other_counts)
        repeated, others = (
            np.repeat(vectors, count.astype(int), axis=0)
            for vectors, count in ((some, counts), (others, other_counts))
        )
        return frechet_at_infinity(repeated, others)

    draws = FRECHET_DRAWS if len(real) < INFINITY_FROM else INFINITY_DRAWS
    return np.array(
        [
            np.mean(
                [
                    distance(vectors[side], real[~side], counts[side], counts[~side])
                    for vectors in made
                    for side in sides
                ]
            )
            for counts in weights[: 1 + draws]
        ]
    )


def kullback_leibler(real: Floats, made: Floats) -> Floats:
    """How much the tags `[N, T]` of what was made tell less than those of the real clips: the sum
    over tags, each there or not, in nats, `[N]`."""
    p, q = (np.clip(tags, 1e-6, 1 - 1e-6) for tags in (real, made))
    return np.asarray((p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).sum(axis=1))
