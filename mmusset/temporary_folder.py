"""A temporary folder that goes with its process, or, where that is killed, with the next one.

`kill -9`, a full memory or a power cut leave what a process has put into the system's folder for
temporary files: a block's media, a table's files, hundreds of megabytes each time. So each folder
is locked for as long as its process lives, and who makes one removes those that nobody locks: those
of this machine, since some network disks keep the locks of one machine from all others.
"""

import fcntl
import os
import re
import shutil
import socket
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from mmusset.files import PARTIAL

PREFIX = f"mmusset-{re.sub('[^A-Za-z0-9]', '-', socket.gethostname())}-"
_NAME = re.compile(rf"{PREFIX}\w{{8}}{re.escape(PARTIAL)}", re.ASCII)
JUST_MADE_S = 60.0  # a folder younger than that may be about to be locked


class TemporaryFolder(tempfile.TemporaryDirectory[str]):
    """`with TemporaryFolder() as name:`, in the system's folder for such or in another.

    Raises OSError where none can be made there.
    """

    def __init__(self, where: Path | None = None) -> None:
        remove_abandoned(where or Path(tempfile.gettempdir()))
        super().__init__(PARTIAL, PREFIX, where)
        self._lock = os.open(self.name, os.O_RDONLY)
        # Where no folder can be locked, nobody else can lock it either, and it stays.
        with suppress(OSError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def cleanup(self) -> None:
        """Remove it, now."""
        super().cleanup()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


@cache
def remove_abandoned(where: Path) -> None:
    """Remove the temporary folders there that killed processes of this user have left.

    Once for each folder in a process. What can't be removed stays.
    """
    with suppress(OSError):
        for entry in os.scandir(where):
            if _NAME.fullmatch(entry.name):
                _remove_if_abandoned(entry)


def _remove_if_abandoned(entry: "os.DirEntry[str]") -> None:
    with suppress(OSError):  # a link, locked by a living process, or gone meanwhile
        facts = entry.stat(follow_symlinks=False)
        if facts.st_uid != os.getuid() or time.time() - facts.st_mtime < JUST_MADE_S:
            return
        lock = os.open(entry.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(entry.path, ignore_errors=True)
        finally:
            os.close(lock)
