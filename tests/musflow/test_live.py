"""Training without a cache: the same face, the same clips, each begun elsewhere at each step."""

import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.data.cache import Cache, LatentBatch
from mmusset.musflow.data.encode import encode_shards, finish_cache
from mmusset.musflow.data.live import LiveShards, live_splits
from mmusset.musflow.recipe import EMBEDDED
from tests.support.command import tree
from tests.support.musflow_parts import Blocks, codec, dataset, encoders, flac, remake, tone
from tests.support.samples import filmed

TRAIN = "data/train-000000.tar"
LATENTS = (18, 27)  # of 20 and 30 that the clips have


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return dataset(
        tmp_path / "out",
        train_0=[tone(n, seconds=0.5 + 0.25 * (n % 2)) for n in range(4)],
        train_1=[tone(n) for n in range(4, 7)],
        validation_0=[tone(7), tone(8)],
    )


def live(out: Path, split: str = "train", seed: int = 0) -> LiveShards:
    return LiveShards(str(out), split, Blocks(), encoders(), seed)


def same(one: LatentBatch, other: LatentBatch) -> bool:
    return bool(
        one.keys == other.keys
        and torch.equal(one.mean, other.mean)
        and one.std is not None
        and other.std is not None
        and torch.equal(one.std, other.std)
        and torch.equal(one.beat, other.beat)
        and torch.equal(one.kin, other.kin)
        and all(torch.equal(one.embeddings[n], other.embeddings[n]) for n in EMBEDDED)
    )


def test_at_step_0_it_is_the_cache(out: Path, tmp_path: Path) -> None:
    """But for an eighth of the latents, which a clip's start can move by."""
    encode_shards(str(out), tmp_path / "cache", Blocks(), encoders(), lambda *_: None)
    manifest = finish_cache(str(out), tmp_path / "cache", Blocks(), encoders())
    for split in ("train", "validation"):
        rows, cache = live(out, split), Cache(tmp_path / "cache", split)
        assert rows.counts == cache.counts
        assert rows.lengths == LATENTS[: len(rows.lengths)]
        assert rows.manifest.spec == manifest.spec
        assert rows.manifest.latent_mean == pytest.approx(manifest.latent_mean, abs=1e-6)
        assert rows.manifest.latent_std == pytest.approx(manifest.latent_std)
        assert rows.manifest.embedding_scale == pytest.approx(manifest.embedding_scale)
        for bucket, length in enumerate(rows.lengths):
            assert rows.everything(bucket).keys == tuple(cache.keys(bucket))
            every = torch.arange(rows.counts[bucket]).flip(0)
            found, cached = rows.batch(bucket, every), cache.batch(bucket, every)
            assert found.keys == cached.keys
            torch.testing.assert_close(found.mean, cached.mean[:, :length])
            assert cached.std is not None
            torch.testing.assert_close(found.std, cached.std[:, :length])
            assert torch.equal(found.kin, cached.kin)
            assert torch.equal(found.beat, cached.beat)
            for name in EMBEDDED:
                torch.testing.assert_close(found.embeddings[name], cached.embeddings[name])


def test_a_clip_begins_elsewhere_at_each_step(out: Path) -> None:
    rows, every = live(out), torch.arange(5)
    steps = [rows.batch(0, every, step=step) for step in range(4)]
    for n in range(5):
        assert len({tuple(batch.mean[n].flatten().tolist()) for batch in steps}) == 4
    assert all(batch.mean.shape == (5, 18, 1) for batch in steps)
    for name in EMBEDDED:
        assert all(torch.equal(b.embeddings[name], steps[0].embeddings[name]) for b in steps)


def test_the_start_is_a_function_of_seed_step_and_clip(out: Path) -> None:
    """So a training that goes on is the same training, and so is one of several processes."""
    rows, again = live(out, seed=3), live(out, seed=3)
    some = torch.tensor([3, 0, 4])
    batch = rows.batch(0, some, step=5)
    assert same(batch, again.batch(0, some, step=5))
    share = slice(1, None, 2)
    part = again.batch(0, some, share, step=5)
    assert part.keys == batch.keys and part.share == share
    assert torch.equal(part.mean, batch.mean[share])
    assert torch.equal(part.embeddings["audio"], batch.embeddings["audio"])
    assert not torch.equal(live(out, seed=4).batch(0, some, step=5).mean, batch.mean)


def test_starts_reach_from_the_first_sample_to_the_last_that_fits(tmp_path: Path) -> None:
    """The music rises steadily, so the first latent tells where it began."""
    sound = np.arange(8000) / 8000
    out = dataset(tmp_path / "out", train_0=[replace(tone(1), music_flac=flac(sound, 16000))])
    rows = live(out)
    first = [float(rows.batch(0, torch.tensor([0]), step=n).mean[0, 0, 0]) for n in range(60)]
    starts = [value * 8000 - 199.5 for value in first]
    spare = 2 * 400
    assert -20 < min(starts) < 0.15 * spare
    assert 0.85 * spare < max(starts) < spare + 20


def test_the_frames_of_a_video_move_with_the_music(tmp_path: Path) -> None:
    clips = [filmed(tone(0, seconds=3.0), seconds=3), tone(1, seconds=3.0)]
    shards = live(dataset(tmp_path / "out", train_0=clips))
    assert shards.manifest.video_frames == 3
    rows, seconds = torch.tensor([0, 1]), shards.lengths[0] * 400 / 16000
    start, moved = (shards.batch(0, rows, step=step) for step in (0, 5))
    assert start.video is not None
    assert moved.video is not None
    assert start.video_present.tolist() == [True, False]
    assert start.video.at_s[0].tolist() == [0.5, 1.5, 2.5]
    later_s = float(start.video.at_s[0, 0] - moved.video.at_s[0, 0])
    assert 0 < later_s < 3.0 - seconds + 1e-6
    assert torch.equal(start.video.embeddings, moved.video.embeddings)
    assert moved.video.shown[0].tolist() == [0 <= s < seconds for s in moved.video.at_s[0].tolist()]


def test_everything_is_all_embeddings_and_no_latents(out: Path) -> None:
    batch = live(out).everything(1)
    assert batch.keys == ("k00001", "k00003")
    assert batch.mean.shape == (0, 27, 1)


def test_the_bundled_codec_is_asked_as_any(out: Path) -> None:
    rows = LiveShards(str(out), "train", codec(), encoders())
    assert rows.lengths == (14, 21)
    assert rows.batch(1, torch.tensor([1, 0]), step=2).mean.shape == (2, 21, 4)


def test_nothing_is_written(out: Path) -> None:
    before = tree(out)
    live(out).batch(0, torch.tensor([0]), step=1)
    assert tree(out) == before


def test_shards_on_the_hub_are_refused() -> None:
    with pytest.raises(UsageError, match="not on this disk: download it"):
        LiveShards("hf://datasets/user/name", "train", Blocks(), encoders())


def test_what_can_not_be_used_is_counted_and_too_much_stops_it(out: Path) -> None:
    remake(out / TRAIN, lambda name, data: b"" if name == "k00002.image.jpg" else data)
    rows = live(out)
    assert rows.manifest.bad == {"train-000000: k00002": "its image is no JPEG"}
    assert rows.manifest.clips == {"train": 6}
    assert "k00002" not in rows.everything(0).keys
    remake(out / TRAIN, lambda name, data: b"" if name == "k00003.music.flac" else data)
    with pytest.raises(MmussetError, match="2 of 7 samples can't be used"):
        live(out)


def test_nothing_to_train_on_is_said(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", validation_0=[tone(1)])
    with pytest.raises(MmussetError, match="the train split is empty"):
        live(out)
    dataset(tmp_path / "out", train_0=[tone(2)])
    assert live(out, "test").counts == ()


def test_keys_are_webdatasets_however_the_tar_names_its_members(out: Path, tmp_path: Path) -> None:
    """As `tar cf x.tar ./*` does, and with capitals."""
    tar, files, members = out / TRAIN, tmp_path / "files", tmp_path / "files" / "clips.v1"
    members.mkdir(parents=True)
    with tarfile.open(tar) as whole:
        whole.extractall(members, filter="data")
    (members / "k00001.music.flac").rename(members / "k00001.Music.FLAC")
    (members / "notes").write_text("No sample.")
    names = sorted(str(path.relative_to(files)) for path in members.iterdir())
    subprocess.run(["tar", "cf", tar, *(f"./{name}" for name in names)], cwd=files, check=True)
    expected = live(dataset(tmp_path / "usual", train_0=[tone(n) for n in (0, 2)]))
    batch = live(out).batch(0, torch.tensor([0, 1]), step=0)
    assert batch.keys == ("./clips.v1/k00000", "./clips.v1/k00002")
    assert torch.equal(batch.mean, expected.batch(0, torch.tensor([0, 1])).mean)


def test_shards_are_known_by_the_bytes_of_the_train_split(out: Path, tmp_path: Path) -> None:
    """So that a training which goes on knows that its clips are no longer the same."""
    train, validation = (live(out, split).manifest.shards for split in ("train", "validation"))
    assert train == validation
    assert live(shutil.copytree(out, tmp_path / "elsewhere")).manifest.shards == train
    dataset(out, validation_0=[tone(9), tone(10)])
    assert live(out).manifest.shards == train
    dataset(out, train_1=[tone(n) for n in (4, 5, 11)])
    assert live(out).manifest.clips == {"train": 7}
    assert live(out).manifest.shards != train


def test_both_splits_are_opened_with_one_scale(out: Path) -> None:
    """Music is encoded for the scale alone, and that once: seven clips."""

    class Counted(Blocks):
        clips = 0

        def encode(self, sound: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            Counted.clips += len(sound)
            return super().encode(sound)

    rows, validation = live_splits(str(out), Counted(), encoders(), seed=3)
    assert Counted.clips == 7
    for opened, split in ((rows, "train"), (validation, "validation")):
        alone = live(out, split, seed=3)
        assert opened.manifest == alone.manifest
        every = torch.arange(opened.counts[0])
        assert same(opened.batch(0, every, step=5), alone.batch(0, every, step=5))


def test_music_that_changed_meanwhile_is_named(out: Path) -> None:
    rows = live(out)
    tar = out / "data/train-000001.tar"
    tar.write_bytes(bytes(tar.stat().st_size))
    with pytest.raises(MmussetError, match=r"train-000001\.tar: k00004 has changed"):
        rows.batch(0, torch.tensor([2]), step=1)
