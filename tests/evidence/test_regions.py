"""Regions of a mask and means around pixels, as scipy.ndimage has them."""

import numpy as np
import pytest
from scipy import ndimage

from mmusset.evidence.regions import grown, means_around, regions_of

SHARES = (0.0, 0.05, 0.45, 0.6, 0.95, 1.0)


def mask(share: float, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((41, 57)) < share


@pytest.mark.parametrize("share", SHARES)
def test_regions_are_numbered_by_their_first_pixels(share: float) -> None:
    expected, _ = ndimage.label(mask(share))
    assert np.array_equal(regions_of(mask(share)), expected)


def test_a_spiral_is_one_region() -> None:
    spiral = np.ones((31, 31), dtype=bool)
    for turn in range(1, 15, 2):
        spiral[turn, turn : 31 - turn] = False
        spiral[turn : 31 - turn, 30 - turn] = False
        spiral[30 - turn, turn : 31 - turn] = False
        spiral[turn + 2 : 31 - turn, turn] = False
    assert np.array_equal(regions_of(spiral) > 0, spiral)
    assert np.array_equal(regions_of(spiral), ndimage.label(spiral)[0])


@pytest.mark.parametrize("steps", [1, 2])
def test_a_mask_grows_up_down_and_sideways(steps: int) -> None:
    expected = ndimage.binary_dilation(mask(0.05), iterations=steps)
    assert np.array_equal(grown(mask(0.05), steps), expected)


@pytest.mark.parametrize("shape", [(64, 48, 3), (7, 50, 3)])
def test_means_mirror_a_picture_beyond_its_edges(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(5).normal(size=shape)
    expected = [ndimage.uniform_filter(values[..., n], 40) for n in range(3)]
    assert np.allclose(means_around(values, 40), np.stack(expected, axis=-1))
