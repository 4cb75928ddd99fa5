"""Channels that are mixed down."""

import numpy as np
import pytest

from mmusset.dsp.mono import to_mono


@pytest.mark.parametrize("channels", range(1, 8))
def test_mono_is_the_mean_of_the_channels_to_the_last_bit(channels: int) -> None:
    sound = np.random.default_rng(channels).normal(size=(5000, channels)).astype(np.float32)
    before = sound.copy()
    mono = to_mono(sound)
    assert mono.dtype == np.float32
    assert np.array_equal(mono, sound.mean(axis=1))
    mono[:] = 0
    assert np.array_equal(sound, before)
