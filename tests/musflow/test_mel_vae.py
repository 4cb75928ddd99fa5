"""The bundled codec, fitted to a few sounds in seconds."""

import copy

import pytest
import torch
from torch import Tensor

from mmusset.musflow.codecs.istft_head import IstftHead
from mmusset.musflow.codecs.mel_vae import Features, MelVae
from mmusset.musflow.codecs.spectral_loss import spectral_loss
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel

GEOMETRY = Geometry(8000, 0.512, 512, 128, 40, 4, 8)
SOUNDS = 12


def sounds() -> Tensor:
    """Two tones each, at levels of their own, `[12, 1, samples]`."""
    random = torch.Generator().manual_seed(0)
    time_s = torch.arange(GEOMETRY.samples) / GEOMETRY.rate_hz
    hz = 110 * 2 ** (4 * torch.rand(SOUNDS, 2, 1, generator=random))
    level = 0.05 + 0.3 * torch.rand(SOUNDS, 1, generator=random)
    swell = (torch.arange(GEOMETRY.samples) / GEOMETRY.samples).sqrt()
    return (level * swell * torch.sin(2 * torch.pi * hz * time_s).mean(dim=1))[:, None]


@pytest.fixture(scope="module")
def fitted() -> MelVae:
    torch.manual_seed(0)
    codec = MelVae(GEOMETRY, width=64, depth=2, head_width=32, head_depth=1)
    codec.set_scale(codec.features(sounds()).mel)
    optimizer = torch.optim.AdamW(codec.parameters(), lr=3e-3)
    for _ in range(120):
        noise = torch.randn(SOUNDS, GEOMETRY.latents, GEOMETRY.latent_channels)
        optimizer.zero_grad()
        codec.losses(sounds(), noise).total.backward()
        optimizer.step()
    return codec


def test_sounds_come_back(fitted: MelVae) -> None:
    """By a fifth of the error that the mean frame makes, and nearly at their level, which is mended
    once all is fitted: on one processor five seeds miss it by 0.25 to 0.39 nepers of power."""
    mel = log_mel(sounds()[:, 0], GEOMETRY)
    mean, std = fitted.encode(sounds())
    assert mean.shape == std.shape == (SOUNDS, GEOMETRY.latents, GEOMETRY.latent_channels)
    with torch.no_grad():
        error = float((fitted.features_of(mean).mel - mel).abs().mean())
    assert error < 0.2 * float((fitted.mean - mel).abs().mean())
    made = fitted.decode(mean)
    assert made.shape == (SOUNDS, 1, GEOMETRY.samples)
    loud = mel > mel.amax(dim=(1, 2), keepdim=True) - 2
    assert float((log_mel(made[:, 0], GEOMETRY) - mel)[loud].mean().abs()) < 0.5


@pytest.mark.parametrize("with_rests", [sounds()[:0], 0 * sounds()[:1], 1e-3 * sounds()[:1]])
def test_what_comes_back_is_as_loud_as_what_went_in(fitted: MelVae, with_rests: Tensor) -> None:
    """The decoder learns means of logarithms, so that without its level it is too quiet."""

    def missing_db(codec: MelVae) -> float:
        made = codec.decode(codec.encode(sounds())[0])
        energies = sounds().square().mean(dim=2), made.square().mean(dim=2)
        return float(10 * (energies[0] / energies[1]).log10().mean())

    levelled = copy.deepcopy(fitted)
    levelled.set_level(torch.cat([sounds(), with_rests]))
    assert missing_db(fitted) > 0.5
    assert abs(missing_db(levelled)) < 0.5 * missing_db(fitted)


def test_latents_have_about_the_size_of_noise(fitted: MelVae) -> None:
    mean, std = fitted.encode(sounds())
    assert 0.3 < float(mean.std()) < 3
    assert float(std.mean()) < 1


def test_the_same_latents_give_the_same_sound(fitted: MelVae) -> None:
    mean, _ = fitted.encode(sounds()[:1])
    assert torch.equal(fitted.decode(mean), fitted.decode(mean))


def test_the_head_learns_the_sounds_spectra(fitted: MelVae) -> None:
    torch.manual_seed(0)
    untrained = IstftHead(GEOMETRY, width=32, depth=1)
    features, real = fitted.features(sounds()), sounds()[:, 0]
    with torch.no_grad():
        before = untrained(features.mel, (features.mel - fitted.mean) / fitted.std)
        after = fitted.sound_of(features)[:, 0]
    off = [float(spectral_loss(made, real, GEOMETRY.n_fft)) for made in (before, after)]
    assert off[1] < 0.9 * off[0]


def test_a_frame_does_not_hang_on_the_clips_length(fitted: MelVae) -> None:
    mel = fitted.features(sounds()[:1]).mel.repeat(1, 2, 1)
    nothing = torch.empty(1, 2 * GEOMETRY.latents, 0)
    whole, _ = fitted.posterior(Features(mel, nothing))
    half, _ = fitted.posterior(Features(mel[:, :32], nothing[:, :8]))
    assert torch.allclose(whole[:, :2], half[:, :2], atol=1e-5), "but for what is near the cut"
