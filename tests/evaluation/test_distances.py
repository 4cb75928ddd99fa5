"""Distances against their closed forms, and against another way to compute them."""

import numpy as np
import pytest
import scipy.linalg
from numpy.typing import NDArray

from mmusset.evaluation.distances import (
    TooFew,
    bandwidth_of,
    frechet,
    frechet_at_infinity,
    kernel,
    kernel_distance,
)
from mmusset.evaluation.statistics import (
    INFINITY_FROM,
    DrawnEstimate,
    frechet_distances,
    kernel_distances,
    piece_weights,
)

Floats = NDArray[np.float64]


def drawn(count: int, dimensions: int = 4, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal((count, dimensions))


def with_moments(count: int, mean: Floats, deviations: Floats, seed: int = 0) -> Floats:
    """Vectors whose mean and covariance are exactly these, whatever was drawn."""
    some = drawn(count, len(mean), seed)
    some = some - some.mean(axis=0)
    whitened = some @ np.linalg.inv(np.linalg.cholesky(np.cov(some.T)).T)
    return np.asarray(whitened * deviations + mean)


def test_a_set_is_at_no_distance_from_itself() -> None:
    some = drawn(50)
    assert frechet(some, some) == pytest.approx(0, abs=1e-9)
    assert frechet(some, some[::-1]) == pytest.approx(0, abs=1e-9)


def test_known_gaussians_are_as_far_apart_as_the_formula_says() -> None:
    """Of diagonal covariances it is the sum of the squares of both differences."""
    mean, other_mean = np.array([0.0, 1.0, -2.0]), np.array([1.0, 1.0, 0.0])
    deviations, other_deviations = np.array([1.0, 2.0, 0.5]), np.array([2.0, 2.0, 1.5])
    some = with_moments(40, mean, deviations)
    others = with_moments(60, other_mean, other_deviations, seed=1)
    expected = np.square(mean - other_mean).sum() + np.square(deviations - other_deviations).sum()
    assert frechet(some, others) == pytest.approx(expected, rel=1e-9)


def test_the_square_root_of_a_matrix_is_scipys() -> None:
    some, others = drawn(80, 6) @ drawn(6, 6, seed=2), drawn(90, 6, seed=3) + 0.3
    root = scipy.linalg.sqrtm(np.cov(some.T) @ np.cov(others.T)).real
    expected = np.square(some.mean(axis=0) - others.mean(axis=0)).sum()
    expected += np.trace(np.cov(some.T)) + np.trace(np.cov(others.T)) - 2 * np.trace(root)
    assert frechet(some, others) == pytest.approx(expected, rel=1e-8)


def test_weights_count_a_clip_so_many_times() -> None:
    some, others = drawn(30), drawn(40, seed=1)
    weights = np.random.default_rng(4).integers(1, 4, 30).astype(float)
    repeated = np.repeat(some, weights.astype(int), axis=0)
    assert frechet(some, others, weights) == pytest.approx(frechet(repeated, others), rel=1e-9)


def test_too_few_clips_are_refused() -> None:
    with pytest.raises(TooFew, match="4 dimensions takes more than 4 clips a set, and there are 4"):
        frechet(drawn(4), drawn(50))
    with pytest.raises(TooFew, match="and there are 3"):
        frechet_at_infinity(drawn(3), drawn(50))
    with pytest.raises(TooFew):
        bandwidth_of(drawn(1))
    halvings = np.array([[1.0] * 3 + [0.0] * 9])
    with pytest.raises(TooFew, match="8 clips in each half of the split, and there are 3"):
        kernel_distances([drawn(12)], drawn(12), halvings, np.ones((1, 12)))
    with pytest.raises(TooFew, match="over 4 clips in each half of the split, and there are 3"):
        frechet_distances([drawn(12)], drawn(12), halvings, np.ones((1, 12)))


def test_extrapolated_the_frechet_distance_loses_its_bias() -> None:
    """Two sets of one kind: at 120 clips in 20 dimensions the distance is far from 0."""
    some, others = drawn(120, 20), drawn(20_000, 20, seed=1)
    assert frechet(some, others) > 1.0
    assert abs(frechet_at_infinity(some, others)) < 0.35 * frechet(some, others)


def test_the_kernel_distance_is_the_mean_over_pairs() -> None:
    """Unbiased, pair by pair, as its definition has it (Gretton et al. 2012, lemma 6)."""
    some, others = drawn(7), drawn(9, seed=1) + 0.5
    width = bandwidth_of(others)

    def k(one: Floats, other: Floats) -> float:
        return float(np.exp(-np.square(one - other).sum() / (2 * width**2)))

    alike = np.mean([k(x, y) for n, x in enumerate(some) for m, y in enumerate(some) if n != m])
    other = np.mean([k(x, y) for n, x in enumerate(others) for m, y in enumerate(others) if n != m])
    across = np.mean([k(x, y) for x in some for y in others])
    found = kernel_distance(
        kernel(some, some, width),
        kernel(others, others, width),
        kernel(some, others, width),
        np.ones((1, 7)),
        np.ones((1, 9)),
    )
    assert found == pytest.approx([100 * (alike + other - 2 * across)])


def test_a_clip_that_was_drawn_twice_is_not_compared_with_itself() -> None:
    some, others = drawn(6), drawn(8, seed=1)
    width = bandwidth_of(others)
    parts = kernel(some, some, width), kernel(others, others, width), kernel(some, others, width)
    twice = kernel_distance(*parts, np.full((1, 6), 2.0), np.ones((1, 8)))
    assert twice == pytest.approx(kernel_distance(*parts, np.ones((1, 6)), np.ones((1, 8))))


def test_the_kernel_distance_has_no_bias_at_few_clips() -> None:
    """The mean over many draws of one kind is 0, and half of them lie below."""
    found = []
    for seed in range(200):
        some, others = drawn(10, seed=seed), drawn(10, seed=1000 + seed)
        width = bandwidth_of(others)
        parts = kernel(some, some, width), kernel(others, others, width)
        ones = np.ones((1, 10))
        found.append(kernel_distance(*parts, kernel(some, others, width), ones, ones)[0])
    spread = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 3 * spread
    assert 60 < sum(value < 0 for value in found) < 160


def test_the_order_of_clips_does_not_matter() -> None:
    real, made = drawn(40), drawn(40, seed=1) + 1
    half = np.array([[1.0, 0.0] * 20])
    order = np.random.default_rng(2).permutation(40)
    weights = np.ones((1, 40))
    for distances in (kernel_distances, frechet_distances):
        once = distances([made], real, half, weights)
        again = distances([made[order]], real[order], half[:, order], weights)
        assert once == pytest.approx(again)


def test_from_500_clips_on_it_is_told_at_infinity_with_an_interval() -> None:
    pieces = [str(number // 2) for number in range(INFINITY_FROM)]
    real, half = drawn(INFINITY_FROM), np.array([[1.0, 1.0, 0.0, 0.0] * (INFINITY_FROM // 4)])
    near, far = (
        DrawnEstimate(
            frechet_distances([made], real, half, piece_weights(pieces, draws=30)), 1, 1, True
        )
        for made in (drawn(INFINITY_FROM, seed=1), drawn(INFINITY_FROM, seed=2) + 0.5)
    )
    assert near.interval().low < 0.1 < far.interval().low
    assert near.interval().high > near.interval().low
    assert far.minus(near).low > 0


def test_farther_sets_are_farther() -> None:
    real, half, weights = drawn(60), np.array([[1.0, 0.0] * 30]), np.ones((1, 60))
    for distances in (kernel_distances, frechet_distances):
        found = [
            distances([drawn(60, seed=5) + shift], real, half, weights)[0] for shift in (0, 0.5, 2)
        ]
        assert found == sorted(found)
        assert found[2] > 5 * abs(found[0])
