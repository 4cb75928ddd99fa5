"""The clips that a training will have, before they are encoded: how many there are, how long they
are, and whether any has a video."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmusset.bounded import open_regular
from mmusset.errors import MmussetError
from mmusset.musflow.data.cache import Cache, LatentSpec
from mmusset.musflow.data.encode import resampled
from mmusset.shards.frames import MEMBER as FRAMES
from mmusset.shards.reader import (
    BadSample,
    broken,
    decoded,
    is_elsewhere,
    listed_samples,
    raw_samples,
)
from mmusset.shards.tar import headers

from .planned_spec import agree
from .stages import Training


@dataclass(frozen=True, slots=True)
class PlannedClips:
    """How many clips there are, 0 where that is not known, the latent `frames` of the commonest,
    the conditions that are one token each, and the frames of a `video` that a batch holds for each,
    0 where no clip has any."""

    count: int
    frames: int
    conditions: int
    video: int

    @property
    def tokens(self) -> int:
        """What the network attends to beside latent frames."""
        return self.conditions + self.video


def planned_clips(training: Training, shards: list[str], spec: LatentSpec) -> PlannedClips:
    """The clips of the train split's shards, by the cache where there is one of this training.

    Raises MmussetError where none can be used, UsageError where their rate is too low.
    """
    count, conditions = _count(shards), len(training.recipe.network.tokens)
    try:
        cache = Cache(training.folder.cache, "train")
        if agree(spec, cache.manifest.spec):
            frames = cache.lengths[cache.counts.index(max(cache.counts))]
            return PlannedClips(count, frames, conditions, cache.video_seconds)
    except (MmussetError, ValueError):
        pass  # no cache, or a damaged one, that this training would make anew
    samples, has_video = _first(shards, spec)
    frames = max(1, samples // spec.samples_per_latent - (spec.shifts > 1))
    video = max(1, samples // spec.rate_hz) if has_video or _any_video(shards) else 0
    return PlannedClips(count, frames, conditions, video)


def _first(shards: list[str], spec: LatentSpec) -> tuple[int, bool]:
    """Of the first clip that can be used, its samples at the codec's rate, and whether it has a
    video."""
    why = "the train split is empty"
    for shard in shards:
        for key, members in raw_samples(shard):
            try:
                read = decoded(key, members)
                sound = resampled(read.sound, read.rate_hz, spec.rate_hz, spec.channels)
                return len(sound), bool(read.frames)
            except BadSample as error:
                why = f"none can be used; {shard}: {key}: {error}"
    raise MmussetError(f"no accepted samples to train on: {why}")


def _any_video(shards: list[str]) -> bool:
    """Whether any sample has a video's frames, as far as shards are on this disk: the headers of
    others would have to be fetched."""
    here = [Path(shard) for shard in shards if not is_elsewhere(shard)]
    return any(name.endswith(f".{FRAMES}") for shard in here for name in _names(shard))


def _count(shards: list[str]) -> int:
    """How many clips the shards hold, 0 where that is not known without reading all of them."""
    counts = [listed_samples(shard) for shard in shards]
    if all(count is not None for count in counts):
        return sum(count or 0 for count in counts)
    if is_elsewhere(shards[0]):
        return 0
    return sum(name.endswith(".music.flac") for shard in shards for name in _names(Path(shard)))


def _names(shard: Path) -> Iterator[str]:
    """The names of a tar's members."""
    try:
        with open_regular(shard) as file:
            for info in headers(file):
                yield info.name
    except tarfile.TarError as error:
        raise broken(str(shard), str(error)) from None
