"""Files in a bundle of resources as Qt's `rcc` writes it: some of GCompris' sounds lie in one."""

import struct
import zlib
from collections.abc import Iterator

_HEAD, _FOLDER, _PACKED = struct.Struct(">4sIIII"), 2, 1


def files(bundle: bytes) -> Iterator[tuple[str, bytes]]:
    """The path of each file in it, and its content. Raises ValueError for what is no bundle."""
    magic, version, tree, data, names = _HEAD.unpack_from(bundle)
    if magic != b"qres":
        raise ValueError("no bundle of Qt's resources")
    size = 14 if version < 2 else 22

    def below(number: int, path: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
        name_at, flags, first, second = struct.unpack_from(">IHII", bundle, tree + number * size)
        own = (*path, _name(bundle, names + name_at)) if number else path
        if flags & _FOLDER:
            for child in range(second, second + first):
                yield from below(child, own)
        else:
            yield "/".join(own), _content(bundle, data + second, flags)

    yield from below(0, ())


def _name(bundle: bytes, at: int) -> str:
    (length,) = struct.unpack_from(">H", bundle, at)
    return bundle[at + 6 : at + 6 + 2 * length].decode("utf-16-be")


def _content(bundle: bytes, at: int, flags: int) -> bytes:
    (length,) = struct.unpack_from(">I", bundle, at)
    content = bundle[at + 4 : at + 4 + length]
    return zlib.decompress(content[4:]) if flags & _PACKED else content
