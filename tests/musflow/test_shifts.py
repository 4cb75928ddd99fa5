"""Several encodings of each clip, begun at different samples, of which training draws one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmusset.errors import Refused
from mmusset.musflow.data.cache import Cache
from mmusset.musflow.data.encode import encode_shards, finish_cache, latent_spec
from mmusset.musflow.data.shifts import drawn_shifts
from tests.support.musflow_parts import Blocks, dataset, encoders, flac, tone
from tests.support.samples import filmed

RISE = np.arange(8000) / 8000  # so that a latent tells where it began; 20 latents of 400 samples


def encoded(out: Path, folder: Path, shifts: int) -> Cache:
    by = (Blocks(), encoders())
    encode_shards(str(out), folder, *by, lambda *_: None, shifts=shifts)
    finish_cache(str(out), folder, *by, shifts=shifts)
    return Cache(folder, "train", latent_spec(*by, shifts=shifts))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    rising = replace(tone(1), music_flac=flac(RISE, 16000))
    film = filmed(tone(0, seconds=3.0), seconds=3)
    return dataset(tmp_path / "out", train_0=[rising, film])


def test_each_shift_begins_a_fraction_of_a_latent_later(out: Path, tmp_path: Path) -> None:
    cache, rows = encoded(out, tmp_path / "four", 4), torch.tensor([0, 0, 0, 0])
    batch = cache.batch(0, rows, shifts=torch.arange(4))
    assert batch.mean.shape == (4, 19, 1), "a latent less, since the last begins later"
    begins = batch.mean[:, 0, 0].double() * 8000 - 199.5
    assert begins.tolist() == pytest.approx([0, 100, 200, 300], abs=2)
    plain = encoded(out, tmp_path / "one", 1).batch(0, rows)
    assert torch.equal(cache.batch(0, rows).mean, plain.mean[:, :19])
    for name, embedding in plain.embeddings.items():
        assert torch.equal(embedding, batch.embeddings[name])


def test_beat_and_video_move_with_the_music(out: Path, tmp_path: Path) -> None:
    cache = encoded(out, tmp_path / "cache", 2)
    first, later = (cache.batch(1, torch.tensor([0]), shifts=torch.tensor([n])) for n in range(2))
    assert first.video is not None
    assert later.video is not None
    moved_s = 200 / 16000
    torch.testing.assert_close(later.video.at_s, first.video.at_s - moved_s)
    bpm, phase, _ = first.beat[0].tolist()
    assert later.beat[0, 1].item() == pytest.approx((phase + bpm / 60 * moved_s) % 1, abs=1e-5)


def test_a_cache_is_of_one_number_of_shifts(out: Path, tmp_path: Path) -> None:
    encoded(out, tmp_path / "cache", 2)
    with pytest.raises(Refused, match="they differ in shifts"):
        Cache(tmp_path / "cache", "train", latent_spec(Blocks(), encoders(), shifts=3))


def test_shifts_are_drawn_by_seed_and_step() -> None:
    drawn = drawn_shifts(4, 8000, seed=0, step=3)
    shares = torch.bincount(drawn, minlength=4) / 8000
    assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.02)
    assert torch.equal(drawn, drawn_shifts(4, 8000, seed=0, step=3))
    assert not torch.equal(drawn, drawn_shifts(4, 8000, seed=0, step=4))
    assert not drawn_shifts(1, 8, seed=0, step=3).any()
