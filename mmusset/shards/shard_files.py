"""Where a dataset's shards lie: in its folder, or in a bucket that the folder mirrors.

Of a bucket's shards the mirror keeps those that were used last, as many as fit.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mmusset.errors import MmussetError
from mmusset.files import failpoint, file_sha256, sync_folder
from mmusset.stores.store import Store

from .manifest import FOLDER
from .mirror import Mirror, mirror_in
from .tar import Shard

DATA = "data"
# What the shards in a mirror may take; the one that is being used may be larger.
MOST_BYTES = 20 << 30


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What of a shard's file is known without reading it: its size, and a number that changes
    when it is written; 0 where the place does not say."""

    size: int
    version: int


class WrongBytes(MmussetError):
    """A shard has other bytes than it should have."""


class ShardFiles(Protocol):
    """The files in `data/` of a dataset. Names are as in the manifest: `data/train-000007.tar`."""

    def names(self) -> list[str]:
        """What lies there, sorted, shard or not."""
        ...

    def stamp(self, name: str) -> FileStamp | None:
        """What is known of a file; None where there is none."""
        ...

    def path(self, name: str, sha256: str = "") -> Path:
        """A shard's file on this machine, which stays there for some time.

        Raises FileNotFoundError where there is none, WrongBytes where it came with another sha256.
        """
        ...

    def as_it_lies(self, name: str) -> AbstractContextManager[Path]:
        """A shard's file as it lies there at this moment, for as long as the context lasts.

        Raises FileNotFoundError where there is none.
        """
        ...

    def keep(self, name: str) -> None:
        """Have a shard where the dataset is, that was written under its name in the folder."""
        ...

    def take(self, store: Store, name: str, shard: Shard) -> None:
        """Have a shard, which lies in a store under another name.

        Raises FileNotFoundError where it is not there, WrongBytes where it is another.
        """
        ...

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        ...


def shard_files(out: Path) -> ShardFiles:
    """The shards of a dataset's folder, wherever they lie."""
    mirror = mirror_in(out)
    return BucketShards(mirror) if mirror else FolderShards(out)


@dataclass(frozen=True, slots=True)
class FolderShards:
    """Shards in the dataset's own folder."""

    out: Path

    def names(self) -> list[str]:
        return sorted(f"{DATA}/{path.name}" for path in (self.out / DATA).glob("*"))

    def stamp(self, name: str) -> FileStamp | None:
        path = self.out / name
        if not path.is_file():
            return None
        stat = path.stat()
        return FileStamp(stat.st_size, stat.st_mtime_ns)

    def path(self, name: str, sha256: str = "") -> Path:
        return self.out / name

    @contextmanager
    def as_it_lies(self, name: str) -> Iterator[Path]:
        yield self.out / name

    def keep(self, name: str) -> None:
        """It is there."""

    def take(self, store: Store, name: str, shard: Shard) -> None:
        store.fetch(name, self.out / shard.name)
        if file_sha256(self.out / shard.name) != shard.sha256:
            raise WrongBytes(f"{shard.name} has other bytes")

    def delete(self, name: str) -> None:
        (self.out / name).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            sync_folder(self.out / DATA)


@dataclass(frozen=True, slots=True)
class BucketShards:
    """Shards in a bucket. The service keeps what it was given whole; `as_it_lies` reads it."""

    mirror: Mirror
    most_bytes: int = MOST_BYTES

    def names(self) -> list[str]:
        return [each.name for each in self.mirror.bucket.objects(f"{DATA}/")]

    def stamp(self, name: str) -> FileStamp | None:
        size = self.mirror.bucket.size(name)
        return None if size is None else FileStamp(size, 0)

    def path(self, name: str, sha256: str = "") -> Path:
        path = self.mirror.folder / name
        if not path.exists():
            self.mirror.bucket.fetch(name, path)
            if sha256 and file_sha256(path) != sha256:
                path.unlink()
                raise WrongBytes(
                    f"{name} in {self.mirror.url} has other bytes than the manifest says;"
                    " `mmusset build --check` repairs it"
                )
        path.touch()
        self._make_room(path)
        return path

    @contextmanager
    def as_it_lies(self, name: str) -> Iterator[Path]:
        with self.mirror.scratch() as folder:
            # Its split is told by its name.
            path = folder / name.rpartition("/")[2]
            self.mirror.bucket.fetch(name, path)
            yield path

    def keep(self, name: str) -> None:
        self.mirror.bucket.put_file(name, self.mirror.folder / name)
        failpoint("shard_put")
        self._make_room(self.mirror.folder / name)

    def take(self, store: Store, name: str, shard: Shard) -> None:
        """By a copy within the bucket: workers meet in it too. It may have been taken before the
        ledger was lost that knew it."""
        self.delete_here(shard.name)
        try:
            self.mirror.bucket.copy(f"{FOLDER}/shared/{name}", shard.name)
        except FileNotFoundError:
            if self.mirror.bucket.size(shard.name) is None:
                raise
        if self.mirror.bucket.size(shard.name) != shard.size:
            raise WrongBytes(f"{shard.name} has other bytes")

    def delete(self, name: str) -> None:
        self.mirror.bucket.delete(name)
        self.delete_here(name)

    def delete_here(self, name: str) -> None:
        """Delete what the mirror has of a shard."""
        (self.mirror.folder / name).unlink(missing_ok=True)

    def _make_room(self, but: Path) -> None:
        """Delete the shards that were used the longest ago, until the rest fits."""
        files = [path for path in (self.mirror.folder / DATA).glob("*.tar") if path != but]
        files.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        left = self.most_bytes - but.stat().st_size
        for path in files:
            left -= path.stat().st_size
            if left < 0:
                path.unlink(missing_ok=True)
