"""The cache gives the rows that were written, whatever their order, and knows damage."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmusset.errors import MmussetError, Refused
from mmusset.musflow.data.beat import Beat
from mmusset.musflow.data.cache import (
    Cache,
    EncodedClip,
    LatentBatch,
    LatentSpec,
    ShardInfo,
    columns_of,
    read_manifest,
    sha256_of,
)
from mmusset.musflow.data.cache_write import (
    index_of,
    manifest_of,
    rows_name,
    save_manifest,
    write_encoded_shard,
)
from mmusset.musflow.model.kin import are_kin
from mmusset.musflow.recipe import EMBEDDED, MODALITIES

WIDTHS = {"image": 2, "story": 3, "caption": 1, "audio": 4}
CHANNELS = 5


def spec(codec: str = "codec/1") -> LatentSpec:
    return LatentSpec(
        codec=codec,
        encoders=dict.fromkeys(EMBEDDED, "encoder/1"),
        widths=WIDTHS,
        rate_hz=16000,
        channels=1,
        latent_channels=CHANNELS,
        samples_per_latent=512,
    )


def row(number: int, length: int) -> EncodedClip:
    """Row `number`, its numbers drawn from it; two in turn are of one piece."""
    random = np.random.default_rng(number)
    return EncodedClip(
        f"k{number}",
        random.normal(size=(1, 2, length, CHANNELS)).astype(np.float16),
        {name: random.normal(size=width).astype(np.float32) for name, width in WIDTHS.items()},
        (f"piece {number // 2}", f"picture {number}"),
        Beat(90.0 + number, 0.25, 0.5),
    )


SHARDS = {
    "train-000000": [row(0, 8), row(1, 6), row(2, 8), row(3, 8)],
    "train-000001": [row(4, 6), row(5, 6)],
    "train-000002": [],
    "train-000003": [row(6, 8), row(7, 8)],
    "validation-000000": [row(8, 8)],
}


def seen(number: int, seconds: int) -> EncodedClip:
    """A row of 8 latents whose clip has a video of so many seconds."""
    random = np.random.default_rng(number)
    video = random.normal(size=(seconds, WIDTHS["image"])).astype(np.float32)
    return replace(row(number, 8), video=video)


def test_a_video_comes_back_second_by_second(tmp_path: Path) -> None:
    rows = [row(0, 8), seen(1, 3), seen(2, 2)]
    by = spec().model_copy(update={"samples_per_latent": 8000})  # 8 of them are 4 s
    about = ShardInfo(spec_sha256=sha256_of(by), split="train", shard_sha256="x", bad={})
    index = write_encoded_shard(tmp_path, "train-x", about, rows)
    save_manifest(tmp_path, manifest_of(by, {"train-x": index}))
    cache = Cache(tmp_path, "train", by)
    assert cache.manifest.video_frames == 5
    batch = cache.batch(0, torch.tensor([2, 0, 1]))
    assert batch.video is not None
    assert batch.video_present.tolist() == [True, False, True]
    for place, number in ((0, 2), (2, 1)):
        shown = batch.video.embeddings[place][: len(rows[number].video)]
        assert torch.allclose(shown, torch.from_numpy(rows[number].video), atol=1e-3)
    assert cache.batch(0, torch.tensor([0])).video is None
    (tmp_path / "train-x.8.video").write_bytes(bytes(3 * 3 * WIDTHS["image"] * 2))
    with pytest.raises(MmussetError, match=r"8.video is damaged"):
        Cache(tmp_path, "train", by).check()


def test_rows_of_stills_are_as_they_were(tmp_path: Path) -> None:
    cache = Cache(written(tmp_path), "train")
    assert not list(tmp_path.glob("*.video"))
    assert cache.manifest.video_frames == 0
    assert cache.batch(0, torch.tensor([0])).video is None


def written(folder: Path, by: LatentSpec | None = None) -> Path:
    """A cache of SHARDS."""
    folder.mkdir(exist_ok=True)
    by, whole = by or spec(), {}
    for name, rows in SHARDS.items():
        about = ShardInfo(
            spec_sha256=sha256_of(by), split=name.split("-")[0], shard_sha256=name, bad={}
        )
        stem = rows_name(f"data/{name}.tar", name, sha256_of(by))
        whole[stem] = write_encoded_shard(folder, stem, about, rows)
    save_manifest(folder, manifest_of(by, whole))
    return folder


def check(batch: LatentBatch, numbers: list[int], share: slice = slice(None)) -> None:
    """Whether a batch holds these rows, with the latents of a share."""
    rows = [next(r for rows in SHARDS.values() for r in rows if r.key == f"k{n}") for n in numbers]
    assert batch.keys == tuple(r.key for r in rows)
    for name in EMBEDDED:
        expected = np.array([r.embeddings[name] for r in rows])
        assert np.array_equal(batch.embeddings[name].numpy(), expected)
        assert batch.embeddings[name].is_contiguous()
    latents = np.array([r.latents[0] for r in rows[share]], np.float16)
    latents = latents.reshape(-1, *rows[0].latents.shape[1:])
    assert batch.std is not None
    assert batch.mean.dtype == batch.std.dtype == torch.float16
    assert np.array_equal(batch.mean.numpy(), latents[:, 0])
    assert np.array_equal(batch.std.numpy(), latents[:, 1])
    assert batch.mean.is_contiguous() and batch.std.is_contiguous()
    assert torch.equal(batch.beat, torch.tensor([r.beat for r in rows]))
    assert are_kin(batch.kin).tolist() == [[n // 2 == m // 2 for m in numbers] for n in numbers]
    assert batch.share == share


def test_a_bucket_holds_the_clips_of_one_length(tmp_path: Path) -> None:
    cache = Cache(written(tmp_path), "train")
    assert (cache.lengths, cache.counts) == ((6, 8), (3, 5))
    assert cache.keys(0) == ["k1", "k4", "k5"]
    assert cache.keys(1) == ["k0", "k2", "k3", "k6", "k7"]
    assert Cache(tmp_path, "validation").keys(0) == ["k8"]
    assert Cache(tmp_path, "test").counts == ()


@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4], [4, 0, 3], [2, 2, 0, 2], [3]])
def test_rows_come_in_the_order_that_is_asked(rows: list[int], tmp_path: Path) -> None:
    cache = Cache(written(tmp_path), "train")
    numbers = [0, 2, 3, 6, 7]
    check(cache.batch(1, torch.tensor(rows)), [numbers[row] for row in rows])


def test_processes_share_the_latents_and_see_all_embeddings(tmp_path: Path) -> None:
    cache = Cache(written(tmp_path), "train")
    rows, numbers = torch.tensor([4, 1, 0, 2]), [7, 2, 0, 3]
    for rank in range(2):
        share = slice(rank, None, 2)
        batch = cache.batch(1, rows, share)
        check(batch, numbers, share)
        assert len(batch.mean) == 2 and len(batch.keys) == 4


def test_everything_is_all_embeddings_and_no_latents(tmp_path: Path) -> None:
    batch = Cache(written(tmp_path), "train").everything(0)
    check(batch, [1, 4, 5], slice(0))
    assert batch.mean.shape == (0, 6, CHANNELS)


def test_an_embedding_of_zeros_is_absent(tmp_path: Path) -> None:
    silent = row(9, 6)
    silent.embeddings["story"][:] = 0
    about = ShardInfo(spec_sha256=sha256_of(spec()), split="train", shard_sha256="1", bad={})
    rows = write_encoded_shard(tmp_path, "train-000000-0", about, [row(1, 6), silent])
    save_manifest(tmp_path, manifest_of(spec(), {"train-000000-0": rows}))
    present = Cache(tmp_path, "train").everything(0).present
    assert present.tolist() == [[True, True, True], [True, False, True]]


def test_music_alone_leaves_the_scale_of_pictures_and_texts(tmp_path: Path) -> None:
    """And a cache without any is written as it was before there was such music."""
    whole = [row(n, 6) for n in range(4)]
    alone = [row(n, 6) for n in range(4, 9)]
    for each in alone:
        for name in MODALITIES:
            each.embeddings[name][:] = 0
    about = ShardInfo(spec_sha256=sha256_of(spec()), split="train", shard_sha256="1", bad={})
    first, both = index_of(about, whole), index_of(about, whole + alone)
    assert "absent" not in first.model_dump()
    before = manifest_of(spec(), {"train": first})
    for shards in ({"train": both}, {"train": first, "alone": index_of(about, alone)}):
        manifest = manifest_of(spec(), shards)
        for name in MODALITIES:
            columns = columns_of(WIDTHS)[name]
            assert manifest.embedding_mean[columns] == before.embedding_mean[columns]
            assert manifest.embedding_scale[name] == before.embedding_scale[name]
        heard = np.array([each.embeddings["audio"] for each in whole + alone], np.float64)
        place = columns_of(WIDTHS)["audio"]
        assert manifest.embedding_mean[place] == pytest.approx(heard.mean(axis=0))
    assert both.absent == dict.fromkeys(MODALITIES, len(alone))


def test_a_codec_without_deviations_costs_half(tmp_path: Path) -> None:
    rows = [replace(row(n, 6), latents=row(n, 6).latents[:, :1]) for n in range(3)]
    about = ShardInfo(spec_sha256=sha256_of(spec()), split="train", shard_sha256="1", bad={})
    index = write_encoded_shard(tmp_path, "train-000000-0", about, rows)
    save_manifest(tmp_path, manifest_of(spec(), {"train-000000-0": index}))
    cache = Cache(tmp_path, "train")
    cache.check()
    batch = cache.batch(0, torch.tensor([2, 0]))
    assert batch.std is None
    assert np.array_equal(batch.mean.numpy(), [rows[2].latents[0, 0], rows[0].latents[0, 0]])
    assert cache.everything(0).mean.shape == (0, 6, CHANNELS)
    means = np.concatenate([r.latents[0, 0] for r in rows]).astype(np.float64)
    assert cache.manifest.latent_std == pytest.approx(means.std(axis=0))


def test_a_batch_can_be_changed_and_the_cache_can_not(tmp_path: Path) -> None:
    cache = Cache(written(tmp_path), "train")
    batch = cache.batch(0, torch.arange(3))
    batch.mean.zero_()
    batch.embeddings["audio"].zero_()
    check(cache.batch(0, torch.arange(3)), [1, 4, 5])


def test_a_cache_of_another_codec_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    Cache(tmp_path, "train", spec())
    with pytest.raises(Refused, match=r"they differ in codec; run `mmusset encode`"):
        Cache(tmp_path, "train", spec("codec/2"))
    other = spec().model_copy(update={"encoders": spec().encoders | {"image": "clip"}})
    with pytest.raises(Refused, match="they differ in encoders;"):
        Cache(tmp_path, "train", other)


def test_rows_of_another_codec_are_not_taken_for_the_caches(tmp_path: Path) -> None:
    written(tmp_path)
    one, other = tmp_path / "one", tmp_path / "other"
    name = read_manifest(written(one)).shards[0]
    theirs = read_manifest(written(other, spec("codec/2"))).shards[0]
    assert name != theirs
    (one / f"{name}.json").write_bytes((other / f"{theirs}.json").read_bytes())
    with pytest.raises(MmussetError, match="damaged or by another codec"):
        Cache(one, "train")


@pytest.mark.parametrize("kind", ["latents", "embeddings", "json"])
def test_a_file_that_was_cut_or_is_gone_is_damage(kind: str, tmp_path: Path) -> None:
    path = max(written(tmp_path).glob(f"train-000001*.{kind}"))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(MmussetError, match=r"train-000001-\w+\.\* is damaged"):
        Cache(tmp_path, "train")
    path.unlink()
    with pytest.raises(MmussetError, match="is damaged"):
        Cache(tmp_path, "train")


@pytest.mark.parametrize("kind", ["latents", "embeddings"])
def test_bytes_that_changed_are_found_by_a_check(kind: str, tmp_path: Path) -> None:
    cache = Cache(written(tmp_path), "train")
    cache.check()
    path = next(tmp_path.glob(f"train-000001*.6.{kind}"))
    data = bytearray(path.read_bytes())
    data[7] ^= 1
    path.write_bytes(data)
    with pytest.raises(MmussetError, match=rf"6\.{kind} is damaged; delete it"):
        Cache(tmp_path, "train").check()


def test_no_cache_is_said(tmp_path: Path) -> None:
    with pytest.raises(MmussetError, match="no whole cache"):
        Cache(tmp_path, "train")
