"""Where sounds stand between the ears, kept by the bundled codec whatever phases its head makes."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.musflow.codecs.mel_vae import MelVae
from mmusset.musflow.sound.geometry import Geometry

GEOMETRY = Geometry(44100, 1.0, 2048, 512, 64, 11, 8)
TONE = 0.3 * torch.sin(2 * torch.pi * 440 * torch.arange(GEOMETRY.samples) / GEOMETRY.rate_hz)


def noise(seed: int) -> Tensor:
    return 0.1 * torch.randn(GEOMETRY.samples, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def codec() -> MelVae:
    """Not fitted: what its features say is what becomes sound."""
    torch.manual_seed(0)
    sizes = {"width": 16, "depth": 1, "head_width": 16, "head_depth": 1}
    codec = MelVae(GEOMETRY, **sizes, sound_channels=2)
    codec.set_scale(codec.features(torch.stack([noise(0), noise(1)])[None]).mel)
    return codec


def again(codec: MelVae, left: Tensor, right: Tensor) -> Tensor:
    """`[2, samples]`, after features and back."""
    with torch.no_grad():
        return codec.sound_of(codec.features(torch.stack([left, right])[None]))[0]


def level_db(one: Tensor, other: Tensor) -> float:
    """How much louder one sound is than another."""
    return 10 * math.log10(float(one.square().mean() / other.square().mean()))


def width(sound: Tensor) -> float:
    return ClipSignal(np.ascontiguousarray(sound.T.numpy()), GEOMETRY.rate_hz, -60).width.value


def test_what_is_in_the_middle_stays_there(codec: MelVae) -> None:
    left, right = again(codec, TONE, TONE)
    assert level_db(left, left - right) > 30
    assert width(torch.stack([left, right])) < 0.02, "mono, as evidence has it"


@pytest.mark.parametrize("side", ["left", "right"])
def test_what_is_on_one_side_stays_there(codec: MelVae, side: str) -> None:
    silent = torch.zeros_like(TONE)
    left, right = again(codec, *((TONE, silent) if side == "left" else (silent, TONE)))
    assert level_db(left, right) * (1 if side == "left" else -1) > 30


def test_two_sounds_that_have_nothing_in_common_stay_wide(codec: MelVae) -> None:
    sounds = torch.stack([noise(0), noise(1)])
    made = again(codec, *sounds)
    assert width(made) == pytest.approx(width(sounds), abs=0.05)
    assert abs(level_db(made[0], made[1])) < 1
    assert abs(float(torch.corrcoef(made)[0, 1])) < 0.2


def test_a_band_by_itself_may_be_elsewhere(codec: MelVae) -> None:
    """A low tone in the middle and a high one on the right."""
    high = 0.1 * torch.sin(2 * torch.pi * 5000 * torch.arange(len(TONE)) / GEOMETRY.rate_hz)
    left, right = again(codec, TONE, TONE + high)
    hz = torch.fft.rfftfreq(len(TONE), 1 / GEOMETRY.rate_hz)
    power = torch.fft.rfft(torch.stack([left, right]) * torch.hann_window(len(TONE))).abs().square()
    low = power[:, hz < 1000].sum(dim=1)
    above = power[:, (hz - 5000).abs() < 200].sum(dim=1)
    assert 10 * torch.log10(low[0] / low[1]).abs() < 1
    assert 10 * torch.log10(above[1] / above[0]) > 20


def test_latents_are_as_many_as_of_mono_and_hold_both_channels(codec: MelVae) -> None:
    mean, _ = codec.encode(torch.stack([noise(0), noise(1)])[None])
    assert mean.shape == (1, GEOMETRY.latents, GEOMETRY.latent_channels)
    assert codec.decode(mean).shape == (1, 2, GEOMETRY.samples)
