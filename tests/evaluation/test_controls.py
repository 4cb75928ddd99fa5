"""What is no music, made of what is: as loud, as bright, and nothing in its place."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mmusset.evaluation import controls
from tests.support.media import RATE_HZ, sound_of

Sound = NDArray[np.float32]


@pytest.fixture
def music() -> Sound:
    return sound_of(1, 3.0).astype(np.float32)


def rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def test_shuffled_frames_keep_spectrum_and_level(
    music: Sound,
) -> None:
    mixed = controls.shuffled(music, RATE_HZ, 0)
    assert mixed.shape == music.shape
    assert rms(mixed) == pytest.approx(rms(music), rel=0.15)
    powers = [np.abs(np.fft.rfft(sound[:, 0])) ** 2 for sound in (music, mixed)]
    shares = [power[: len(power) // 20].sum() / power.sum() for power in powers]
    assert shares[0] == pytest.approx(shares[1], abs=0.05)
    cosine = float((mixed * music).sum() / (np.linalg.norm(mixed) * np.linalg.norm(music)))
    assert abs(cosine) < 0.3


def test_noise_is_as_loud_and_silence_as_long(
    music: Sound,
) -> None:
    noise = controls.noise_like(music, 0)
    assert rms(noise) == pytest.approx(rms(music), rel=0.05)
    assert not controls.silence_like(music).any()
    assert controls.silence_like(music).shape == noise.shape == music.shape


def test_what_is_too_short_to_mix_stays() -> None:
    short = np.ones((100, 1), dtype=np.float32)
    assert (controls.shuffled(short, RATE_HZ, 0) == short).all()
