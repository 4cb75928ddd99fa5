"""What makes sound of log-mels, before it was fitted: about the level, silence, and tones that go
on from frame to frame."""

import pytest
import torch
from torch import Tensor

from mmusset.musflow.codecs.istft_head import IstftHead
from mmusset.musflow.codecs.spectral_loss import spectral_loss
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel

GEOMETRY = Geometry(16000, 2.048, 1024, 256, 80, 4, 8)


@pytest.fixture(scope="module")
def head() -> IstftHead:
    torch.manual_seed(0)
    return IstftHead(GEOMETRY, width=32, depth=1)


def made(head: IstftHead, sound: Tensor) -> Tensor:
    mel = log_mel(sound, GEOMETRY)
    with torch.no_grad():
        return head(mel, (mel + 5) / 3)


def noise(level: float = 0.1) -> Tensor:
    return level * torch.randn(1, GEOMETRY.samples, generator=torch.Generator().manual_seed(0))


def test_as_many_samples_as_the_frames_cover(head: IstftHead) -> None:
    assert made(head, noise()).shape == (1, GEOMETRY.samples)


@pytest.mark.parametrize("level", [0.01, 0.1, 0.3])
def test_an_unfitted_head_has_about_the_level(head: IstftHead, level: float) -> None:
    sound = noise(level)
    assert 0.3 < float(made(head, sound).std() / sound.std()) < 1.5


def test_silence_stays_silent(head: IstftHead) -> None:
    assert float(made(head, torch.zeros(1, GEOMETRY.samples)).abs().max()) == 0


def test_a_tone_sounds_on_at_its_own_frequency(head: IstftHead) -> None:
    """One between two bins, which are 15.6 Hz apart: nine tenths of it lie within 4 Hz."""
    hz = 445.0
    time_s = torch.arange(GEOMETRY.samples)[None] / GEOMETRY.rate_hz
    tone = made(head, 0.3 * torch.sin(2 * torch.pi * hz * time_s))
    power = torch.fft.rfft(tone * torch.hann_window(GEOMETRY.samples))[0].abs().square()
    off_hz = torch.fft.rfftfreq(GEOMETRY.samples, 1 / GEOMETRY.rate_hz) - hz
    assert float(power[off_hz.abs() < 4].sum() / power[off_hz.abs() < 60].sum()) > 0.9


def test_noise_stays_noise(head: IstftHead) -> None:
    """What goes on unchanged is neither a pulse in each frame nor the same frame ever again."""
    mel = log_mel(noise(), GEOMETRY).mean(dim=1, keepdim=True).expand(-1, GEOMETRY.frames, -1)
    with torch.no_grad():
        sharp = head(mel, (mel + 5) / 3)[0].diff(n=3)  # mostly what is high
    hop = GEOMETRY.hop
    by_place = sharp[: len(sharp) // hop * hop].unflatten(0, (-1, hop)).square().mean(dim=0)
    assert float(by_place.amax() / by_place.mean()) < 2.5
    again = torch.corrcoef(torch.stack([sharp[4 * hop : -hop], sharp[5 * hop :]]))[0, 1]
    assert float(again.abs()) < 0.5


def test_a_loss_of_nothing_only_for_the_same_sound() -> None:
    sound = noise()
    assert float(spectral_loss(sound, sound, 1024)) == 0
    assert (
        float(spectral_loss(0.5 * sound, sound, 1024))
        > float(spectral_loss(0.9 * sound, sound, 1024))
        > 0
    )


def test_the_loss_does_not_hear_phases() -> None:
    """Turned by a quarter, a tone is as it was to it, and far from it by samples."""
    time_s = torch.arange(GEOMETRY.samples)[None] / GEOMETRY.rate_hz
    sine, cosine = (f(2 * torch.pi * 437.5 * time_s) for f in (torch.sin, torch.cos))
    middle = slice(2048, -2048)  # where every window is whole
    assert float(spectral_loss(sine[:, middle], cosine[:, middle], 1024)) < 0.2
    assert float((sine - cosine).square().mean()) > 0.9
