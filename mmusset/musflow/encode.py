"""Encode: shards become a cache of latents and embeddings.

One shard after the other: what was made before of the same bytes by the same codec and
encoders stays, so a killed run goes on, and new shards cost only themselves.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmusset.errors import MmussetError, UsageError
from mmusset.shards.tar import file_sha256

from .cache import (
    EMBEDDED,
    About,
    Maker,
    Manifest,
    Row,
    ShardRows,
    read_shard_rows,
    sha256_of,
    write_manifest,
    write_shard_rows,
)
from .codec import Codec
from .encoders import Encoders
from .reader import (
    HUB,
    BadSample,
    Quarantine,
    Read,
    hub_sha256,
    listed_samples,
    samples,
    shards_of,
    split_of,
)

BATCH = 8
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """How encode went: clips made now, and those that were there."""

    manifest: Manifest
    made: int
    kept: int


def encode(
    source: str,
    folder: Path,
    codec: Codec,
    encoders: Encoders,
    told: Callable[[int, int], None],
    device: str = "cpu",
) -> Encoded:
    """Bring the cache in `folder` up to the shards of `source`.

    `told` hears how many shards are done, of how many. Raises MmussetError where shards are
    broken, of too low a rate, or hold nothing to train on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    maker = maker_of(codec, encoders)
    shards = shards_of(source)
    expected = listed_samples(source)
    made = kept = 0
    whole: dict[str, ShardRows] = {}
    for done, shard in enumerate(shards):
        told(done, len(shards))
        sha256 = hub_sha256(shard) if shard.startswith(HUB) else file_sha256(Path(shard))
        name = f"{Path(shard).stem}-{sha256[:12]}"
        there = read_shard_rows(folder, name)
        if there is None or there.about.maker_sha256 != sha256_of(maker):
            quarantine = Quarantine()
            rows = _rows_of(shard, expected, codec, encoders, quarantine, device)
            about = About(
                maker_sha256=sha256_of(maker),
                split=split_of(shard),
                shard_sha256=sha256,
                bad=quarantine.bad,
            )
            write_shard_rows(folder, name, about, rows)
            there = read_shard_rows(folder, name)
            assert there
            made += len(rows)
        else:
            kept += sum(len(bucket.keys) for bucket in there.buckets)
        whole[name] = there
    told(len(shards), len(shards))
    manifest = write_manifest(folder, maker, whole)
    _forget_others(folder, set(whole))
    return Encoded(manifest, made, kept)


def maker_of(codec: Codec, encoders: Encoders) -> Maker:
    """Who makes the cache, as its manifest says it."""
    return Maker(
        codec=codec.identity,
        encoders=encoders.identities(),
        widths=encoders.widths(),
        rate_hz=codec.rate_hz,
        channels=codec.channels,
        latent_channels=codec.latent_channels,
        samples_per_latent=codec.samples_per_latent,
    )


def sound_for(sound: Floats, rate_hz: int, wanted_hz: int, channels: int) -> Floats:
    """Sound `[frames, channels]` at another rate, its channels mixed or doubled.

    Raises BadSample where the sound has a lower rate: what it lacks can't be made up.
    """
    if rate_hz < wanted_hz:
        raise BadSample(f"its music has {rate_hz} Hz, the codec {wanted_hz}")
    if channels == 1:
        sound = sound.mean(axis=1, keepdims=True)
    elif sound.shape[1] == 1:
        sound = np.repeat(sound, channels, axis=1)
    if rate_hz == wanted_hz:
        return sound
    import soxr

    return np.asarray(soxr.resample(sound, rate_hz, wanted_hz), dtype=np.float32)


def mono_sounds(source: str, rate_hz: int) -> Iterator[Tensor]:
    """The sounds of the train split `[samples]`, for the codec to be fitted on."""
    train = [shard for shard in shards_of(source) if split_of(shard) == "train"]
    _check_rate(train, rate_hz)
    for read in samples(train, Quarantine()):
        yield torch.from_numpy(sound_for(read.sound, read.rate_hz, rate_hz, 1)[:, 0].copy())


def _check_rate(shards: list[str], rate_hz: int) -> None:
    """Raises UsageError if the first sample has a lower rate than the codec."""
    first = next(samples(shards[:1], Quarantine()), None)
    if first and first.rate_hz < rate_hz:
        raise UsageError(
            f"the shards hold music at {first.rate_hz} Hz, the codec makes {rate_hz} Hz: build"
            f" them with --set clip.rate_hz={rate_hz}, or take a recipe of a lower rate"
        )


def _rows_of(
    shard: str,
    expected: dict[str, int],
    codec: Codec,
    encoders: Encoders,
    quarantine: Quarantine,
    device: str,
) -> list[Row]:
    _check_rate([shard], codec.rate_hz)
    rows = list[Row]()
    for same in _batches(samples([shard], quarantine), codec, quarantine):
        rows += _encoded(same, codec, encoders, device)
    found = quarantine.read + len(quarantine.bad)
    wanted = expected.get(Path(shard).name, found)
    if found != wanted:
        raise MmussetError(
            f"{shard} ends after {found} of {wanted} samples: it was cut short;"
            " `mmusset build` writes it again"
        )
    return rows


@dataclass(frozen=True, slots=True)
class _Ready:
    """A sample, and its sound `[channels, samples]` as the codec wants it."""

    read: Read
    sound: Floats


def _batches(reads: Iterator[Read], codec: Codec, quarantine: Quarantine) -> Iterator[list[_Ready]]:
    """Samples of one length together, at most BATCH; resampled in threads beside the encoding."""

    def ready(read: Read) -> _Ready | str:
        try:
            sound = sound_for(read.sound, read.rate_hz, codec.rate_hz, codec.channels)
            if len(sound) < codec.samples_per_latent:
                raise BadSample("its music is shorter than one latent frame")
            return _Ready(read, sound.T)
        except BadSample as error:
            return str(error)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        while some := list(itertools.islice(reads, BATCH)):
            good = list[_Ready]()
            for read, made in zip(some, threads.map(ready, some), strict=True):
                if isinstance(made, str):
                    quarantine.read -= 1
                    quarantine.put(f"{Path(read.shard).name}: {read.key}", made)
                else:
                    good.append(made)
            good.sort(key=lambda each: each.sound.shape[1])
            for _, same in itertools.groupby(good, key=lambda each: each.sound.shape[1]):
                yield list(same)


@torch.no_grad()
def _encoded(same: list[_Ready], codec: Codec, encoders: Encoders, device: str) -> Iterator[Row]:
    sound = torch.from_numpy(np.stack([each.sound for each in same])).to(device)
    mean, std = codec.encode(sound)
    latents = torch.stack([mean, std], dim=1).half().cpu().numpy()
    reads = [each.read for each in same]
    embeddings = {
        "image": encoders.image([read.image for read in reads]),
        "story": _texts(encoders.story, [read.story for read in reads]),
        "caption": _texts(encoders.caption, [read.caption for read in reads]),
        "audio": encoders.audio(heard(sound, codec.rate_hz, encoders.audio.rate_hz)),
    }
    plain = {name: embeddings[name].float().cpu().numpy() for name in EMBEDDED}
    if not (np.isfinite(latents).all() and all(np.isfinite(e).all() for e in plain.values())):
        keys = ", ".join(read.key for read in reads)
        raise MmussetError(f"the codec or an encoder gave no finite numbers for one of {keys}")
    for n, read in enumerate(reads):
        yield Row(read.key, latents[n], {name: plain[name][n] for name in EMBEDDED})


def heard(sound: Tensor, rate_hz: int, wanted_hz: int) -> Tensor:
    """Mono sound `[B, samples]` at the rate that a sound encoder listens at."""
    mono = sound.mean(dim=1)
    if rate_hz == wanted_hz:
        return mono
    import soxr

    frames = mono.T.cpu().numpy()
    other = np.ascontiguousarray(soxr.resample(frames, rate_hz, wanted_hz).T, dtype=np.float32)
    return torch.from_numpy(other).to(sound.device)


def _texts(encoder: Callable[[list[str]], Tensor], texts: list[str]) -> Tensor:
    """Embeddings; 0, which means absent, for an empty text."""
    made = encoder(texts)
    there = torch.tensor([bool(text) for text in texts], device=made.device)
    return made * there[:, None]


def _forget_others(folder: Path, kept: set[str]) -> None:
    """Delete rows of shards that are no more."""
    for path in folder.glob("*-*.*"):
        if not any(path.name.startswith(f"{name}.") for name in kept):
            path.unlink()
