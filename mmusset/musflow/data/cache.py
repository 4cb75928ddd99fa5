"""The cache: what encode made of each shard, as rows that training maps into memory.

For a shard and a length in latent frames two files hold the rows, in the shard's order:
`.latents`, float16 `[N, K, 2, T, C]` (of each of K shifts mean and standard deviation) or
`[N, K, 1, T, C]` (the mean alone, of a codec whose posterior is as good as a point), and
`.embeddings`, float32 `[N, E]` (image, story, captions, audio side by side); where any of its clips
has a video a third does, `.video`, float16 `[N, S, W]`, an embedding for each second, 0 where there
is none. A JSON index beside them,
written last, lists their keys, kin, beats and hashes, so its presence means that they are complete.
Their name depends on the shard's bytes and on the spec of codec and encoders, so rows of two
specs never mix. `manifest.json` holds the spec and the statistics of the training split.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from torch import Tensor

from mmusset.bounded import MOST_FACTS, read_bounded
from mmusset.errors import MmussetError, Refused
from mmusset.files import file_sha256
from mmusset.frozen import Frozen, is_empty
from mmusset.json_text import canonical_json
from mmusset.musflow.recipe import EMBEDDED, MODALITIES

from .beat import NO_BEAT, Beat
from .shifts import shift_samples
from .video_frames import VideoFrames, frames_of

ALL = slice(None)
KINDS = ("latents", "embeddings", "video")
LAYOUT = 2  # of the rows: raised where the same codec and encoders would now make others


class LatentSpec(Frozen):
    """Which codec and encoders make the rows of a cache, and their sizes; one for all of it."""

    codec: str  # identity of the weights and settings
    encoders: dict[str, str]
    widths: dict[str, int]
    rate_hz: int
    channels: int
    latent_channels: int
    samples_per_latent: int
    captions: tuple[str, ...] = ("caption",)  # an embedding of each, the caption's own first
    shifts: int = 1  # encodings of each clip, see data/shifts.py
    layout: int = 1

    def row_widths(self) -> dict[str, int]:
        """How wide each name's part of a row is; `widths` are those of single embeddings."""
        return self.widths | {"caption": len(self.captions) * self.widths["caption"]}


class Bucket(Frozen):
    """The rows of one length in a shard, and the sums of their latents by channel: of the mean,
    and of the expected square of a draw from the posterior (mean^2 + std^2).

    `moments` is 2 where the rows hold a standard deviation, else 1; `kin` are names of each row's
    piece and picture. `video` are the most seconds that any row has frames of, `video_frames` all
    frames.
    """

    latents: int
    moments: int
    keys: tuple[str, ...]
    kin: tuple[tuple[str, str], ...]
    beats: tuple[Beat, ...]
    total: tuple[float, ...]
    squares: tuple[float, ...]
    latents_sha256: str
    embeddings_sha256: str
    video: int = 0
    video_frames: int = 0
    video_sha256: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The files that there are."""
        return KINDS if self.video else KINDS[:2]


class ShardInfo(Frozen):
    """Where the rows of a shard come from, and why some of its samples could not be used."""

    spec_sha256: str
    split: str
    shard_sha256: str
    bad: dict[str, str]  # by key
    stood_in: int = 0  # samples that lack some of the spec's captions: the caption stands in


class EncodedShard(Frozen):
    """The index of one shard's rows. Embeddings are summed as `spec.widths` has them: those of
    several captions count as their mean. `absent` is how many rows have none, where any has."""

    info: ShardInfo
    buckets: tuple[Bucket, ...]
    embedding_total: tuple[float, ...]
    embedding_squares: tuple[float, ...]
    absent: dict[str, int] = Field(default_factory=dict, exclude_if=is_empty)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(len(bucket.keys) for bucket in self.buckets)


class CacheManifest(Frozen):
    """A whole cache: its spec, its shards, and the statistics of its training split."""

    spec: LatentSpec
    latent_mean: tuple[float, ...]
    latent_std: tuple[float, ...]
    embedding_mean: tuple[float, ...]
    embedding_scale: dict[str, float]  # root of the mean square about the mean, over all channels
    shards: tuple[str, ...]
    clips: dict[str, int]  # by split
    bad: dict[str, str]  # by shard and key
    stood_in: int = 0  # see ShardInfo
    video_frames: int = 0  # of videos, in the train split


@dataclass(frozen=True, slots=True)
class EncodedClip:
    """One sample, encoded: latents `[K, 1 or 2, T, C]` and embeddings by name `[W]`, of the caption
    `[F, W]`, one for each caption of the spec; where some are missing, the caption `stood_in`.

    `kin` are names of its piece and its picture, which other clips may share. `video` `[S, W]` has
    an embedding for each second of its video, of which there may be none.
    """

    key: str
    latents: NDArray[np.float16]
    embeddings: dict[str, NDArray[np.float32]]
    kin: tuple[str, str]
    beat: Beat = NO_BEAT
    stood_in: bool = False
    video: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))


@dataclass(frozen=True, slots=True)
class LatentBatch:
    """Rows `[B]` of one length: embeddings `[B, W]`, and whether each is `present` `[B, M]`.
    `captions` `[B, F, W]` are those that a step of training may draw from; the embedding named
    caption is the first. `kin` `[B, 2]` numbers each clip's piece and picture; `beat` `[B, 3]` is
    its beat; `video` the frames of their videos, None where no clip has any.

    Latents are float16 as they are stored, `[B', T, C]`, of `share` alone: of those rows that
    one process of several trains on. `std` is None where the codec's posterior is a point.
    """

    keys: tuple[str, ...]
    mean: Tensor
    std: Tensor | None
    embeddings: dict[str, Tensor]
    captions: Tensor
    present: Tensor
    kin: Tensor
    beat: Tensor
    share: slice = field(default_factory=lambda: ALL)
    video: VideoFrames | None = None

    @property
    def video_present(self) -> Tensor:
        """Which clips have frames of a video, `[B]`."""
        return self.video.present if self.video else torch.zeros_like(self.present[:, 0])


def sha256_of(part: Frozen) -> str:
    """A hash of a pydantic value, without what is as it is by default: what a later version adds
    leaves the rows of an earlier one their names."""
    data = part.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def read_encoded_shard(folder: Path, name: str, spec: LatentSpec) -> EncodedShard | None:
    """The index of a shard's rows; None where they are absent, incomplete or of another spec."""
    try:
        rows = EncodedShard.model_validate_json(read_bounded(folder / f"{name}.json", MOST_FACTS))
        for bucket in rows.buckets:
            for kind, size in _sizes(bucket, spec).items():
                if (folder / f"{name}.{bucket.latents}.{kind}").stat().st_size != size:
                    return None
    except (OSError, ValidationError):
        return None
    return rows if rows.info.spec_sha256 == sha256_of(spec) else None


def read_manifest(folder: Path) -> CacheManifest:
    """Raises MmussetError where there is none."""
    try:
        return CacheManifest.model_validate_json(read_bounded(folder / "manifest.json", MOST_FACTS))
    except (OSError, ValidationError):
        raise MmussetError(f"no whole cache in {folder}; `mmusset encode` makes it") from None


class Cache:
    """The rows of one split, by length; `video_seconds` are the most that any has frames of."""

    def __init__(self, folder: Path, split: str, spec: LatentSpec | None = None) -> None:
        """Raises MmussetError where the cache is not whole, Refused where it is not of `spec`,
        if one is given."""
        self.manifest = read_manifest(folder)
        if spec and spec != self.manifest.spec:
            raise Refused(
                f"the cache in {folder} is of another codec, encoders or captions: they differ in"
                f" {', '.join(_differing(spec, self.manifest.spec))}; run `mmusset encode` again"
            )
        files: defaultdict[int, list[_File]] = defaultdict(list)
        for name in self.manifest.shards:
            rows = read_encoded_shard(folder, name, self.manifest.spec)
            if rows is None:
                raise MmussetError(
                    f"{folder / name}.* is damaged or by another codec, encoders or captions than"
                    " the rest; run `mmusset encode` again"
                )
            for bucket in rows.buckets if rows.info.split == split else ():
                files[bucket.latents].append(_File(folder / name, bucket, self.manifest.spec))
        self.lengths = tuple(sorted(files))
        self._buckets = [_Bucket(files[length]) for length in self.lengths]
        self.counts = tuple(int(bucket.ends[-1]) for bucket in self._buckets)
        self.video_seconds = max((bucket.video_seconds for bucket in self._buckets), default=0)

    def batch(
        self, bucket: int, rows: Tensor, share: slice = ALL, shifts: Tensor | None = None
    ) -> LatentBatch:
        """Rows of bucket number `bucket`, of each the first of its shifts, or the one that `shifts`
        `[B]` says."""
        some, numbers, spec = self._buckets[bucket], rows.numpy(), self.manifest.spec
        chosen = torch.zeros_like(rows) if shifts is None else shifts
        per_latent = spec.samples_per_latent
        begins = [shift_samples(n, spec.shifts, per_latent) for n in range(spec.shifts)]
        begins_s = np.array(begins)[chosen.numpy()] / spec.rate_hz
        keys, embeddings = some.embeddings(numbers)
        latents = some.latents(rows[share].numpy(), chosen[share].tolist())
        beats = _moved(some.beats[numbers], begins_s)
        batch = batch_of(keys, latents, embeddings, some.kin[numbers], beats, spec, share)
        return replace(batch, video=self._video(bucket, numbers, begins_s))

    def _video(
        self, bucket: int, rows: NDArray[np.int64], begins_s: NDArray[np.float64]
    ) -> VideoFrames | None:
        spec, embeddings = self.manifest.spec, self._buckets[bucket].video(rows)
        if not embeddings.any():
            return None
        seconds = self.lengths[bucket] * spec.samples_per_latent / spec.rate_hz
        return frames_of(embeddings, begins_s.tolist(), seconds)

    def everything(self, bucket: int) -> LatentBatch:
        """The embeddings of all rows of a bucket, and no latents."""
        return self.batch(bucket, torch.arange(self.counts[bucket]), slice(0))

    def keys(self, bucket: int) -> list[str]:
        """The keys of a bucket's rows."""
        return [key for file in self._buckets[bucket].files for key in file.keys]

    def check(self) -> None:
        """Read all of it. Raises MmussetError where bytes are not those that were written."""
        for bucket in self._buckets:
            for file in bucket.files:
                file.check()


def batch_of(
    keys: Sequence[str],
    latents: NDArray[np.float16],
    embeddings: NDArray[np.float32],
    kin: NDArray[np.int64],
    beats: NDArray[np.float32],
    spec: LatentSpec,
    share: slice,
) -> LatentBatch:
    """Latents `[1 or 2, B', T, C]` of a share, embeddings `[B, E]` side by side, kin `[B, 2]` and
    beats `[B, 3]`, as a batch."""
    joined = torch.from_numpy(embeddings)
    columns = columns_of(spec.row_widths())
    captions = joined[:, columns["caption"]].unflatten(1, (len(spec.captions), -1))
    # Contiguous: copies of them into pinned memory are read in one go.
    parts = {name: joined[:, place].contiguous() for name, place in columns.items()}
    parts["caption"] = captions[:, 0].contiguous()
    present = torch.stack([(parts[name] != 0).any(dim=1) for name in MODALITIES], dim=1)
    mean, std = (*torch.from_numpy(latents), None)[:2]
    return LatentBatch(
        keys=tuple(keys),
        mean=mean,
        std=std,
        embeddings=parts,
        captions=captions,
        present=present,
        kin=torch.from_numpy(kin),
        beat=torch.from_numpy(beats),
        share=share,
    )


def numbered(kin: Sequence[tuple[str, str]]) -> NDArray[np.int64]:
    """Numbers `[N, 2]` of the names of pieces and pictures, the same wherever they come up."""
    digests = (hashlib.sha256(name.encode()).digest() for both in kin for name in both)
    numbers = [int.from_bytes(digest[:8]) >> 1 for digest in digests]
    return np.array(numbers, np.int64).reshape(-1, 2)


class _File:
    """One bucket of one shard, mapped into memory."""

    def __init__(self, shard: Path, bucket: Bucket, spec: LatentSpec) -> None:
        self.keys, self._bucket = bucket.keys, bucket
        self.kin = numbered(bucket.kin)
        self.beats = np.array(bucket.beats, np.float32).reshape(-1, 3)
        self._name = f"{shard}.{bucket.latents}"
        count, width = len(bucket.keys), sum(spec.row_widths().values())
        shape = (count, spec.shifts, bucket.moments, bucket.latents, spec.latent_channels)
        # Plain views: a memmap's own indexing costs more than the copy of a row.
        latents = np.memmap(f"{self._name}.latents", np.float16, "r", shape=shape)
        self.latents = latents.view(np.ndarray)
        embeddings = np.memmap(f"{self._name}.embeddings", np.float32, "r", shape=(count, width))
        self.embeddings = embeddings.view(np.ndarray)
        seen = (count, bucket.video, spec.widths["image"])
        self.video = (
            np.memmap(f"{self._name}.video", np.float16, "r", shape=seen).view(np.ndarray)
            if bucket.video
            else np.empty(seen, np.float16)
        )

    def check(self) -> None:
        """Raises MmussetError where bytes changed."""
        for kind in self._bucket.kinds:
            path = Path(f"{self._name}.{kind}")
            if file_sha256(path) != getattr(self._bucket, f"{kind}_sha256"):
                raise MmussetError(f"{path} is damaged; delete it and run `mmusset encode` again")


class _Bucket:
    """Files of one length, one after the other."""

    def __init__(self, files: list[_File]) -> None:
        self.files = files
        self._counts = np.array([len(file.keys) for file in files])
        self.ends = np.cumsum(self._counts)
        self.video_seconds = max(file.video.shape[1] for file in files)
        self.kin = np.concatenate([file.kin for file in files])
        self.beats = np.concatenate([file.beats for file in files])

    def latents(self, rows: NDArray[np.int64], shifts: Sequence[int]) -> NDArray[np.float16]:
        """Latents `[1 or 2, B, T, C]` of rows, one shift of each, read in the files' order."""
        moments, *shape = self.files[0].latents.shape[2:]
        latents = np.empty((moments, len(rows), *shape), np.float16)
        for place, file, row in self._locate(rows):
            latents[:, place] = file.latents[row, shifts[place]]
        return latents

    def embeddings(self, rows: NDArray[np.int64]) -> tuple[list[str], NDArray[np.float32]]:
        """Keys and embeddings `[B, E]` of rows."""
        embeddings = np.empty((len(rows), self.files[0].embeddings.shape[1]), np.float32)
        keys = [""] * len(rows)
        for place, file, row in self._locate(rows):
            embeddings[place] = file.embeddings[row]
            keys[place] = file.keys[row]
        return keys, embeddings

    def video(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """Embeddings of frames `[B, S, W]` of rows, S as many as any file has."""
        most = self.video_seconds
        video = np.zeros((len(rows), most, self.files[0].video.shape[2]), np.float16)
        for place, file, row in self._locate(rows) if most else ():
            video[place, : file.video.shape[1]] = file.video[row]
        return video

    def _locate(self, rows: NDArray[np.int64]) -> list[tuple[int, _File, int]]:
        """For each row its place in the batch, its file and its row there; in the order of the
        files, so that a disk reads forwards."""
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        number = np.searchsorted(self.ends, ordered, side="right")
        inside = ordered - (self.ends[number] - self._counts[number])
        return [
            (place, self.files[n], row)
            for place, n, row in zip(order.tolist(), number.tolist(), inside.tolist(), strict=True)
        ]


def _moved(beats: NDArray[np.float32], begins_s: NDArray[np.float64]) -> NDArray[np.float32]:
    """Beats `[B, 3]` of clips that are taken from some second on, as Beat.moved has them."""
    moved = beats.copy()
    moved[:, 1] = (beats[:, 1] + beats[:, 0] / 60 * begins_s) % 1
    return moved


def columns_of(widths: dict[str, int]) -> dict[str, slice]:
    """The columns of each embedding where they stand side by side."""
    ends = np.cumsum([widths[name] for name in EMBEDDED])
    return {
        name: slice(int(end) - widths[name], int(end))
        for name, end in zip(EMBEDDED, ends, strict=True)
    }


def _sizes(bucket: Bucket, spec: LatentSpec) -> dict[str, int]:
    """Bytes of a bucket's files."""
    count = len(bucket.keys)
    sizes = {
        "latents": count * spec.shifts * bucket.moments * bucket.latents * spec.latent_channels * 2,
        "embeddings": count * sum(spec.row_widths().values()) * 4,
        "video": count * bucket.video * spec.widths["image"] * 2,
    }
    return {kind: sizes[kind] for kind in bucket.kinds}


def _differing(one: LatentSpec, other: LatentSpec) -> list[str]:
    """Names of fields in which two specs differ."""
    return [name for name in LatentSpec.model_fields if getattr(one, name) != getattr(other, name)]
