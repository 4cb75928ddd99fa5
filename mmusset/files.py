"""Files that are whole or absent, whatever kills the process."""

import hashlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

# What ends so may be deleted: a kill has left it.
PARTIAL = ".partial"


def failpoint(name: str) -> None:
    """Where tests kill the process: SIGKILL if $MMUSSET_FAILPOINT is `name` or `name:n`.

    With n, the n-th time that this point is reached (from 1).
    """
    point, _, count = os.environ.get("MMUSSET_FAILPOINT", "").partition(":")
    if point != name:
        return
    left = int(count or 1) - 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    os.environ["MMUSSET_FAILPOINT"] = f"{name}:{left}"


def write_durably(path: Path, write: Callable[[BinaryIO], object], point: str) -> None:
    """Have `write` fill a file that appears under `path` only when it is whole on disk.

    Temporary name, fsync, rename, fsync of the folder: without the first, a power cut may leave
    an empty file under the name; without the second, no name. `point` names the failpoints.
    Raises OSError as the system gives it.
    """
    partial = path.with_name(path.name + PARTIAL)
    try:
        with partial.open("wb") as file:
            write(file)
            failpoint(f"{point}_written")
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        # On a full disk, others need the room.
        partial.unlink(missing_ok=True)
        raise
    failpoint(f"{point}_synced")
    partial.replace(path)
    failpoint(f"{point}_renamed")
    sync_folder(path.parent)


def write_bytes_durably(path: Path, data: bytes, point: str) -> None:
    """Write `data` to a file that appears under `path` only when it is whole on disk.

    Raises OSError as the system gives it.
    """
    write_durably(path, lambda file: file.write(data), point)


def sync_file(path: Path) -> None:
    """Make a file's bytes survive a power cut."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def cache_folder(kind: str) -> Path:
    """Where what is fetched is kept: `$XDG_CACHE_HOME/mmusset/KIND`, or in ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if home else Path.home() / ".cache") / "mmusset" / kind


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
