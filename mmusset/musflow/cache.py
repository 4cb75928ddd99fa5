"""The cache: what encode made of each shard, as rows that training maps into memory.

For a shard and a length in latent frames two files hold the rows, in the shard's order:
`.latents`, float16 `[N, 2, T, C]` (mean and standard deviation), and `.embeddings`,
float32 `[N, E]` (image, story, caption, audio side by side). A JSON file beside them,
written last, says that they are whole and what they are of. `manifest.json` says which
codec and encoders made all of it, and holds the statistics of the whole training set.
"""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor

from mmusset.errors import MmussetError, Refused
from mmusset.sample import Frozen
from mmusset.shards.durable import write_durably

from .recipe import MODALITIES

EMBEDDED = (*MODALITIES, "audio")
MIN_STD = 1e-3


class Maker(Frozen):
    """Who makes the rows of a cache: all of it has one maker."""

    codec: str  # identity of the weights and settings
    encoders: dict[str, str]
    widths: dict[str, int]
    rate_hz: int
    channels: int
    latent_channels: int
    samples_per_latent: int


class Bucket(Frozen):
    """The rows of one length in a shard."""

    latents: int
    keys: tuple[str, ...]
    total: tuple[float, ...]  # of the latents' means, by channel
    squares: tuple[float, ...]


class About(Frozen):
    """What the rows of a shard are of, and which of its samples could not be used, and why."""

    maker_sha256: str
    split: str
    shard_sha256: str
    bad: dict[str, str]


class ShardRows(Frozen):
    """What was made of one shard."""

    about: About
    buckets: tuple[Bucket, ...]
    embedding_total: tuple[float, ...]
    embedding_squares: tuple[float, ...]


class Manifest(Frozen):
    """What a whole cache is of, and the scale of its training split."""

    maker: Maker
    latent_mean: tuple[float, ...]
    latent_std: tuple[float, ...]
    embedding_mean: tuple[float, ...]
    embedding_scale: dict[str, float]  # root of the mean square about the mean, over all channels
    shards: tuple[str, ...]
    clips: dict[str, int]  # by split
    bad: dict[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """What encode gives for one sample: latents `[2, T, C]` and embeddings by name `[W]`."""

    key: str
    latents: NDArray[np.float16]
    embeddings: dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one length: latents `[B, T, C]`, embeddings `[B, W]`; `present` `[B, M]`."""

    keys: tuple[str, ...]
    mean: Tensor
    std: Tensor
    embeddings: dict[str, Tensor]
    present: Tensor


def sha256_of(part: Frozen) -> str:
    """A hash of a pydantic value."""
    text = json.dumps(part.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_shard_rows(folder: Path, shard: str, about: About, rows: list[Row]) -> None:
    """Write what was made of a shard; its JSON comes last, so its presence means all is there."""
    by_length: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_length[row.latents.shape[1]].append(row)
    buckets = []
    whole = np.stack([_joined(row) for row in rows]) if rows else np.zeros((0, 0), np.float32)
    for latents, same in sorted(by_length.items()):
        stacked = np.stack([row.latents for row in same])
        joined = np.stack([_joined(row) for row in same])
        _write(folder / f"{shard}.{latents}.latents", stacked)
        _write(folder / f"{shard}.{latents}.embeddings", joined)
        means = stacked[:, 0].astype(np.float64)
        buckets.append(
            Bucket(
                latents=latents,
                keys=tuple(row.key for row in same),
                total=tuple(means.sum(axis=(0, 1))),
                squares=tuple(np.square(means).sum(axis=(0, 1))),
            )
        )
    wide = whole.astype(np.float64)
    made = ShardRows(
        about=about,
        buckets=tuple(buckets),
        embedding_total=tuple(wide.sum(axis=0)),
        embedding_squares=tuple(np.square(wide).sum(axis=0)),
    )
    data = made.model_dump_json().encode()
    write_durably(folder / f"{shard}.json", lambda file: file.write(data), "cached")


def read_shard_rows(folder: Path, shard: str) -> ShardRows | None:
    """What was made of a shard; None where that is not there or not whole."""
    try:
        return ShardRows.model_validate_json((folder / f"{shard}.json").read_bytes())
    except (OSError, ValidationError):
        return None


def write_manifest(folder: Path, maker: Maker, shards: dict[str, ShardRows]) -> Manifest:
    """Note the whole of a cache. Raises MmussetError where nothing is there to train on."""
    train = [rows for rows in shards.values() if rows.about.split == "train" and rows.buckets]
    clips: defaultdict[str, int] = defaultdict(int)
    for rows in shards.values():
        clips[rows.about.split] += sum(len(bucket.keys) for bucket in rows.buckets)
    if not train:
        raise MmussetError("no accepted samples to train on: the train split is empty")
    buckets = [bucket for rows in train for bucket in rows.buckets]
    frames = sum(bucket.latents * len(bucket.keys) for bucket in buckets)
    mean, std = _scale(
        np.sum([bucket.total for bucket in buckets], axis=0),
        np.sum([bucket.squares for bucket in buckets], axis=0),
        frames,
    )
    embedding_mean, embedding_std = _scale(
        np.sum([rows.embedding_total for rows in train], axis=0),
        np.sum([rows.embedding_squares for rows in train], axis=0),
        clips["train"],
    )
    places = _places(maker)
    manifest = Manifest(
        maker=maker,
        latent_mean=tuple(mean),
        latent_std=tuple(np.maximum(std, MIN_STD)),
        embedding_mean=tuple(embedding_mean),
        embedding_scale={
            name: max(float(np.sqrt(np.square(embedding_std[place]).mean())), 1e-6)
            for name, place in places.items()
        },
        shards=tuple(sorted(shards)),
        clips=dict(clips),
        bad={where: why for rows in shards.values() for where, why in rows.about.bad.items()},
    )
    data = manifest.model_dump_json(indent=1).encode()
    write_durably(folder / "manifest.json", lambda file: file.write(data), "manifest_cached")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Raises MmussetError where there is none."""
    try:
        return Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    except (OSError, ValidationError):
        raise MmussetError(f"no whole cache in {folder}; `mmusset encode` makes it") from None


class Cache:
    """The rows of one split, by length."""

    def __init__(self, folder: Path, split: str) -> None:
        """Raises MmussetError where the cache is not whole, Refused where it is of two makers."""
        self.manifest = read_manifest(folder)
        self._places = _places(self.manifest.maker)
        wanted = sha256_of(self.manifest.maker)
        self._files: dict[int, list[_Rows]] = defaultdict(list)
        for shard in self.manifest.shards:
            rows = read_shard_rows(folder, shard)
            if rows is None or rows.about.maker_sha256 != wanted:
                raise Refused(
                    f"{folder / shard}.json is missing or was made with another codec or other"
                    " encoders; run `mmusset encode` again"
                )
            for bucket in rows.buckets if rows.about.split == split else ():
                self._files[bucket.latents].append(_Rows(folder, shard, bucket, self.manifest))
        self.lengths = tuple(sorted(self._files))
        self.counts = tuple(
            sum(len(rows.keys) for rows in self._files[length]) for length in self.lengths
        )
        """Rows of each length of `lengths`."""

    def batch(self, bucket: int, rows: Tensor) -> Batch:
        """Rows of bucket number `bucket`, read in the order of the file, given in that asked."""
        files = self._files[self.lengths[bucket]]
        starts = np.cumsum([0] + [len(file.keys) for file in files])
        wanted = rows.numpy()
        latents, embeddings, keys = _gather(files, starts, wanted)
        told = torch.from_numpy(embeddings)
        parts = {name: told[:, place] for name, place in self._places.items()}
        present = torch.stack([(parts[name] != 0).any(dim=1) for name in MODALITIES], dim=1)
        mean, std = torch.from_numpy(latents).float().unbind(dim=1)
        return Batch(tuple(keys), mean, std, parts, present)

    def everything(self, bucket: int) -> Batch:
        """All rows of a bucket."""
        return self.batch(bucket, torch.arange(self.counts[bucket]))

    def keys(self, bucket: int) -> list[str]:
        """The keys of a bucket's rows."""
        return [key for file in self._files[self.lengths[bucket]] for key in file.keys]


class _Rows:
    """One bucket of one shard, mapped. Raises MmussetError where a file has another size."""

    def __init__(self, folder: Path, shard: str, bucket: Bucket, manifest: Manifest) -> None:
        self.keys = bucket.keys
        maker, count = manifest.maker, len(bucket.keys)
        shape = (count, 2, bucket.latents, maker.latent_channels)
        name = folder / f"{shard}.{bucket.latents}"
        try:
            self.latents = np.memmap(f"{name}.latents", np.float16, "r", shape=shape)
            width = sum(maker.widths.values())
            self.embeddings = np.memmap(f"{name}.embeddings", np.float32, "r", shape=(count, width))
        except (OSError, ValueError):
            raise MmussetError(f"{name}.* is damaged; delete it and run `mmusset encode`") from None


def _gather(
    files: list[_Rows], starts: NDArray[np.int64], wanted: NDArray[np.int64]
) -> tuple[NDArray[np.float16], NDArray[np.float32], list[str]]:
    """Rows `wanted`, each file read from its start to its end."""
    latents = np.empty((len(wanted), *files[0].latents.shape[1:]), np.float16)
    embeddings = np.empty((len(wanted), files[0].embeddings.shape[1]), np.float32)
    keys = [""] * len(wanted)
    order = np.argsort(wanted, kind="stable")
    of_file = np.searchsorted(starts, wanted[order], side="right") - 1
    for place, number in zip(order, of_file, strict=True):
        row = wanted[place] - starts[number]
        latents[place] = files[number].latents[row]
        embeddings[place] = files[number].embeddings[row]
        keys[place] = files[number].keys[row]
    return latents, embeddings, keys


def _joined(row: Row) -> NDArray[np.float32]:
    return np.concatenate([row.embeddings[name] for name in EMBEDDED])


def _places(maker: Maker) -> dict[str, slice]:
    """Where each embedding stands in a row."""
    ends = np.cumsum([maker.widths[name] for name in EMBEDDED])
    return {
        name: slice(int(end) - maker.widths[name], int(end))
        for name, end in zip(EMBEDDED, ends, strict=True)
    }


def _scale(
    total: NDArray[np.float64], squares: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - np.square(mean), 0))


def _write(path: Path, rows: NDArray[np.floating]) -> None:
    write_durably(path, partial(_dump, rows), "rows")


def _dump(rows: NDArray[np.floating], file: BinaryIO) -> None:
    file.write(np.ascontiguousarray(rows).data)
