"""Writing the cache: rows of a shard, and the manifest over all of them."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mmusset.errors import MmussetError
from mmusset.files import write_durably

from .cache import EMBEDDED, KINDS, About, Bucket, Maker, Manifest, Row, ShardRows, places

MIN_STD = 1e-3
MAX_BAD_SHARE = 0.02  # of a dataset's samples: more is no accident


def rows_name(shard: str, shard_sha256: str, maker_sha256: str) -> str:
    """What the rows are called that a maker makes of a shard's bytes."""
    told = hashlib.sha256(f"{shard_sha256} {maker_sha256}".encode()).hexdigest()
    return f"{Path(shard).stem}-{told[:12]}"


def file_names(name: str, rows: ShardRows) -> set[str]:
    """The files that hold the rows of a shard."""
    kinds = [f"{bucket.latents}.{kind}" for bucket in rows.buckets for kind in KINDS]
    return {f"{name}.{kind}" for kind in ("json", *kinds)}


def write_shard_rows(folder: Path, name: str, about: About, rows: Sequence[Row]) -> ShardRows:
    """Write what was made of a shard; its JSON comes last, so its presence means all is there."""
    made = summary(about, rows)
    for bucket in made.buckets:
        latents, embeddings = _stacked(rows, bucket.latents)
        _write(folder / f"{name}.{bucket.latents}.latents", latents)
        _write(folder / f"{name}.{bucket.latents}.embeddings", embeddings)
    data = made.model_dump_json().encode()
    write_durably(folder / f"{name}.json", lambda file: file.write(data), "cached")
    return made


def summary(about: About, rows: Sequence[Row]) -> ShardRows:
    """What is to be known of rows, but for their numbers."""
    by_length: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_length[row.latents.shape[1]].append(row)
    buckets = []
    for length, same in sorted(by_length.items()):
        latents, embeddings = _stacked(same, length)
        mean, std = latents[:, 0].astype(np.float64), latents[:, 1].astype(np.float64)
        buckets.append(
            Bucket(
                latents=length,
                keys=tuple(row.key for row in same),
                total=tuple(mean.sum(axis=(0, 1))),
                squares=tuple((np.square(mean) + np.square(std)).sum(axis=(0, 1))),
                latents_sha256=hashlib.sha256(latents.data).hexdigest(),
                embeddings_sha256=hashlib.sha256(embeddings.data).hexdigest(),
            )
        )
    wide = np.array([_joined(row) for row in rows], dtype=np.float64)
    return ShardRows(
        about=about,
        buckets=tuple(buckets),
        embedding_total=tuple(wide.sum(axis=0)) if rows else (),
        embedding_squares=tuple(np.square(wide).sum(axis=0)) if rows else (),
    )


def manifest_of(maker: Maker, shards: Mapping[str, ShardRows]) -> Manifest:
    """A whole cache, by the names of its rows.

    Raises MmussetError where nothing is there to train on, or too much could not be used.
    """
    clips: defaultdict[str, int] = defaultdict(int)
    for rows in shards.values():
        clips[rows.about.split] += rows.count
    bad = {
        f"{name.rpartition('-')[0]}: {key}": why
        for name, rows in sorted(shards.items())
        for key, why in rows.about.bad.items()
    }
    check_bad(bad, sum(clips.values()))
    train = [rows for rows in shards.values() if rows.about.split == "train" and rows.buckets]
    if not train:
        raise MmussetError("no accepted samples to train on: the train split is empty")
    buckets = [bucket for rows in train for bucket in rows.buckets]
    mean, std = _scale(
        np.sum([bucket.total for bucket in buckets], axis=0),
        np.sum([bucket.squares for bucket in buckets], axis=0),
        sum(bucket.latents * len(bucket.keys) for bucket in buckets),
    )
    embedding_mean, embedding_std = _scale(
        np.sum([rows.embedding_total for rows in train], axis=0),
        np.sum([rows.embedding_squares for rows in train], axis=0),
        clips["train"],
    )
    return Manifest(
        maker=maker,
        latent_mean=tuple(mean),
        latent_std=tuple(np.maximum(std, MIN_STD)),
        embedding_mean=tuple(embedding_mean),
        embedding_scale={
            name: max(float(np.sqrt(np.square(embedding_std[place]).mean())), 1e-6)
            for name, place in places(maker).items()
        },
        shards=tuple(sorted(shards)),
        clips=dict(clips),
        bad=bad,
    )


def check_bad(bad: Mapping[str, str], good: int, allowed: int = 1) -> None:
    """Raises MmussetError where more samples than `allowed`, and too many, can't be used."""
    if len(bad) > max(allowed, MAX_BAD_SHARE * (good + len(bad))):
        told = "; ".join(f"{where}: {why}" for where, why in list(bad.items())[:3])
        raise MmussetError(
            f"{len(bad)} of {good + len(bad)} samples can't be used ({told});"
            " `mmusset verify` tells what is wrong with a dataset"
        )


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Note the whole of a cache."""
    data = manifest.model_dump_json(indent=1).encode()
    write_durably(folder / "manifest.json", lambda file: file.write(data), "manifest_cached")


def _stacked(rows: Sequence[Row], length: int) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """Latents `[N, 2, T, C]` and embeddings `[N, E]` of the rows of a length."""
    same = [row for row in rows if row.latents.shape[1] == length]
    return np.stack([row.latents for row in same]), np.stack([_joined(row) for row in same])


def _joined(row: Row) -> NDArray[np.float32]:
    return np.concatenate([row.embeddings[name] for name in EMBEDDED])


def _scale(
    total: NDArray[np.float64], squares: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - np.square(mean), 0))


def _write(path: Path, rows: NDArray[np.floating]) -> None:
    write_durably(path, partial(_dump, rows), "rows")


def _dump(rows: NDArray[np.floating], file: BinaryIO) -> None:
    file.write(np.ascontiguousarray(rows).data)
