"""What the ears hear in the rows, and what is measured on them: kept beside the sounds, and heard
again only where a sound or an ear has changed."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmusset.evidence.music import measure
from mmusset.files import write_bytes_durably, write_durably
from mmusset.json_text import canonical_json
from mmusset.sample_parts.evidence import MusicEvidence

from .clips import Reference, usable
from .ears import OpenEar
from .rows import SoundRow
from .sounds import Window, channels_of, fitted, in_channels, read_sound, sha256_of_files

Floats = NDArray[np.float64]
Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class HeardSounds:
    """Vectors `[N, D]` and tags `[N, T]` of sounds."""

    vectors: Floats
    tags: Floats


@dataclass(frozen=True, slots=True)
class HeardTraining:
    """The training clips: their keys and vectors `[M, D]`."""

    keys: tuple[str, ...]
    vectors: Floats


def hear_row(
    row: SoundRow, ear: OpenEar, name: str, window: Window, folder: Path, tick: Tick
) -> tuple[HeardSounds, ...]:
    """What an ear makes of a row, for each seed."""
    found = []
    for seed in range(len(row.files)):
        paths = row.paths(seed)
        of = _hash(ear.identity, str(window), sha256_of_files(paths))
        file = folder / f"{row.slug}-{seed}.{name}.npz"
        stored = _stored(file, of)
        if stored is None:
            vectors, tags = _heard(paths, ear, window, tick)
            stored = _store(file, of, vectors=vectors, tags=tags)
        found.append(HeardSounds(stored["vectors"], stored["tags"]))
    return tuple(found)


def hear_training(
    dataset: str,
    chosen: set[str],
    ear: OpenEar,
    name: str,
    window: Window,
    folder: Path,
    identity: str,
    tick: Tick,
) -> HeardTraining | None:
    """Some of a dataset's training clips, as heard by an ear; None where there are none."""
    file = folder / f"training.{name}.npz"
    of = _hash(ear.identity, str(window), identity)
    stored = _stored(file, of)
    if stored is None:
        keys, vectors = [], []
        for read, _ in usable(dataset, "train", chosen, {}):
            sound = fitted(read.sound, read.rate_hz, window)
            vectors.append(ear.hear(sound, window.rate_hz)[0])
            keys.append(read.key)
            tick()
        if not keys:
            return None
        stored = _store(file, of, vectors=np.array(vectors, np.float64), keys=np.array(keys))
    return HeardTraining(tuple(map(str, stored["keys"])), stored["vectors"])


def measure_row(
    row: SoundRow, reference: Reference, folder: Path, tick: Tick
) -> tuple[tuple[MusicEvidence, ...], ...]:
    """What is measured on each sound of a row, for each seed, in as many channels as the real clip
    has."""
    window, found = reference.window, []
    channels = {clip.key: channels_of(clip.sound) for clip in reference.clips}
    for seed in range(len(row.files)):
        keyed, paths = sorted(row.files[seed].items()), row.paths(seed)
        of = _hash("evidence in the channels of the real clip", str(window), sha256_of_files(paths))
        file = folder / f"{row.slug}-{seed}.evidence.json"
        if file.exists() and (kept := json.loads(file.read_text()))["of"] == of:
            found.append(tuple(MusicEvidence.model_validate(each) for each in kept["measured"]))
            continue
        measured = []
        for key, path in keyed:
            sound = in_channels(read_sound(path, window), channels[key])
            measured.append(measure(sound, window.rate_hz))
            tick()
        file.parent.mkdir(parents=True, exist_ok=True)
        facts = {"of": of, "measured": [each.model_dump(mode="json") for each in measured]}
        write_bytes_durably(file, canonical_json(facts).encode(), "evaluation")
        found.append(tuple(measured))
    return tuple(found)


def conditions_of(
    reference: Reference, vectors_of: Callable[[Sequence[str]], NDArray[np.float32]]
) -> Floats:
    """Vectors `[N, D]` of the clips' captions, each text once."""
    captions = [clip.caption for clip in reference.clips]
    unlike = sorted(set(captions))
    vectors = vectors_of(unlike)
    return np.asarray(vectors[[unlike.index(each) for each in captions]], dtype=np.float64)


def _heard(
    paths: Sequence[Path], ear: OpenEar, window: Window, tick: Tick
) -> tuple[Floats, Floats]:
    vectors, tags = [], []
    for path in paths:
        vector, of_it = ear.hear(read_sound(path, window), window.rate_hz)
        vectors.append(vector)
        tags.append(of_it)
        tick()
    return np.array(vectors, dtype=np.float64), np.array(tags, dtype=np.float64)


def _hash(*texts: str) -> str:
    return hashlib.sha256(canonical_json(texts).encode()).hexdigest()


def _stored(file: Path, of: str) -> dict[str, NDArray[Any]] | None:
    """The arrays of a file, if it was written of the same."""
    if not file.exists():
        return None
    with np.load(file) as found:
        return dict(found) if str(found["of"]) == of else None


def _store(file: Path, of: str, **arrays: NDArray[Any]) -> dict[str, NDArray[Any]]:
    file.parent.mkdir(parents=True, exist_ok=True)
    whole: dict[str, Any] = arrays | {"of": np.array(of)}
    write_durably(file, lambda out: np.savez(out, **whole), "evaluation")
    return arrays
