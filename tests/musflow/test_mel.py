"""Spectrograms, and the sound that they come from."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mmusset.errors import UsageError
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import FLOOR, filters, log_mel
from mmusset.musflow.sound.stft import istft, stft

GEOMETRIES = [
    Geometry(16000, 1.0, 1024, 256, 80, 4, 16),
    Geometry(44100, 1.0, 2048, 512, 128, 4, 32),
]


def chord(geometry: Geometry, level: float = 0.2) -> Tensor:
    time_s = torch.arange(geometry.samples) / geometry.rate_hz
    tones = [torch.sin(2 * torch.pi * hz * time_s) for hz in (220.0, 277.2, 329.6, 1760.0)]
    return level * torch.stack(tones).mean(dim=0)[None]


@pytest.mark.slow
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.filterwarnings("ignore")
def test_the_filters_are_librosas(geometry: Geometry) -> None:
    import librosa

    theirs = librosa.filters.mel(sr=geometry.rate_hz, n_fft=geometry.n_fft, n_mels=geometry.mels)
    assert np.allclose(filters(geometry).numpy(), theirs, atol=1e-5)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_there_are_as_many_frames_as_the_geometry_says(geometry: Geometry) -> None:
    mel = log_mel(chord(geometry), geometry)
    assert mel.shape == (1, geometry.frames, geometry.mels)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_transforms_inverse_gives_the_sound_back(geometry: Geometry) -> None:
    """To its very ends, where fewer windows overlap."""
    sound = chord(geometry)
    bins = stft(sound, geometry)
    assert bins.shape == (1, geometry.n_fft // 2 + 1, geometry.frames)
    assert torch.allclose(istft(bins, geometry), sound, atol=1e-5)


def test_silence_is_the_floor() -> None:
    geometry = GEOMETRIES[0]
    mel = log_mel(torch.zeros(1, geometry.samples), geometry)
    assert torch.allclose(mel, torch.tensor(FLOOR).log())


def test_twice_the_level_is_log_2_more() -> None:
    geometry = GEOMETRIES[0]
    soft, loud = (log_mel(chord(geometry, level), geometry) for level in (0.1, 0.2))
    heard = soft > soft.max() - 6
    assert torch.allclose((loud - soft)[heard], torch.tensor(2.0).log(), atol=1e-4)


def test_lengths_follow_from_each_other() -> None:
    paper = Geometry(16000, 10.24, 1024, 160, 64, 4, 8)
    assert (paper.latents, paper.frames, paper.samples) == (256, 1024, 163840)
    assert paper.of_length(5.12).latents == 128


@pytest.mark.parametrize(
    ("changed", "why"), [({"n_fft": 100}, "shorter than its hop"), ({"seconds": 0.01}, "less than")]
)
def test_geometries_of_nothing_are_refused(changed: dict[str, float], why: str) -> None:
    usual = {"rate_hz": 16000, "seconds": 1.0, "n_fft": 1024, "hop": 256, "mels": 80, "squeeze": 4}
    with pytest.raises(UsageError, match=why):
        Geometry(**usual | {"latent_channels": 8} | changed)  # type: ignore[arg-type]
