"""Training without a cache: clips are read from the shards and encoded when a step needs them.

For small datasets on this disk. A clip begins elsewhere at each step, so its latents are
never quite the same; its embeddings are those of the clip as it stands, made once.
"""

import hashlib
import os
import tarfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmusset.errors import MmussetError, UsageError
from mmusset.files import file_sha256
from mmusset.musflow.codecs.codec import Codec
from mmusset.musflow.encoders.encoders import Encoders
from mmusset.musflow.recipe import EMBEDDED
from mmusset.shards.reader import (
    BadSample,
    broken,
    decode_sound,
    is_elsewhere,
    opened,
    raw_samples,
    shards_of,
    split_of,
)
from mmusset.shards.tar import headers
from mmusset.training.order import generator_at

from .beat import Beat
from .cache import (
    ALL,
    CacheManifest,
    LatentBatch,
    ShardInfo,
    batch_of,
    numbered,
    sha256_of,
)
from .cache_write import check_bad, index_of, manifest_of
from .encode import (
    ONE_CAPTION,
    PreparedClip,
    embeddings_of,
    encoded,
    groups,
    latent_spec,
    latents_of,
    named,
    stands_in,
    videos_of,
    whole_frames,
)
from .video_frames import VideoFrames, frames_of

MEASURED = 256  # clips from which the normalization is estimated
CROPPED_PART = 8  # 1/8 of a clip's latents are cropped, by which its start can move

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LiveClip:
    """Where a clip's music stands, the latent frames that are given of it, out of so many samples
    of whole frames, and all its embeddings side by side `[E]`, those of its `video` `[S, W]` apart;
    where captions are missing, its caption `stood_in`."""

    key: str
    shard: str
    offset: int
    size: int
    latents: int
    samples: int
    embeddings: Floats
    kin: tuple[str, str]
    beat: Beat
    stood_in: bool
    video: Floats


class LiveShards:
    """The clips of one split, as LatentDataset: read, moved and encoded at each step."""

    manifest: CacheManifest

    def __init__(
        self,
        source: str,
        split: str,
        codec: Codec,
        encoders: Encoders,
        seed: int = 0,
        device: str = "cpu",
        scale: CacheManifest | None = None,
        captions: Sequence[str] = ONE_CAPTION,
    ) -> None:
        """Read all of the split once, and encode some of the train split for its scale, unless
        that is known from the manifest of another split.

        Raises UsageError for shards that are not on this disk, MmussetError as encoding does.
        """
        if is_elsewhere(source):
            raise UsageError(
                f"without a cache, shards are read again and again, and {source} is not on this"
                " disk: download it, or train with a cache"
            )
        self._codec, self._encoders, self._seed, self._device = codec, encoders, seed, device
        self._captions = captions
        shards = shards_of(source)
        scale = scale or self._scale([s for s in shards if split_of(s) == "train"])
        bad, buckets = dict[str, str](), defaultdict[int, list[LiveClip]](list)
        for shard in shards:
            here = dict[str, str]()
            for clip in self._clips(shard, here) if split_of(shard) == split else ():
                buckets[clip.latents].append(clip)
            bad |= named(shard, here)
        self.lengths = tuple(sorted(buckets))
        self._buckets = [buckets[length] for length in self.lengths]
        self.counts = tuple(len(clips) for clips in self._buckets)
        check_bad(bad, sum(self.counts))
        stood_in = sum(clip.stood_in for clips in self._buckets for clip in clips)
        self.manifest = scale.model_copy(
            update={
                "clips": {split: sum(self.counts)},
                "bad": bad,
                "stood_in": stood_in,
                "video_frames": sum(len(c.video) for clips in self._buckets for c in clips),
            }
        )

    def batch(self, bucket: int, rows: Tensor, share: slice = ALL, step: int = 0) -> LatentBatch:
        """Rows of a bucket; latents of a share, each begun at random by (seed, step, key), and
        at step 0 at the clip's start."""
        clips = [self._buckets[bucket][row] for row in rows.tolist()]
        embeddings = np.stack([clip.embeddings for clip in clips])
        keys, mine = [clip.key for clip in clips], clips[share]
        if mine:
            with ThreadPoolExecutor(min(len(mine), os.cpu_count() or 1)) as threads:
                sounds = list(threads.map(lambda clip: self._sound(clip, step), mine))
            sound = torch.from_numpy(np.stack(sounds)).to(self._device)
            latents = np.ascontiguousarray(latents_of(sound, self._codec).swapaxes(0, 1))
        else:
            shape = (1, 0, self.lengths[bucket], self._codec.latent_channels)
            latents = np.empty(shape, np.float16)
        moved = [clip.beat.moved(self._start(clip, step) / self._codec.rate_hz) for clip in clips]
        beats = np.array(moved, np.float32)
        kin = numbered([clip.kin for clip in clips])
        batch = batch_of(keys, latents, embeddings, kin, beats, self.manifest.spec, share)
        return replace(batch, video=self._video(clips, step))

    def everything(self, bucket: int) -> LatentBatch:
        """The embeddings of all rows of a bucket, and no latents."""
        return self.batch(bucket, torch.arange(self.counts[bucket]), slice(0))

    def _scale(self, train: list[str]) -> CacheManifest:
        """What is to be known of the train split, from clips all over it; its one name among
        the shards is of the bytes of all of them."""
        spec, bad = latent_spec(self._codec, self._encoders, self._captions), dict[str, str]()
        every = -(-sum(len(_offsets(shard)) for shard in train) // MEASURED) or 1
        some = islice(chain.from_iterable(map(raw_samples, train)), 0, None, every)
        rows = list(encoded(some, self._codec, self._encoders, self._device, bad, self._captions))
        info = ShardInfo(spec_sha256=sha256_of(spec), split="train", shard_sha256="", bad=bad)
        digest = hashlib.sha256(" ".join(file_sha256(Path(shard)) for shard in train).encode())
        return manifest_of(spec, {f"live-{digest.hexdigest()[:12]}": index_of(info, rows)})

    def _clips(self, shard: str, bad: dict[str, str]) -> list[LiveClip]:
        offsets, clips = _offsets(shard), list[LiveClip]()
        for same in groups(raw_samples(shard), self._codec, self._encoders, bad):
            embeddings = embeddings_of(same, self._encoders, self._device, self._captions)
            videos = videos_of([each.read for each in same], self._encoders)
            flat = [embeddings[name].reshape(len(same), -1) for name in EMBEDDED]
            joined = np.concatenate(flat, axis=1)
            for each, row, video in zip(same, joined, videos, strict=True):
                key = each.read.key
                if not (np.isfinite(row).all() and np.isfinite(video).all()):
                    bad[key] = "an encoder made no finite numbers of it"
                    continue
                offset, size = offsets[key]
                clips.append(
                    LiveClip(
                        key=key,
                        shard=shard,
                        offset=offset,
                        size=size,
                        latents=_cropped_latents(each, self._codec),
                        samples=each.sound.shape[1],
                        embeddings=row,
                        kin=each.kin,
                        beat=each.beat,
                        stood_in=stands_in(each.read, self._captions),
                        video=video,
                    )
                )
        return clips

    def _sound(self, clip: LiveClip, step: int) -> Floats:
        """The sound `[channels, samples]` that a step has of a clip."""
        with opened(clip.shard) as file:
            file.seek(clip.offset)
            data = file.read(clip.size)
        try:
            whole = whole_frames(*decode_sound(data), self._codec)
        except BadSample as error:
            raise MmussetError(f"{clip.shard}: {clip.key} has changed: {error}") from None
        start = self._start(clip, step)
        return whole[:, start : start + clip.latents * self._codec.samples_per_latent]

    def _video(self, clips: Sequence[LiveClip], step: int) -> VideoFrames | None:
        """The frames of clips' videos, as far as they are shown while a step's music sounds."""
        most = max((len(clip.video) for clip in clips), default=0)
        if not most:
            return None
        width, rate_hz = clips[0].video.shape[1], self._codec.rate_hz
        embeddings = np.zeros((len(clips), most, width), np.float32)
        for place, clip in zip(embeddings, clips, strict=True):
            place[: len(clip.video)] = clip.video
        begins_s = [self._start(clip, step) / rate_hz for clip in clips]
        seconds = clips[0].latents * self._codec.samples_per_latent / rate_hz
        return frames_of(embeddings, begins_s, seconds)

    def _start(self, clip: LiveClip, step: int) -> int:
        """The sample at which a step begins a clip."""
        spare = clip.samples - clip.latents * self._codec.samples_per_latent
        random = generator_at(self._seed, step, f"start {clip.key}")
        return int(torch.randint(spare + 1, (), generator=random)) if step else 0


def live_splits(
    source: str,
    codec: Codec,
    encoders: Encoders,
    seed: int = 0,
    device: str = "cpu",
    captions: Sequence[str] = ONE_CAPTION,
) -> tuple[LiveShards, LiveShards]:
    """The clips to train on and those to validate on; the scale is measured once for both."""
    train = LiveShards(source, "train", codec, encoders, seed, device, captions=captions)
    scale = train.manifest
    validation = LiveShards(source, "validation", codec, encoders, seed, device, scale, captions)
    return train, validation


def _cropped_latents(clip: PreparedClip, codec: Codec) -> int:
    """Latent frames used of a clip: fewer than it has, so that its start can move."""
    latents = clip.sound.shape[1] // codec.samples_per_latent
    return max(1, latents - max(1, latents // CROPPED_PART))


def _offsets(shard: str) -> dict[str, tuple[int, int]]:
    """Offset and size of each sample's music in a tar, by its key as webdataset has it."""
    from webdataset.tariterators import base_plus_ext

    try:
        with opened(shard) as file:
            parts = [(base_plus_ext(info.name), info) for info in headers(file) if info.isreg()]
    except tarfile.TarError as error:
        raise broken(shard, str(error)) from None
    return {
        key: (info.offset_data, info.size)
        for (key, extension), info in parts
        if key and extension.lower() == "music.flac"
    }
