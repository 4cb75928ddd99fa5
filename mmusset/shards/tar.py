"""Shards: USTAR tars whose bytes depend on their samples alone.

A sample is five members in a fixed order, all of one key:
KEY.image.jpg, KEY.music.flac, KEY.story.txt, KEY.caption.txt, KEY.json
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mmusset.errors import MmussetError
from mmusset.sample import Quadruple

from .durable import write_durably

MEMBERS = ("image.jpg", "music.flac", "story.txt", "caption.txt", "json")


@dataclass(frozen=True, slots=True)
class Sample:
    """A quadruple with its media: what a shard holds of it."""

    quadruple: Quadruple
    image_jpeg: bytes
    music_flac: bytes

    def members(self) -> dict[str, bytes]:
        """The five members by extension, in order."""
        return {
            "image.jpg": self.image_jpeg,
            "music.flac": self.music_flac,
            "story.txt": self.quadruple.story.text.encode(),
            "caption.txt": self.quadruple.caption.text.encode(),
            "json": canonical_json(self.quadruple),
        }


@dataclass(frozen=True, slots=True)
class Shard:
    """A written shard: its name under the dataset's folder, and what is in it."""

    name: str
    samples: int
    size: int
    sha256: str


def shard_name(split: str, number: int) -> str:
    """`data/train-000007.tar`"""
    return f"data/{split}-{number:06d}.tar"


def canonical_json(quadruple: Quadruple) -> bytes:
    """Sorted keys, no spaces, plain ASCII: one value, one spelling."""
    data = quadruple.model_dump(mode="json")
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


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
    path: Path, wanted: Container[str] | None = None
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Each sample's key and its members by extension, in the order of the tar.

    Of members that are not `wanted` no byte is read, and they are left out. Nothing is decoded
    or unpickled. Raises tarfile.TarError or OSError on a broken tar.
    """
    key, members = "", dict[str, bytes]()
    with tarfile.open(path, mode="r:") as tar:
        for info in tar:
            member_key, _, extension = info.name.partition(".")
            if members and member_key != key:
                yield key, members
                members = {}
            file = tar.extractfile(info) if info.isreg() else None
            if file is None:
                raise tarfile.TarError(f"{info.name} is not a regular file")
            if extension in members:
                raise tarfile.TarError(f"{info.name} stands twice")
            key = member_key
            if wanted is None or extension in wanted:
                members[extension] = file.read()
    if members:
        yield key, members


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
