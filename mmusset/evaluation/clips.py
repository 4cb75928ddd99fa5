"""The clips that are asked about: a split of a dataset, its pictures and sounds in a folder."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmusset.bounded import MB, read_bounded
from mmusset.errors import UsageError
from mmusset.files import write_bytes_durably
from mmusset.json_text import canonical_json
from mmusset.shards.reader import (
    BadSample,
    Members,
    Read,
    decoded,
    raw_samples,
    shards_of,
    split_of,
)

from .sounds import Window, fitted, write_control
from .videos import keep_video

Floats = NDArray[np.float64]

CLIPS = "clips.json"
MOST_BYTES = 64 * MB
LEAST_CLIPS = 4
HALVINGS = 4
MOST_TRAINING_CLIPS = 2000  # that the nearest is looked for among


@dataclass(frozen=True, slots=True)
class ReferenceClip:
    """A real clip of the split: what is asked for, and where its picture, its sound and the video
    of its frames are, if it has one that music can be made to.

    `piece` and `group` are "" of none: of another tool's shards its key stands for both.
    """

    key: str
    piece: str
    group: str
    story: str
    caption: str
    picture: Path
    sound: Path
    video: Path | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """The clips of a split, in the order of their keys; which others can't be used, and the videos
    of which can't be, with the reason by their keys."""

    split: str
    window: Window
    clips: tuple[ReferenceClip, ...]
    unusable: dict[str, str]
    unusable_videos: dict[str, str]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(clip.key for clip in self.clips)

    @property
    def pieces(self) -> tuple[str, ...]:
        return tuple(sorted({clip.piece for clip in self.clips}))

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(sorted({clip.group for clip in self.clips}))

    def halvings(self) -> Floats:
        """Whole groups dealt into two halves of about as many clips, several times over: `[H, N]`,
        1 for the one half. Fewer than two groups can't be."""
        sizes = {group: sum(c.group == group for c in self.clips) for group in self.groups}
        rows = []
        for number in range(HALVINGS):
            first: set[str] = set()
            counts = [0, 0]
            order = sorted(sizes, key=lambda group: (-sizes[group], _drawn(number, group)))
            for group in order:
                half = int(counts[1] < counts[0])
                counts[half] += sizes[group]
                if half:
                    first.add(group)
            rows.append([float(clip.group in first) for clip in self.clips])
        return np.array(rows)

    def others(self) -> tuple[int, ...] | None:
        """For each clip one of another group, as far as may be each once; None in one group."""
        if len(self.groups) < 2:
            return None
        # Groups in a drawn order: by their names, neighbours may be alike in a way of their own.
        order = sorted(range(len(self.clips)), key=lambda n: (_drawn(0, self.clips[n].group), n))
        # By more than the largest group's clips around a circle of groups is another group.
        largest = max(sum(c.group == group for c in self.clips) for group in self.groups)
        other = dict(zip(order, order[largest:] + order[:largest], strict=True))
        for n in order:
            if self.clips[other[n]].group == self.clips[n].group:  # a group of over half of all
                other[n] = next(m for m in order if self.clips[m].group != self.clips[n].group)
        return tuple(other[n] for n in range(len(self.clips)))


def read_reference(
    dataset: str,
    split: str,
    rate_hz: int,
    seconds: float,
    folder: Path,
    most: int | None,
    with_videos: bool = False,
) -> Reference:
    """The clips of a split, at most so many, drawn by their keys; their sound at this rate and
    length, their pictures and, if asked for, their videos are in `folder` then.

    `rate_hz` or `seconds` 0 is the first clip's rate, or the shortest one's length. Raises
    UsageError where there are too few.
    """
    chosen = _chosen(dataset, split, most)
    if not rate_hz or not seconds:
        heard = [(read.rate_hz, len(read.sound)) for read, _ in _whole(dataset, split, chosen, {})]
        if heard:
            rate_hz = rate_hz or heard[0][0]
            seconds = seconds or min(frames / rate for rate, frames in heard)
    window, unusable, unusable_videos = Window(rate_hz, seconds), dict[str, str](), dict[str, str]()
    clips = []
    for read, members in _whole(dataset, split, chosen, unusable):
        if len(read.sound) / read.rate_hz < 0.98 * window.seconds:
            unusable[read.key] = f"is shorter than {window.seconds:.2f} s"
            continue
        video = _kept_video(read, window, folder, unusable_videos) if with_videos else None
        clips.append(_kept(read, members["image.jpg"], video, window, folder))
    if len(clips) < LEAST_CLIPS:
        raise UsageError(
            f"the split {split} of {dataset} has {len(clips)} clips that can be used, and an"
            f" evaluation takes {LEAST_CLIPS} at the least: name another with --split"
        )
    in_order = tuple(sorted(clips, key=lambda c: c.key))
    return Reference(split, window, in_order, unusable, unusable_videos)


def store_reference(reference: Reference, folder: Path) -> None:
    """Keep what was asked for beside the sounds, for the page and the listening test."""
    clips = [
        asdict(clip)
        | {"picture": clip.picture.name, "sound": clip.sound.name}
        | {"video": clip.video.name if clip.video else None}
        for clip in reference.clips
    ]
    facts = {"split": reference.split, "window": asdict(reference.window), "clips": clips}
    write_bytes_durably(folder / CLIPS, canonical_json(facts).encode(), "evaluation")


def stored_reference(folder: Path) -> Reference:
    """What `store_reference` kept. Raises UsageError where there is nothing."""
    file = folder / CLIPS
    try:
        facts = json.loads(read_bounded(file, MOST_BYTES))
    except OSError as error:
        raise UsageError(
            f"can't read {file}: {error.strerror}; give a folder that `mmusset evaluate` wrote"
        ) from None
    clips = tuple(_stored_clip(clip, folder) for clip in facts["clips"])
    return Reference(facts["split"], Window(**facts["window"]), clips, {}, {})


def _stored_clip(facts: dict[str, Any], folder: Path) -> ReferenceClip:
    video = facts.get("video")
    files = {
        "picture": folder / "pictures" / Path(facts["picture"]).name,
        "sound": folder / "sounds" / "real" / Path(facts["sound"]).name,
        "video": folder / "videos" / Path(video).name if video else None,
    }
    return ReferenceClip(**facts | files)


def usable(
    dataset: str, split: str, keys: set[str] | None, unusable: dict[str, str]
) -> Iterator[tuple[Read, Members]]:
    """The samples of a split with these keys, all where none are given, and their members; why one
    can't be used goes into `unusable`."""
    for key, members in members_of(dataset, split):
        if keys is None or key in keys:
            try:
                yield decoded(key, members), members
            except BadSample as error:
                unusable[key] = str(error)


def _whole(
    dataset: str, split: str, keys: set[str] | None, unusable: dict[str, str]
) -> Iterator[tuple[Read, Members]]:
    """As `usable`, without what lacks a part that is asked for: music alone trains a model, but
    tells nothing of how well it follows."""
    for read, members in usable(dataset, split, keys, unusable):
        parts = {
            "picture": read.picture,
            "story": read.story,
            "caption": read.caption,
            "facts in JSON": read.facts,
        }
        if lacking := [name for name, part in parts.items() if not part]:
            unusable[read.key] = f"has no {', no '.join(lacking)}"
        else:
            yield read, members


def members_of(dataset: str, split: str) -> Iterator[tuple[str, Members]]:
    """Each sample of a split, its members not decoded."""
    for shard in shards_of(dataset):
        if split_of(shard) == split:
            yield from raw_samples(shard)


def piece_of(read: Read) -> str:
    """The name of a clip's piece: the hash of its source, or its own key."""
    piece = read.facts.get("source_sha256")
    return piece if isinstance(piece, str) and piece else read.key


def training_keys(dataset: str) -> set[str]:
    """The keys of the training clips that are listened to: all, or so many that are drawn."""
    return set(_drawn_keys(dataset, "train")[:MOST_TRAINING_CLIPS])


def _kept_video(read: Read, window: Window, folder: Path, unusable: dict[str, str]) -> Path | None:
    """The video of a clip's frames, if it has any; why it can't be used goes into `unusable`."""
    if not read.frames:
        return None
    video = folder / "videos" / f"{read.key}.avi"
    try:
        keep_video(video, read.frames, window.seconds)
    except BadSample as error:
        unusable[read.key] = str(error)
        return None
    return video


def _kept(
    read: Read, jpeg: bytes, video: Path | None, window: Window, folder: Path
) -> ReferenceClip:
    sound = folder / "sounds" / "real" / f"{read.key}-0.flac"
    if not sound.exists():
        write_control(sound, fitted(read.sound, read.rate_hz, window), window.rate_hz)
    picture = folder / "pictures" / f"{read.key}.jpg"
    if not picture.exists():
        picture.parent.mkdir(parents=True, exist_ok=True)
        write_bytes_durably(picture, jpeg, "evaluation")
    group = read.facts.get("group")
    return ReferenceClip(
        key=read.key,
        piece=piece_of(read),
        group=group if isinstance(group, str) and group else read.key,
        story=read.story,
        caption=read.caption,
        picture=picture,
        sound=sound,
        video=video,
    )


def _chosen(dataset: str, split: str, most: int | None) -> set[str] | None:
    return None if most is None else set(_drawn_keys(dataset, split)[:most])


def _drawn_keys(dataset: str, split: str) -> list[str]:
    return sorted((key for key, _ in members_of(dataset, split)), key=lambda k: _drawn(0, k))


def _drawn(number: int, name: str) -> str:
    """Where a name stands in the order of a draw."""
    return hashlib.sha256(f"{number} {name}".encode()).hexdigest()
