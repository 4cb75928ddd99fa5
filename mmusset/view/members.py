"""Where samples' members lie in shards: read by offset, never unpacked."""

import os
import tarfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from mmusset.bounded import open_regular
from mmusset.shards.tar import headers

# Shards whose members are remembered: a shard of 512 samples takes about 300 kB.
MOST_SHARDS = 64

Places = dict[str, dict[str, tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Span:
    """Some bytes of a file."""

    path: Path
    offset: int
    size: int

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """Its bytes from `start` to `stop`. Raises OSError where the file is gone."""
        end = self.size if stop is None else min(stop, self.size)
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), max(0, end - start), self.offset + start)


def whole(path: Path) -> Span | None:
    """All of a file, if it is there."""
    try:
        return Span(path, 0, path.stat().st_size)
    except OSError:
        return None


class Members:
    """The members of shards, by key and extension; a shard's headers are read once."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int], Places] = OrderedDict()
        self._lock = Lock()

    def find(self, shard: Path, key: str, extension: str) -> Span | None:
        """Where a member lies; None where the shard or the member is not there."""
        place = self.places(shard).get(key, {}).get(extension)
        return Span(shard, *place) if place else None

    def places(self, shard: Path) -> Places:
        """Offset and size of every member; {} where the shard is gone, broken or not to be read."""
        try:
            stat = shard.stat()
            name = (str(shard), stat.st_mtime_ns, stat.st_size)
            with self._lock:
                if name not in self._known:
                    self._known[name] = _places(shard)
                self._known.move_to_end(name)
                while len(self._known) > MOST_SHARDS:
                    self._known.popitem(last=False)
                return self._known[name]
        except (OSError, tarfile.TarError):
            return {}


def _places(shard: Path) -> Places:
    places: Places = {}
    with open_regular(shard) as file:
        for info in headers(file):
            if info.isreg():
                key, _, extension = info.name.partition(".")
                places.setdefault(key, {})[extension] = (info.offset_data, info.size)
    return places
