"""A file of the source, opened once: what is hashed is what is decoded.

Decoders swallow what a failed read says and take the file for a shorter one, or a silent one.
So a failed read looks like the file's end to them; the file remembers it, and raises it when it is
closed, whatever they made of it.
"""

import errno
import hashlib
import io
import os
import stat
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mmusset.errors import Unread, Unusable, is_machine_trouble, system_reason

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Decoders ask for a few kilobytes at a time; each question of ours costs as much as a block.
BUFFER_BYTES = 65536
PLACE_BYTES = 16384
# A file that was changed a moment ago may be changed once more within one step of its clock.
SETTLED_S = 2.0
HASHES_KEPT = 256

# Of files of which all reads were good: the clips of a piece come soon after each other. The time
# of the last change is among what a file is known by, since nobody but the system sets that.
_hashes: dict[tuple[int, ...], str] = {}


class MediaFile:
    """`with MediaFile(path) as media:` a regular file, by one descriptor.

    Opening raises Unusable where nothing, or no regular file, is there (a link or a pipe put in
    its place is refused). Opening, reading and leaving the block raise Unread where the machine
    could not read it, or somebody changed it meanwhile; that outranks what else went wrong.
    """

    def __init__(self, path: Path) -> None:
        self.suffix = path.suffix.lower()
        self._path = path
        self._trouble: OSError | None = None
        self._hash = ""
        try:
            # A pipe that nobody writes to must not hold us up.
            self._fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _opening(path, error) from None
        self._opened = os.fstat(self._fd)
        if not stat.S_ISREG(self._opened.st_mode):
            os.close(self._fd)
            raise Unusable("not a regular file")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._check()
            self._remember_hash()
        finally:
            os.close(self._fd)

    @property
    def size(self) -> int:
        """In bytes, when it was opened."""
        return self._opened.st_size

    def reader(self) -> io.BufferedReader:
        """The file from its beginning. Each reader has a place of its own."""
        return io.BufferedReader(_Reader(self), BUFFER_BYTES)

    def sha256(self) -> str:
        """Of all its bytes, in hex; they are read once, however often a file is opened that nobody
        changes."""
        known = _hashes.get(self._known_by)
        self._hash = known or hashlib.file_digest(self.reader(), "sha256").hexdigest()
        return self._hash

    def sha256_of_places(self) -> str:
        """Of its size, beginning, middle and end, in hex. Files that differ may have the same."""
        last = max(0, self.size - PLACE_BYTES)
        read = hashlib.sha256(str(self.size).encode())
        for place in sorted({0, last // 2, last}):
            read.update(self.read_at(place, PLACE_BYTES))
        return read.hexdigest()

    def read_at(self, place: int, size: int) -> bytes:
        """So many bytes from a place on; fewer at the file's end, or where a read fails."""
        try:
            return os.pread(self._fd, size, place)
        except OSError as error:
            if not is_machine_trouble(error):
                raise
            self._trouble = self._trouble or error
            return b""

    def _check(self) -> None:
        """Raises Unread where a read failed, or the file is another than the one opened."""
        if self._trouble:
            raise Unread(system_reason(self._trouble)) from None
        try:
            there = self._path.lstat()
        except FileNotFoundError:
            return  # what was read is whole all the same
        except OSError as error:
            raise Unread(system_reason(error)) from None
        for now in (os.fstat(self._fd), there):
            if _stamp(now) != _stamp(self._opened):
                raise Unread("it was changed while it was read") from None

    def _remember_hash(self) -> None:
        if not self._hash or time.time() - self._opened.st_ctime < SETTLED_S:
            return
        if len(_hashes) >= HASHES_KEPT:
            _hashes.clear()
        _hashes[self._known_by] = self._hash

    @property
    def _known_by(self) -> tuple[int, ...]:
        return *_stamp(self._opened), self._opened.st_ctime_ns


class _Reader(io.RawIOBase):
    """A place in a file that is open already."""

    def __init__(self, media: MediaFile) -> None:
        super().__init__()
        self._media = media
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._media.size}[whence]
        if begin + offset < 0:
            # As a file of the system's says it: parsers of tags look for the end in this way.
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._place = begin + offset
        return self._place

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._media.read_at(self._place, len(view))
        view[: len(data)] = data
        self._place += len(data)
        return len(data)


def _opening(path: Path, error: OSError) -> Unusable | Unread:
    if is_machine_trouble(error):
        return Unread(system_reason(error))
    try:
        there = path.lstat()
    except OSError:
        return Unusable("file is gone", system_reason(error))
    if stat.S_ISREG(there.st_mode):
        return Unusable("can't be read", system_reason(error))
    return Unusable("not a regular file")


def _stamp(info: os.stat_result) -> tuple[int, int, int, int]:
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns
