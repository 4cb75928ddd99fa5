"""Files of users and strangers, read whole, but never more than a stated number of bytes."""

import errno
import io
import os
import stat
from pathlib import Path

KB, MB = 1_000, 1_000_000
# Of a file of facts or prose: a manifest of 100,000 shards has about 20 MB.
MOST_FACTS = 64 * MB
MOST_TEXT = 4 * MB


def open_regular(path: Path) -> io.BufferedReader:
    """A regular file, open to be read.

    Raises OSError, whose `strerror` says what to people, where it can't be, and for what is no
    regular file: a device has no end, and a pipe waits for somebody to write to it.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """All bytes of a regular file.

    Raises OSError as `open_regular` does, and for more than `most_bytes`. What a file says of
    its own size is not believed: those of /proc say 0.
    """
    with open_regular(path) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {size(most_bytes)}", str(path))
    return data


def read_text_bounded(path: Path, most_bytes: int) -> str:
    """The text of a UTF-8 file, its lines ended by `\\n`, without a byte order mark.

    Raises OSError as `read_bounded` does, UnicodeDecodeError for what is not UTF-8.
    """
    data = read_bounded(path, most_bytes)
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig").read()


def size(count: int) -> str:
    """`64 MB`, `300 kB`."""
    return f"{count / MB:g} MB" if count >= MB else f"{count / KB:g} kB"
