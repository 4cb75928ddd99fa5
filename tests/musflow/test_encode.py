"""Encoding: what becomes of shards, of what can't be used in them, and of a run that was killed."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL.Image import Image
from torch import Tensor

from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.codecs.codec import Codec
from mmusset.musflow.data.cache import Cache, CacheManifest
from mmusset.musflow.data.encode import (
    condition_embeddings,
    encode_shards,
    finish_cache,
    training_sounds,
)
from mmusset.musflow.encoders.encoder import ImageEncoder
from mmusset.musflow.model.kin import are_kin
from mmusset.musflow.training.codec_stage import collect
from mmusset.shards.reader import BadSample, decoded
from mmusset.shards.tar import Sample, write_shard
from tests.support.command import environment, python, tree, with_torch
from tests.support.musflow_parts import Blocks, codec, dataset, encoders, flac, remake, tone

TRAIN = "data/train-000000.tar"


def encode(source: Path | str, folder: Path, by: Codec, rank: int = 0, world: int = 1) -> int:
    def told(done: int, total: int) -> None:
        assert 0 <= done <= total

    return encode_shards(str(source), folder, by, encoders(), told, rank=rank, world=world)


def cached(source: Path | str, folder: Path, by: Codec) -> CacheManifest:
    encode(source, folder, by)
    return finish_cache(str(source), folder, by, encoders())


def with_sound(number: int, sound: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]") -> Sample:
    return replace(tone(number), music_flac=flac(sound, 16000))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two lengths in the first shard, one in the second; two clips to validate on."""
    return dataset(
        tmp_path / "out",
        train_0=[tone(n, seconds=0.5 + 0.25 * (n % 2)) for n in range(4)],
        train_1=[tone(n) for n in range(4, 7)],
        validation_0=[tone(7), tone(8)],
    )


def test_what_is_encoded_is_counted(out: Path, tmp_path: Path) -> None:
    assert encode(out, tmp_path / "cache", codec()) == 9
    manifest = finish_cache(str(out), tmp_path / "cache", codec(), encoders())
    assert manifest.clips == {"train": 7, "validation": 2}
    assert manifest.bad == {}
    assert manifest.spec.codec == codec().identity


def test_the_scale_is_that_of_what_is_drawn_from_the_train_split(tmp_path: Path) -> None:
    """Mean and spread by channel, over every frame of every length; and of each embedding."""
    sounds = [0.1 * n * tone_of(n, 0.5 + 0.1 * n) for n in range(1, 5)]
    out = dataset(
        tmp_path / "out",
        train_0=[with_sound(n, sound) for n, sound in enumerate(sounds[:3])],
        train_1=[with_sound(3, sounds[3])],
        validation_0=[with_sound(4, np.ones((8000, 2)))],
    )
    manifest = cached(out, tmp_path / "cache", Blocks(channels=2))
    cache = Cache(tmp_path / "cache", "train")
    parts = [cache.batch(n, torch.arange(count)) for n, count in enumerate(cache.counts)]
    mean = torch.cat([part.mean.flatten(0, 1) for part in parts]).double()
    std = torch.cat([part.std.flatten(0, 1) for part in parts if part.std is not None]).double()
    drawn = (mean.square() + std.square()).mean(dim=0) - mean.mean(dim=0).square()
    torch.testing.assert_close(torch.tensor(manifest.latent_mean).double(), mean.mean(dim=0))
    torch.testing.assert_close(torch.tensor(manifest.latent_std).double(), drawn.sqrt())
    widths = manifest.spec.widths
    ends = (("image", slice(0, widths["image"])), ("audio", slice(-widths["audio"], None)))
    for name, place in ends:
        whole = torch.cat([part.embeddings[name] for part in parts]).double()
        found = torch.tensor(manifest.embedding_mean[place]).double()
        torch.testing.assert_close(found, whole.mean(dim=0))
        scale = (whole - whole.mean(dim=0)).square().mean().sqrt()
        assert manifest.embedding_scale[name] == pytest.approx(float(scale))


def tone_of(number: int, seconds: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.floating]]":
    """Stereo sound that is not 0 on average."""
    wave = np.sin(np.arange(round(16000 * seconds)) / (40 + number))
    return np.stack([wave + 0.5, 0.3 * wave - 0.2], axis=1)


def test_a_channel_that_is_always_the_same_is_not_blown_up(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[with_sound(n, np.zeros(8000)) for n in range(2)])
    manifest = cached(out, tmp_path / "cache", Blocks())
    assert manifest.latent_std == (1e-3,)


def test_nothing_to_train_on_is_said(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", validation_0=[tone(1)])
    with pytest.raises(MmussetError, match="the train split is empty"):
        cached(out, tmp_path / "cache", codec())
    with pytest.raises(UsageError, match="no shards"):
        cached(tmp_path / "cache", tmp_path / "cache", codec())


def test_music_of_a_lower_rate_is_refused(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(n, rate_hz=8000) for n in range(3)])
    with pytest.raises(UsageError, match=r"at 8000 Hz.*--set clip\.rate_hz=16000"):
        cached(out, tmp_path / "cache", codec())
    with pytest.raises(UsageError, match="at 8000 Hz"):
        next(training_sounds(str(out), 16000, 1))()


def test_music_of_a_higher_rate_is_resampled(tmp_path: Path) -> None:
    high = dataset(tmp_path / "high", train_0=[tone(1, rate_hz=44100)])
    same = dataset(tmp_path / "same", train_0=[tone(1)])
    for out in (high, same):
        cached(out, out / "cache", Blocks())
    parts = [Cache(out / "cache", "train").batch(0, torch.arange(1)) for out in (high, same)]
    torch.testing.assert_close(parts[0].std, parts[1].std, atol=2e-3, rtol=0.01)


def test_the_sound_encoder_hears_what_the_codec_drops(tmp_path: Path) -> None:
    """The shard's full band: beside a tone at 5 kHz, a codec of 8 kHz keeps nothing."""
    time_s = np.arange(16000) / 16000
    low, high = (0.3 * np.sin(2 * np.pi * hz * time_s) for hz in (500, 5000))
    heard = []
    for name, sound in (("low", low), ("both", low + high)):
        out = dataset(tmp_path / name, train_0=[with_sound(1, sound)])
        cached(out, out / "cache", Blocks(rate_hz=8000))
        heard.append(Cache(out / "cache", "train").batch(0, torch.arange(1)))
    torch.testing.assert_close(heard[0].mean, heard[1].mean, atol=1e-3, rtol=0.01)
    assert (heard[1].embeddings["audio"] - heard[0].embeddings["audio"]).abs().max() > 0.5


def test_the_sound_encoder_hears_the_same_beside_a_mono_codec_and_a_stereo_one(
    tmp_path: Path,
) -> None:
    """A mono codec of its own rate takes what it hears: that is prepared once for both."""
    noise = 0.1 * np.random.default_rng(1).normal(size=(45000, 2))
    heard = []
    for channels in (1, 2):
        out = dataset(
            tmp_path / f"{channels}", train_0=[replace(tone(1), music_flac=flac(noise, 44100))]
        )
        cached(out, out / "cache", Blocks(channels=channels))
        heard.append(Cache(out / "cache", "train").batch(0, torch.arange(1)).embeddings["audio"])
    assert torch.equal(*heard)


def test_kin_are_clips_of_one_piece_or_with_one_picture(tmp_path: Path) -> None:
    """By the facts in their JSON and the bytes of their pictures."""
    several = [tone(n) for n in range(4)]
    one_piece = several[1].quadruple.model_copy(
        update={"source_sha256": several[0].quadruple.source_sha256}
    )
    several[1] = replace(several[1], quadruple=one_piece)
    several[3] = replace(several[3], image_jpeg=several[2].image_jpeg)
    out = dataset(tmp_path / "out", train_0=several)
    cached(out, out / "cache", Blocks())
    batch = Cache(out / "cache", "train").batch(0, torch.arange(4))
    kin = {tuple(pair) for pair in are_kin(batch.kin).nonzero().tolist()}
    assert kin - {(n, n) for n in range(4)} == {(0, 1), (1, 0), (2, 3), (3, 2)}


@dataclass
class SeenImages:
    """The bundled image encoder, and how many images it was given."""

    inner: ImageEncoder
    count: int = 0

    def __post_init__(self) -> None:
        self.identity, self.width = self.inner.identity, self.inner.width

    def __call__(self, images: Sequence[Image]) -> Tensor:
        self.count += len(images)
        return self.inner(images)


def test_a_picture_is_embedded_once_for_all_clips_that_share_it() -> None:
    samples = [tone(n) for n in range(5)]
    alike = [replace(sample, image_jpeg=samples[0].image_jpeg) for sample in samples[:3]]
    reads = [decoded(f"k{n}", s.members()) for n, s in enumerate([*alike, *samples[3:]])]
    reads[3] = replace(reads[3], image=None, picture="")
    alone = [condition_embeddings([read], encoders())["image"] for read in reads]
    seen = SeenImages(encoders().image)
    together = condition_embeddings(reads, replace(encoders(), image=seen))["image"]
    assert seen.count == 2
    assert np.array_equal(together, np.concatenate(alone))
    assert not together[3].any()


def only(out: Path, by: Codec) -> Tensor:
    """The latents' means of a dataset of one sample."""
    cached(out, out / "cache", by)
    return Cache(out / "cache", "train").batch(0, torch.arange(1)).mean[0].float()


def test_stereo_is_mixed_for_a_mono_codec(tmp_path: Path) -> None:
    sound = np.stack([np.full(4000, 0.5), np.full(4000, -0.25)], axis=1)
    out = dataset(tmp_path / "out", train_0=[with_sound(1, sound)])
    assert only(out, Blocks()) == pytest.approx(torch.full((10, 1), 0.125), abs=1e-3)


def test_mono_is_doubled_for_a_stereo_codec(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[with_sound(1, np.full(4000, 0.5))])
    assert only(out, Blocks(channels=2)) == pytest.approx(torch.full((10, 2), 0.5), abs=1e-3)


def test_an_end_that_fills_no_latent_frame_is_left_out(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[with_sound(1, np.ones(4399) / 2)])
    assert only(out, Blocks()).shape == (10, 1)


def test_an_empty_text_is_absent(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(1)])
    (out / "manifest.json").unlink()
    remake(out / TRAIN, lambda name, data: b" \n" if name.endswith("story.txt") else data)
    cached(out, tmp_path / "cache", codec())
    batch = Cache(tmp_path / "cache", "train").everything(0)
    assert batch.present.tolist() == [[True, False, True]]
    assert not batch.embeddings["story"].any()


def spoilt(tar: Path, *keys: str) -> None:
    """Spoil the pictures of samples."""
    bad = {f"{key}.image.jpg" for key in keys}
    remake(tar, lambda name, data: b"no picture" if name in bad else data)


def test_a_sample_that_can_not_be_used_is_named(out: Path, tmp_path: Path) -> None:
    spoilt(out / TRAIN, "k00001")
    manifest = cached(out, tmp_path / "cache", codec())
    assert manifest.bad == {"train-000000: k00001": "its image is no JPEG"}
    assert manifest.clips == {"train": 6, "validation": 2}
    assert cached(out, tmp_path / "cache", codec()) == manifest, "and again when it was kept"


def test_a_sample_without_a_member_is_named(out: Path, tmp_path: Path) -> None:
    remake(out / TRAIN, lambda name, data: None if name == "k00002.music.flac" else data)
    manifest = cached(out, tmp_path / "cache", codec())
    assert manifest.bad == {"train-000000: k00002": "has no music.flac"}


def test_too_short_a_clip_is_named(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(1), with_sound(2, np.ones(399) / 2)])
    manifest = cached(out, tmp_path / "cache", Blocks())
    assert list(manifest.bad.values()) == ["its music is shorter than one latent frame"]


def test_too_many_channels_are_named(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(1), tone(2, channels=4)])
    manifest = cached(out, tmp_path / "cache", Blocks(channels=2))
    assert list(manifest.bad.values()) == ["its music has 4 channels, the codec 2"]


class Overflowing(Blocks):
    """Its latents are too large for a float16 where the sound is loud."""

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = super().encode(sound)
        return 1e6 * mean.round(), std


def test_what_the_codec_can_not_encode_is_named(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(1), with_sound(2, np.ones(8000) * 0.9)])
    manifest = cached(out, tmp_path / "cache", Overflowing())
    assert list(manifest.bad) == ["train-000000: k00002"]


def test_too_many_that_can_not_be_used_stop_it(out: Path, tmp_path: Path) -> None:
    spoilt(out / TRAIN, "k00001", "k00002")
    with pytest.raises(MmussetError, match=r"2 of 9 samples can't be used .*mmusset verify"):
        cached(out, tmp_path / "cache", codec())
    assert not (tmp_path / "cache/manifest.json").exists()


def test_many_stop_it_before_its_end(tmp_path: Path) -> None:
    out = dataset(
        tmp_path / "out", train_0=[tone(n) for n in range(11)], train_1=[tone(n) for n in (11, 12)]
    )
    spoilt(out / TRAIN, *(f"k{n:05d}" for n in range(11)))
    with pytest.raises(MmussetError, match="11 of 11 samples"):
        encode(out, tmp_path / "cache", codec())
    assert not list((tmp_path / "cache").glob("train-*.json")), "nothing is said to be made"


def test_a_shard_that_was_cut_stops_it(out: Path, tmp_path: Path) -> None:
    remake(out / TRAIN, lambda name, data: None if "k00003" in name else data)
    with pytest.raises(MmussetError, match="it holds 3 of 4 samples"):
        cached(out, tmp_path / "cache", codec())


class Unwilling(Blocks):
    """Encodes nothing."""

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        raise AssertionError("it was asked to encode")


def test_what_did_not_change_costs_nothing(out: Path, tmp_path: Path) -> None:
    """Nothing is encoded, and a shard whose size and time are the same is not even read."""
    first = cached(out, tmp_path / "cache", Blocks())
    tar = out / TRAIN
    time_ns, data = tar.stat().st_mtime_ns, tar.read_bytes()
    tar.write_bytes(b"\0" * len(data))
    os.utime(tar, ns=(time_ns, time_ns))
    assert encode(out, tmp_path / "cache", Unwilling()) == 0
    assert finish_cache(str(out), tmp_path / "cache", Unwilling(), encoders()) == first
    tar.write_bytes(data)
    os.utime(tar, ns=(1, 1))
    assert encode(out, tmp_path / "cache", Unwilling()) == 0, "its bytes are the same"


def test_a_damaged_cache_is_mended(out: Path, tmp_path: Path) -> None:
    cached(out, tmp_path / "cache", codec())
    before = tree(tmp_path / "cache")
    path = max((tmp_path / "cache").glob("train-000001*.latents"))
    path.write_bytes(path.read_bytes()[:-1])
    assert encode(out, tmp_path / "cache", codec()) == 3
    assert tree(tmp_path / "cache") == before


def test_what_changed_is_encoded_and_what_is_gone_is_forgotten(out: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cached(out, cache, codec())
    (cache / "notes.txt").write_text("mine")
    (cache / "train-000000.json").write_text("mine too")
    write_shard(out, TRAIN, [tone(n) for n in (11, 12, 13, 14)])
    (out / "data/train-000001.tar").unlink()
    assert encode(out, cache, codec()) == 4
    finish_cache(str(out), cache, codec(), encoders())
    assert Cache(cache, "train").keys(0) == ["k00011", "k00012", "k00013", "k00014"]
    fresh = tmp_path / "fresh"
    cached(out, fresh, codec())
    mine = {"notes.txt", "train-000000.json"}
    assert {k: v for k, v in tree(cache).items() if k not in mine} == tree(fresh)
    assert mine < tree(cache).keys()


def test_another_codecs_rows_are_made_beside_the_first(out: Path, tmp_path: Path) -> None:
    """Until they are whole, the cache is the first's, and no byte of it changed."""
    cache = tmp_path / "cache"
    cached(out, cache, codec())
    before = tree(cache)
    assert encode(out, cache, codec(seed=1)) == 9
    assert before.items() <= tree(cache).items()
    Cache(cache, "train").check()
    assert encode(out, cache, codec()) == 0
    finish_cache(str(out), cache, codec(seed=1), encoders())
    fresh = tmp_path / "fresh"
    cached(out, fresh, codec(seed=1))
    assert tree(cache) == tree(fresh)


def test_two_processes_make_what_one_makes(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(out, tmp_path / "one", codec())
    monkeypatch.setenv("WORLD_SIZE", "2")
    made = 0
    for rank in (1, 0):
        if made:
            with pytest.raises(MmussetError, match="was not encoded yet"):
                finish_cache(str(out), tmp_path / "two", codec(), encoders())
        monkeypatch.setenv("RANK", str(rank))
        made += encode(out, tmp_path / "two", codec(), rank, 2)
    assert made == 9
    finish_cache(str(out), tmp_path / "two", codec(), encoders())
    assert tree(tmp_path / "two") == tree(tmp_path / "one")


@pytest.mark.parametrize("source", ["out/data", "out/data/*.tar", "out/data/train-000000.tar"])
def test_folders_globs_and_single_tars_are_encoded(source: str, out: Path, tmp_path: Path) -> None:
    manifest = cached(str(tmp_path / source), tmp_path / "cache", codec())
    assert sum(manifest.clips.values()) == (9 if "0.tar" not in source else 4)


def test_the_codec_is_fitted_on_the_train_split(out: Path) -> None:
    sounds = [read() for read in training_sounds(str(out), 16000, 1)]
    assert [sound.shape[1] for sound in sounds] == [8000, 12000, 8000, 12000, 8000, 8000, 8000]


def test_the_codec_is_fitted_on_sounds_from_all_over_the_dataset() -> None:
    """Not on the first hour of it: of 1000 minutes every 32nd, and few others are decoded."""
    decoded = []

    def reader(number: int) -> Callable[[], Tensor]:
        def read() -> Tensor:
            decoded.append(number)
            if number == 64:
                raise BadSample("its music does not decode")
            return torch.full((1, 60 * 100 if number else 30), float(number))

        return read

    sounds = collect((reader(number) for number in range(1000)), 100)
    assert [int(sound[0, 0]) for sound in sounds] == [n for n in range(32, 1000, 32) if n != 64]
    assert len(decoded) < 200


def test_nothing_long_enough_to_fit_a_codec_on_is_said() -> None:
    with pytest.raises(MmussetError, match="none of a second or more"):
        collect(iter([lambda: torch.zeros(1, 99)]), 100)


ENCODE = """
import sys
from pathlib import Path
from mmusset.musflow.data.encode import encode_shards, finish_cache
from tests.support.musflow_parts import codec, encoders

source, folder = sys.argv[1], Path(sys.argv[2])
encode_shards(source, folder, codec(), encoders(), lambda done, total: None)
finish_cache(source, folder, codec(), encoders())
"""
FAILPOINTS = [
    "rows_written",
    "rows_renamed:2",
    "cached_renamed:2",
    "manifest_cached_synced",
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("seen_renamed:2", "cached_synced", "manifest_cached_renamed")
    ),
]


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_killed_at_a_named_moment(failpoint: str, out: Path, tmp_path: Path) -> None:
    spoilt(out / TRAIN, "k00001")
    env = environment(failpoint)
    killed = python("-c", ENCODE, out, tmp_path / "cache", server=with_torch, env=env)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    cached(out, tmp_path / "cache", codec())
    cached(out, tmp_path / "undisturbed", codec())
    assert tree(tmp_path / "cache") == tree(tmp_path / "undisturbed")
