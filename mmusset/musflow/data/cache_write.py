"""Writing the cache: rows of a shard, and the manifest over all of them."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mmusset.errors import MmussetError
from mmusset.files import write_bytes_durably, write_durably
from mmusset.musflow.recipe import EMBEDDED

from .cache import (
    Bucket,
    CacheManifest,
    EncodedClip,
    EncodedShard,
    LatentSpec,
    ShardInfo,
    columns_of,
)

Floats = NDArray[np.float64]
MIN_STD = 1e-3
MAX_BAD_SHARE = 0.02  # of a dataset's samples: more of them point to a fault in the dataset


def rows_name(shard: str, shard_sha256: str, spec_sha256: str) -> str:
    """The name of the rows of a shard's bytes under a spec."""
    digest = hashlib.sha256(f"{shard_sha256} {spec_sha256}".encode()).hexdigest()
    return f"{Path(shard).stem}-{digest[:12]}"


def file_names(name: str, rows: EncodedShard) -> set[str]:
    """The files that hold the rows of a shard."""
    kinds = [f"{bucket.latents}.{kind}" for bucket in rows.buckets for kind in bucket.kinds]
    return {f"{name}.{kind}" for kind in ("json", *kinds)}


def write_encoded_shard(
    folder: Path, name: str, info: ShardInfo, rows: Sequence[EncodedClip]
) -> EncodedShard:
    """Write a shard's rows; the JSON index comes last, so its presence means all is there."""
    index = index_of(info, rows)
    for bucket in index.buckets:
        latents, embeddings = _stacked(rows, bucket.latents)
        _write(folder / f"{name}.{bucket.latents}.latents", latents)
        _write(folder / f"{name}.{bucket.latents}.embeddings", embeddings)
        if bucket.video:
            _write(folder / f"{name}.{bucket.latents}.video", _video(rows, bucket.latents))
    data = index.model_dump_json().encode()
    write_bytes_durably(folder / f"{name}.json", data, "cached")
    return index


def index_of(info: ShardInfo, rows: Sequence[EncodedClip]) -> EncodedShard:
    """The index of a shard's rows: keys, sums and hashes."""
    by_length: defaultdict[int, list[EncodedClip]] = defaultdict(list)
    for row in rows:
        by_length[row.latents.shape[2]].append(row)
    buckets = []
    for length, same in sorted(by_length.items()):
        latents, embeddings = _stacked(same, length)
        moments = np.moveaxis(latents, 2, 0).astype(np.float64)
        video = _video(same, length)
        buckets.append(
            Bucket(
                latents=length,
                moments=len(moments),
                keys=tuple(row.key for row in same),
                kin=tuple(row.kin for row in same),
                beats=tuple(row.beat for row in same),
                total=tuple(moments[0].sum(axis=(0, 1, 2))),
                squares=tuple(np.square(moments).sum(axis=(0, 1, 2, 3))),
                latents_sha256=hashlib.sha256(latents.data).hexdigest(),
                embeddings_sha256=hashlib.sha256(embeddings.data).hexdigest(),
                video=video.shape[1],
                video_frames=sum(len(row.video) for row in same),
                video_sha256=hashlib.sha256(video.data).hexdigest() if video.shape[1] else "",
            )
        )
    wide = [[np.atleast_2d(row.embeddings[name]) for name in EMBEDDED] for row in rows]
    return EncodedShard(
        info=info,
        buckets=tuple(buckets),
        embedding_total=tuple(_summed(wide)) if rows else (),
        embedding_squares=tuple(_summed(wide, np.square)) if rows else (),
        absent=_absent(rows),
    )


def _absent(rows: Sequence[EncodedClip]) -> dict[str, int]:
    """How many rows lack each embedding that any lacks: it is 0 there."""
    counts = {name: sum(not row.embeddings[name].any() for row in rows) for name in EMBEDDED}
    return {name: count for name, count in counts.items() if count}


def manifest_of(spec: LatentSpec, shards: Mapping[str, EncodedShard]) -> CacheManifest:
    """The manifest of a whole cache, from the indexes of its shards by name.

    Raises MmussetError where there is nothing to train on, or too many samples could not be used.
    """
    clips: defaultdict[str, int] = defaultdict(int)
    for rows in shards.values():
        clips[rows.info.split] += rows.count
    bad = {
        f"{name.rpartition('-')[0]}: {key}": why
        for name, rows in sorted(shards.items())
        for key, why in rows.info.bad.items()
    }
    check_bad(bad, sum(clips.values()))
    train = [rows for rows in shards.values() if rows.info.split == "train" and rows.buckets]
    if not train:
        raise MmussetError("no accepted samples to train on: the train split is empty")
    buckets = [bucket for rows in train for bucket in rows.buckets]
    mean, std = _scale(
        np.sum([bucket.total for bucket in buckets], axis=0),
        np.sum([bucket.squares for bucket in buckets], axis=0),
        spec.shifts * sum(bucket.latents * len(bucket.keys) for bucket in buckets),
    )
    embedding_mean, embedding_std = _scale(
        np.sum([rows.embedding_total for rows in train], axis=0),
        np.sum([rows.embedding_squares for rows in train], axis=0),
        _present(spec, train),
    )
    return CacheManifest(
        spec=spec,
        latent_mean=tuple(mean),
        latent_std=tuple(np.maximum(std, MIN_STD)),
        embedding_mean=tuple(embedding_mean),
        embedding_scale={
            name: max(float(np.sqrt(np.square(embedding_std[columns]).mean())), 1e-6)
            for name, columns in columns_of(spec.widths).items()
        },
        shards=tuple(sorted(shards)),
        clips=dict(clips),
        bad=bad,
        stood_in=sum(rows.info.stood_in for rows in shards.values()),
        video_frames=sum(bucket.video_frames for bucket in buckets),
    )


def _present(spec: LatentSpec, train: Sequence[EncodedShard]) -> NDArray[np.int64]:
    """How many rows have the embedding of each column; 1 where none has, which sums to 0."""
    clips = sum(rows.count for rows in train)
    present = [clips - sum(rows.absent.get(name, 0) for rows in train) for name in EMBEDDED]
    return np.repeat(np.maximum(present, 1), [spec.widths[name] for name in EMBEDDED])


def check_bad(bad: Mapping[str, str], usable: int, allowed: int = 1) -> None:
    """Raises MmussetError where more than `allowed` and more than MAX_BAD_SHARE of all samples
    can't be used."""
    if len(bad) > max(allowed, MAX_BAD_SHARE * (usable + len(bad))):
        examples = "; ".join(f"{where}: {why}" for where, why in list(bad.items())[:3])
        raise MmussetError(
            f"{len(bad)} of {usable + len(bad)} samples can't be used ({examples});"
            " `mmusset verify` tells what is wrong with a dataset"
        )


def save_manifest(folder: Path, manifest: CacheManifest) -> None:
    """Write a cache's manifest.json."""
    data = manifest.model_dump_json(indent=1).encode()
    write_bytes_durably(folder / "manifest.json", data, "manifest_cached")


def _stacked(
    rows: Sequence[EncodedClip], length: int
) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """Latents `[N, K, 1 or 2, T, C]` and embeddings `[N, E]` of the rows of a length."""
    same = [row for row in rows if row.latents.shape[2] == length]
    return np.stack([row.latents for row in same]), np.stack([_joined(row) for row in same])


def _video(rows: Sequence[EncodedClip], length: int) -> NDArray[np.float16]:
    """Embeddings of frames `[N, S, W]` of the rows of a length, 0 where a row has fewer."""
    same = [row.video for row in rows if row.latents.shape[2] == length]
    seconds, width = (max(each.shape[axis] for each in same) for axis in (0, 1))
    video = np.zeros((len(same), seconds, width), np.float16)
    for place, each in zip(video, same, strict=True):
        place[: len(each), : each.shape[1]] = each
    return video


def _joined(row: EncodedClip) -> NDArray[np.float32]:
    return np.concatenate([row.embeddings[name].ravel() for name in EMBEDDED])


def _summed(
    rows: Sequence[Sequence[NDArray[np.float32]]], of: Callable[[Floats], Floats] = np.positive
) -> Floats:
    """Embeddings `[F, W]` side by side, `of` each of them summed; several captions of a sample
    count as one, their mean."""
    means = [[of(part.astype(np.float64)).mean(axis=0) for part in row] for row in rows]
    return np.array([np.concatenate(row) for row in means]).sum(axis=0)


def _scale(
    total: NDArray[np.float64], squares: NDArray[np.float64], count: int | NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - np.square(mean), 0))


def _write(path: Path, rows: NDArray[np.floating]) -> None:
    write_durably(path, partial(_dump, rows), "rows")


def _dump(rows: NDArray[np.floating], file: BinaryIO) -> None:
    file.write(np.ascontiguousarray(rows).data)
