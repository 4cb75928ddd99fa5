"""The members of a tar that a stranger may have made: headers first, within bounds.

Of two that have the same key, "x" of `x.music.flac`, and follow each other, both are of one sample.
"""

import tarfile
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO, cast

from .bounded import MB, size
from .safe_text import printable

MOST_OF_A_MEMBER = 256 * MB
MOST_OF_A_SAMPLE = 512 * MB
MOST_OF_A_HEADER = 1 * MB
NO_OTHER: Mapping[str, int] = MappingProxyType({})
# What tarfile raises, besides its own errors, at headers that nobody writes by accident.
_OF_BAD_HEADERS = (ValueError, LookupError, ArithmeticError, RecursionError)


def headers_within(
    file: BinaryIO, most_bytes: Mapping[str, int] = NO_OTHER
) -> Iterator[tarfile.TarInfo]:
    """The header of each member of a tar, in order. Of the members themselves nothing is read.

    Raises tarfile.TarError or OSError on a broken tar, and where a member, or all of one key that
    follow each other, are larger than is allowed: `most_bytes` by what comes after the key.
    """
    key, together = "", 0
    try:
        with tarfile.open(fileobj=cast(BinaryIO, _Headers(file)), mode="r:") as tar:
            for info in tar:
                name = printable(info.name)
                member_key, _, extension = info.name.rpartition("/")[2].partition(".")
                if info.issparse() or info.size < 0:
                    raise tarfile.TarError(f"{name} is not a plain file")
                if info.size > (most := most_bytes.get(extension.lower(), MOST_OF_A_MEMBER)):
                    raise tarfile.TarError(f"{name} is larger than {size(most)}")
                together = info.size + (together if member_key == key else 0)
                key = member_key
                if together > MOST_OF_A_SAMPLE:
                    most = MOST_OF_A_SAMPLE
                    raise tarfile.TarError(f"{printable(key)} is larger than {size(most)}")
                yield info
    except _OF_BAD_HEADERS as error:
        raise tarfile.ReadError(f"a header can't be read ({type(error).__name__})") from None


def member(file: BinaryIO, info: tarfile.TarInfo) -> bytes:
    """The bytes of a member that `headers_within` gave.

    Raises tarfile.TarError where it is cut short.
    """
    file.seek(info.offset_data)
    data = file.read(info.size)
    if len(data) != info.size:
        raise tarfile.ReadError("unexpected end of data")
    return data


class _Headers:
    """A tar's file as tarfile may read it: headers alone, none of them larger than is reasonable.

    A header of the kinds that precede another (a long name, pax) says itself how long it is.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek

    def read(self, count: int) -> bytes:
        if not 0 <= count <= MOST_OF_A_HEADER:
            raise tarfile.ReadError(f"a header is larger than {size(MOST_OF_A_HEADER)}")
        return self._file.read(count)
