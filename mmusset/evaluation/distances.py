"""Distances between two sets of embeddings `[N, D]`.

The kernel distance is without bias at any N; the Frechet distance falls as N grows, so it is
compared at equal N only, or at the N that it would have without end (FAD-infinity).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KERNEL_SCALE = 100.0  # of the kernel distance, as in kadtk (Chung et al. 2025, arXiv 2502.15602)
SIZES = 15  # sample sizes that are extrapolated from (Gui et al. 2023, arXiv 2311.01616)


class TooFew(ValueError):
    """A distance can't be told from so few clips; its text says how many it takes."""


def frechet(
    some: Floats,
    others: Floats,
    some_weights: Floats | None = None,
    other_weights: Floats | None = None,
) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of two sets `[N, D]` and `[M, D]`.

    Weights, of a bootstrap, count each clip so many times. Raises TooFew unless both sets have
    more clips than dimensions: their covariances would say nothing of the others.
    """
    dimensions = some.shape[1]
    if min(len(some), len(others)) <= dimensions:
        raise TooFew(
            f"a Frechet distance in {dimensions} dimensions takes more than {dimensions} clips a"
            f" set, and there are {min(len(some), len(others))}"
        )
    (mean, covariance), (other_mean, other_covariance) = (
        _moments(some, some_weights),
        _moments(others, other_weights),
    )
    root = _root(covariance)
    cross = np.linalg.eigvalsh(root @ other_covariance @ root)
    return float(
        np.square(mean - other_mean).sum()
        + np.trace(covariance)
        + np.trace(other_covariance)
        - 2 * np.sqrt(np.maximum(cross, 0)).sum()
    )


def frechet_at_infinity(some: Floats, others: Floats, seed: int = 0) -> float:
    """The Frechet distance that `some` would have, were they without end.

    It falls with 1/N: the line through its values at several N, which are drawn from `some`,
    continued to 1/N = 0. Raises TooFew as `frechet` does for the smallest.
    """
    random = np.random.default_rng(seed)
    least = max(some.shape[1] + 1, len(some) // 4)
    if least > len(some):
        raise TooFew(f"it takes more than {some.shape[1]} clips, and there are {len(some)}")
    sizes = np.unique(np.linspace(least, len(some), SIZES).round().astype(int))
    values = [frechet(some[random.permutation(len(some))[:n]], others) for n in sizes]
    if len(sizes) < 3:
        raise TooFew(f"{len(some)} clips are too few to draw smaller sets from")
    return float(np.polyfit(1 / sizes, values, 1)[1])


def bandwidth_of(vectors: Floats) -> float:
    """The median distance between two of them: the kernel's width. Raises TooFew for one."""
    if len(vectors) < 2:
        raise TooFew("a kernel's width takes two clips")
    squares = _square_distances(vectors, vectors)[np.triu_indices(len(vectors), 1)]
    return float(np.sqrt(np.median(squares)))


def kernel(some: Floats, others: Floats, bandwidth: float) -> Floats:
    """The Gaussian kernel `[N, M]` of two sets."""
    return np.exp(-_square_distances(some, others) / max(2 * bandwidth**2, 1e-12))


def kernel_distance(
    within: Floats,
    within_others: Floats,
    between: Floats,
    weights: Floats,
    other_weights: Floats,
) -> Floats:
    """The squared maximum mean discrepancy, without bias, times 100, for each row of weights.

    `within` `[N, N]`, `within_others` `[M, M]` and `between` `[N, M]` are kernels; `weights`
    `[B, N]` and `other_weights` `[B, M]` count each clip so many times: ones for the distance
    itself. A clip is never compared with itself, however often it counts. NaN where a set has
    less than two clips.
    """
    alike = _mean_off_diagonal(within, weights)
    others_alike = _mean_off_diagonal(within_others, other_weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        across = ((weights @ between) * other_weights).sum(axis=1) / (
            weights.sum(axis=1) * other_weights.sum(axis=1)
        )
    return np.asarray(KERNEL_SCALE * (alike + others_alike - 2 * across))


def _mean_off_diagonal(matrix: Floats, weights: Floats) -> Floats:
    squares = np.square(weights)
    total = ((weights @ matrix) * weights).sum(axis=1) - squares @ np.diag(matrix)
    pairs = np.square(weights.sum(axis=1)) - squares.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / pairs)


def _square_distances(some: Floats, others: Floats) -> Floats:
    centre = others.mean(axis=0)  # small numbers lose nothing where squares are subtracted
    some, others = some - centre, others - centre
    squares = (
        np.square(some).sum(axis=1)[:, None]
        + np.square(others).sum(axis=1)[None]
        - 2 * some @ others.T
    )
    return np.asarray(np.maximum(squares, 0))


def _moments(vectors: Floats, weights: Floats | None) -> tuple[Floats, Floats]:
    counts = np.ones(len(vectors)) if weights is None else weights
    mean = counts @ vectors / counts.sum()
    centred = vectors - mean
    return mean, (centred * counts[:, None]).T @ centred / (counts.sum() - 1)


def _root(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
