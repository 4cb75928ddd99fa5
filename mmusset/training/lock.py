"""One training at a time in a folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmusset.errors import Refused


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder, made if it is not there, for one training alone.

    Raises Refused where another is running in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"another training is running in {folder}; wait for it, or stop it"
            ) from None
        yield
