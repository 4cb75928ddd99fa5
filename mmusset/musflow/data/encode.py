"""Encode: shards become a cache of latents and embeddings.

One shard after the other: what was made before of the same bytes by the same codec and
encoders stays, so a killed run goes on, and new shards cost only themselves. Several
processes share the shards out, and when all are done one of them writes the manifest.
"""

import hashlib
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmusset.errors import MmussetError, UsageError
from mmusset.files import PARTIAL, file_sha256, write_durably
from mmusset.musflow.codecs.codec import Codec
from mmusset.musflow.encoders.encoders import Encoders
from mmusset.shards.reader import (
    HUB,
    BadSample,
    Members,
    Read,
    decode_sound,
    decoded,
    hub_sha256,
    raw_samples,
    shards_of,
    split_of,
)

from .cache import EMBEDDED, About, Maker, Manifest, Row, ShardRows, read_shard_rows, sha256_of
from .cache_write import (
    check_bad,
    file_names,
    manifest_of,
    rows_name,
    save_manifest,
    write_shard_rows,
)

BATCH = 8
FEW_BAD = 10  # samples; more, and encoding stops before its end where they are too many by then
# What a cache's folder holds beside its manifest.
OURS = re.compile(
    rf".+-[0-9a-f]{{12}}\.(json|seen|\d+\.(latents|embeddings))({re.escape(PARTIAL)})?"
)
Floats = NDArray[np.float32]


def encode_shards(
    source: str,
    folder: Path,
    codec: Codec,
    encoders: Encoders,
    told: Callable[[int, int], None],
    device: str = "cpu",
    rank: int = 0,
    world: int = 1,
) -> int:
    """Bring the cache in `folder` up to this process's share of the shards, and give how many
    clips were made now; `finish_cache` is to follow, in one process, when all are done.

    `told` hears how many shards are done, of how many. Raises MmussetError where shards are
    broken, of too low a rate, or hold too much that can't be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    maker = maker_of(codec, encoders)
    by = sha256_of(maker)
    shards = shards_of(source)[rank::world]
    made = good = 0
    bad = dict[str, str]()
    for done, shard in enumerate(shards):
        told(done, len(shards))
        sha256 = _sha256_of_shard(shard, folder)
        name = rows_name(shard, sha256, by)
        there = read_shard_rows(folder, name, maker)
        if there is None:
            here = dict[str, str]()
            rows = list(encoded(raw_samples(shard), codec, encoders, device, here))
            check_bad(bad | named(shard, here), good + len(rows), FEW_BAD)
            split = split_of(shard)
            about = About(maker_sha256=by, split=split, shard_sha256=sha256, bad=here)
            there = write_shard_rows(folder, name, about, rows)
            made += len(rows)
        good += there.count
        bad |= named(shard, there.about.bad)
    told(len(shards), len(shards))
    return made


def finish_cache(
    source: str,
    folder: Path,
    codec: Codec,
    encoders: Encoders,
    accept: Callable[[Manifest], None] = lambda manifest: None,
) -> Manifest:
    """Write the manifest of a cache whose shards are all encoded; forget those that are gone.

    `accept` may raise before anything is changed.
    Raises MmussetError where a shard is not encoded, nothing is there to train on, or too
    much can't be used.
    """
    maker = maker_of(codec, encoders)
    by = sha256_of(maker)
    whole, seen = dict[str, ShardRows](), set[str]()
    for shard in shards_of(source):
        name = rows_name(shard, _sha256_of_shard(shard, folder), by)
        rows = read_shard_rows(folder, name, maker)
        if rows is None:
            raise MmussetError(f"{shard} was not encoded yet; run the same command to go on")
        whole[name] = rows
        seen.add(_seen(shard, folder).name)
    manifest = manifest_of(maker, whole)
    accept(manifest)
    save_manifest(folder, manifest)
    kept = seen.union(*(file_names(name, rows) for name, rows in whole.items()))
    for path in folder.iterdir():
        if OURS.fullmatch(path.name) and path.name not in kept:
            path.unlink()
    return manifest


def named(shard: str, bad: dict[str, str]) -> dict[str, str]:
    """What is bad in a shard, by shard and key."""
    return {f"{Path(shard).stem}: {key}": why for key, why in bad.items()}


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


def mono_sounds(source: str, rate_hz: int) -> Iterator[Tensor]:
    """The sounds of the train split `[samples]`, for the codec to be fitted on; what can't be
    used is left out, and counted when the shards are encoded."""
    for shard in shards_of(source):
        for _, members in raw_samples(shard) if split_of(shard) == "train" else ():
            try:
                sound, had_hz = decode_sound(members.get("music.flac", b""))
            except BadSample:
                continue
            yield torch.from_numpy(sound_for(sound, had_hz, rate_hz, 1)[:, 0].copy())


def sound_for(sound: Floats, rate_hz: int, wanted_hz: int, channels: int) -> Floats:
    """Sound `[frames, channels]` at another rate, its channels mixed or doubled.

    Raises UsageError where the sound has a lower rate: what it lacks can't be made up.
    """
    if rate_hz < wanted_hz:
        raise UsageError(
            f"the shards hold music at {rate_hz} Hz, the codec makes {wanted_hz} Hz: build"
            f" them with --set clip.rate_hz={wanted_hz}, or take a recipe of a lower rate"
        )
    if channels == 1:
        sound = sound.mean(axis=1, keepdims=True)
    elif sound.shape[1] == 1:
        sound = np.repeat(sound, channels, axis=1)
    elif sound.shape[1] != channels:
        raise BadSample(f"its music has {sound.shape[1]} channels, the codec {channels}")
    if rate_hz == wanted_hz:
        return sound
    import soxr

    return np.asarray(soxr.resample(sound, rate_hz, wanted_hz), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Ready:
    """A sample, and its sound `[channels, samples]` as the codec wants it: whole frames."""

    read: Read
    sound: Floats


def encoded(
    samples: Iterable[tuple[str, Members]],
    codec: Codec,
    encoders: Encoders,
    device: str,
    bad: dict[str, str],
) -> Iterator[Row]:
    """Rows of samples; why one can't be used goes to `bad`, by its key."""
    for same in groups(samples, codec, bad):
        sound = torch.from_numpy(np.stack([each.sound for each in same])).to(device)
        embeddings = told_embeddings([each.read for each in same], encoders)
        embeddings["audio"] = heard_embedding(sound, codec, encoders)
        latents = latents_of(sound, codec)
        finite = [np.isfinite(part).all(axis=1) for part in embeddings.values()]
        finite.append(np.isfinite(latents).all(axis=(1, 2, 3)))
        for n, each in enumerate(same):
            key = each.read.key
            if all(part[n] for part in finite):
                yield Row(key, latents[n], {name: embeddings[name][n] for name in EMBEDDED})
            else:
                bad[key] = "the codec or an encoder made no finite numbers of it"


def groups(
    samples: Iterable[tuple[str, Members]], codec: Codec, bad: dict[str, str]
) -> Iterator[list[Ready]]:
    """Samples of one length together, at most BATCH, decoded in threads while those before
    are encoded."""

    def good(some: Iterable[tuple[str, Future[Ready]]]) -> Iterator[Ready]:
        for key, future in some:
            try:
                yield future.result()
            except BadSample as error:
                bad[key] = str(error)

    def samples_of(ready: Ready) -> int:
        return ready.sound.shape[1]

    left, ahead = iter(samples), deque[tuple[str, Future[Ready]]]()
    with ThreadPoolExecutor(min(BATCH, os.cpu_count() or 1)) as threads:
        while True:
            for key, members in islice(left, 2 * BATCH - len(ahead)):
                ahead.append((key, threads.submit(_ready, key, members, codec)))
            if not ahead:
                break
            some = [ahead.popleft() for _ in range(min(BATCH, len(ahead)))]
            for _, same in groupby(sorted(good(some), key=samples_of), key=samples_of):
                yield list(same)


def _ready(key: str, members: Members, codec: Codec) -> Ready:
    """A sample as the codec wants it. Raises BadSample."""
    read = decoded(key, members)
    return Ready(read, whole_frames(read.sound, read.rate_hz, codec))


def whole_frames(sound: Floats, rate_hz: int, codec: Codec) -> Floats:
    """Sound `[channels, samples]` as the codec wants it, cut to whole latent frames.

    Raises BadSample where it has none, UsageError where its rate is too low.
    """
    fitting = sound_for(sound, rate_hz, codec.rate_hz, codec.channels)
    whole = len(fitting) // codec.samples_per_latent * codec.samples_per_latent
    if not whole:
        raise BadSample("its music is shorter than one latent frame")
    return fitting[:whole].T


@torch.no_grad()
def latents_of(sound: Tensor, codec: Codec) -> NDArray[np.float16]:
    """Means and standard deviations `[B, 2, T, C]` for sound `[B, channels, samples]`."""
    return torch.stack(codec.encode(sound), dim=1).half().cpu().numpy()


@torch.no_grad()
def heard_embedding(sound: Tensor, codec: Codec, encoders: Encoders) -> Floats:
    """The audio embedding `[B, W]` of sound `[B, channels, samples]`."""
    mono = heard(sound, codec.rate_hz, encoders.audio.rate_hz)
    return encoders.audio(mono).float().cpu().numpy()


@torch.no_grad()
def told_embeddings(reads: Sequence[Read], encoders: Encoders) -> dict[str, Floats]:
    """Embeddings `[B, W]` of pictures and texts; 0, which means absent, for an empty text."""
    return {
        "image": encoders.image([read.image for read in reads]).float().cpu().numpy(),
        "story": _texts(encoders.story, [read.story for read in reads]),
        "caption": _texts(encoders.caption, [read.caption for read in reads]),
    }


def heard(sound: Tensor, rate_hz: int, wanted_hz: int) -> Tensor:
    """Mono sound `[B, samples]` at the rate that a sound encoder listens at."""
    mono = sound.mean(dim=1)
    if rate_hz == wanted_hz:
        return mono
    import soxr

    frames = mono.T.cpu().numpy()
    other = np.ascontiguousarray(soxr.resample(frames, rate_hz, wanted_hz).T, dtype=np.float32)
    return torch.from_numpy(other).to(sound.device)


def _texts(encoder: Callable[[Sequence[str]], Tensor], texts: list[str]) -> Floats:
    there = np.array([[bool(text)] for text in texts], dtype=np.float32)
    return encoder(texts).float().cpu().numpy() * there


def _sha256_of_shard(shard: str, folder: Path) -> str:
    """The hash of a shard's bytes; not read again while its size and time stay the same."""
    if shard.startswith(HUB):
        return hub_sha256(shard)
    try:
        facts = Path(shard).stat()
        now, noted = f"{facts.st_size} {facts.st_mtime_ns}", _seen(shard, folder)
        if noted.exists():
            then, known = noted.read_text().splitlines()
            if then == now:
                return known
        known = file_sha256(Path(shard))
    except FileNotFoundError:
        raise MmussetError(f"{shard} is gone; build again to write it") from None
    write_durably(noted, lambda file: file.write(f"{now}\n{known}\n".encode()), "seen")
    return known


def _seen(shard: str, folder: Path) -> Path:
    """Where a shard's hash is noted."""
    place = hashlib.sha256(str(Path(shard).resolve()).encode()).hexdigest()
    return folder / f"{Path(shard).stem}-{place[:12]}.seen"
