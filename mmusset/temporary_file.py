"""A temporary file that is in memory while it is small, and tells the user when a disk is full."""

import contextlib
import os
import tempfile
import weakref
from typing import IO

from mmusset.errors import MmussetError, system_reason

IN_MEMORY = 1 << 24  # bytes: only more than that go into a file


class TemporaryFile:
    """Bytes that are written at the end and read anywhere. The file goes with this, and lies in the
    system's folder for temporary files."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._file = tempfile.SpooledTemporaryFile(in_memory)  # noqa: SIM115 - closed with this
        weakref.finalize(self, _close, self._file)
        self.size = 0

    def append(self, data: bytes | memoryview) -> None:
        """Write at the end. Raises MmussetError where the folder takes no more."""
        try:
            self._file.seek(0, os.SEEK_END)
            self._file.write(data)
            self._file.flush()  # a full disk is found here, not when some of it is read
        except OSError as error:
            raise MmussetError(
                f"can't write to {tempfile.gettempdir()}, the folder for temporary files"
                f" ({system_reason(error)}): make room there, or name a folder of another disk"
                " in the environment variable TMPDIR, and run the command again"
            ) from None
        self.size = self._file.tell()

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`."""
        self._file.seek(start)
        return self._file.read(end - start)


def _close(file: IO[bytes]) -> None:
    """What a full disk did not take is of no use any more."""
    with contextlib.suppress(OSError):
        file.close()
