"""Shards: USTAR tars whose bytes depend on their samples alone (no time, user or umask).

A sample is five members in a fixed order, all of one key:
KEY.image.jpg, KEY.music.flac, KEY.story.txt, KEY.caption.txt, KEY.json,
and a sixth where the picture is of a video: KEY.frames.jpg
"""

import io
import re
import tarfile
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mmusset.bounded import MB, open_regular
from mmusset.errors import MmussetError
from mmusset.files import file_sha256, write_durably
from mmusset.json_text import canonical_json
from mmusset.safe_text import printable
from mmusset.sample import Quadruple
from mmusset.sample_parts.media import MediaFacts
from mmusset.tar_members import headers_within, member

from .frames import MEMBER as FRAMES

# A sample's key and what the member is. Whatever else a tar may name has no encoding for sure.
NAME = re.compile(r"[0-9a-z]{1,64}(\.[0-9a-z]+)+")
MEMBERS = ("image.jpg", "music.flac", "story.txt", "caption.txt", "json")
# What a member may take of memory, whatever its header says. Ours are far smaller: a picture of
# at most 1024 pixels a side, seconds of FLAC, and 30 kB of JSON.
MOST_BYTES = {
    "image.jpg": 64 * MB,
    "music.flac": 256 * MB,
    "story.txt": 4 * MB,
    "caption.txt": 4 * MB,
    "json": 4 * MB,
    FRAMES: 64 * MB,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A quadruple with its media: what a shard holds of it. `frames_jpeg` is b"" where the picture
    is not of a video."""

    quadruple: Quadruple
    image_jpeg: bytes
    music_flac: bytes
    frames_jpeg: bytes = b""

    def members(self) -> dict[str, bytes]:
        """The members by extension, in order."""
        frames = {FRAMES: self.frames_jpeg} if self.frames_jpeg else {}
        return {
            "image.jpg": self.image_jpeg,
            "music.flac": self.music_flac,
            "story.txt": self.quadruple.story.text.encode(),
            "caption.txt": self.quadruple.caption.text.encode(),
            "json": sample_json(self.quadruple),
            **frames,
        }


@dataclass(frozen=True, slots=True)
class Shard:
    """A written shard: its name under the dataset's folder, and what is in it."""

    name: str
    samples: int
    size: int
    sha256: str


def members_of(facts: MediaFacts) -> tuple[str, ...]:
    """The extensions of a sample's members, in order."""
    return (*MEMBERS, FRAMES) if facts.frames.count else MEMBERS


def shard_name(split: str, number: int) -> str:
    """`data/train-000007.tar`"""
    return f"data/{split}-{number:06d}.tar"


def sample_json(quadruple: Quadruple) -> bytes:
    """The bytes of a sample's JSON: one value, one spelling."""
    return canonical_json(quadruple.model_dump(mode="json")).encode()


def write_shard(
    out: Path, name: str, samples: Iterable[Sample], expected: Shard | None = None
) -> Shard:
    """Write a shard under its final name only when all of it is on the disk.

    Raises OSError when the disk refuses, and MmussetError, leaving what stands there, where
    it is not the shard that was `expected`.
    """
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0

    def fill(file: BinaryIO) -> None:
        nonlocal count
        with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for sample in samples:
                for extension, data in sample.members().items():
                    info = tarfile.TarInfo(f"{sample.quadruple.key}.{extension}")
                    info.size = len(data)
                    info.mode = 0o644
                    tar.addfile(info, io.BytesIO(data))
                count += 1
        file.flush()
        if expected and expected != Shard(name, count, file.tell(), file_sha256(Path(file.name))):
            raise MmussetError(
                f"{name} came out with other bytes than the ledger records;"
                " another version of mmusset or of a library wrote it"
            )

    write_durably(path, fill, "shard")
    return Shard(name, count, path.stat().st_size, file_sha256(path))


def read_shard(
    path: Path, extensions: Container[str] | None = None
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Each sample's key and its members by extension, in the order of the tar.

    With `extensions`, other members are skipped without reading them. Nothing is decoded or
    unpickled. Raises tarfile.TarError or OSError on a broken tar, and on one that asks for
    more memory than a sample may take.
    """
    key, members = "", dict[str, bytes]()
    with open_regular(path) as file:
        for info in headers(file):
            member_key, _, extension = info.name.partition(".")
            if not NAME.fullmatch(info.name):
                raise tarfile.TarError(f"{printable(info.name)} is no member of a sample")
            if members and member_key != key:
                yield key, members
                members = {}
            if not info.isreg():
                raise tarfile.TarError(f"{printable(info.name)} is not a regular file")
            if extension in members:
                raise tarfile.TarError(f"{printable(info.name)} stands twice")
            key = member_key
            if extensions is None or extension in extensions:
                members[extension] = member(file, info)
    if members:
        yield key, members


def headers(file: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """The header of each member of a shard, in order, within `MOST_BYTES`; of the members
    themselves nothing is read. Raises tarfile.TarError or OSError on a broken tar.
    """
    return headers_within(file, MOST_BYTES)
