"""TensorFlow checkpoints written by hand, for tests of what reads them."""

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def checkpoint(variables: Mapping[str, Floats]) -> tuple[bytes, bytes]:
    """The index and the data of a checkpoint in one shard."""
    data, rows = b"", [(b"", _field(1, 1))]  # the header: one shard
    for name in sorted(variables):
        values = variables[name].astype("<f4").tobytes()
        shape = b"".join(_nested(2, _field(1, size)) for size in variables[name].shape)
        entry = _field(1, 1) + _nested(2, shape) + _field(4, len(data)) + _field(5, len(values))
        rows.append((name.encode(), entry))
        data += values
    block = _block(rows)
    whole = block + b"\0" * 5  # no compression, and a checksum that nobody looks at
    index_at = len(whole)
    index = _block([(b"~", _varint(0) + _varint(len(block)))])
    whole += index + b"\0" * 5
    footer = _varint(0) + _varint(0) + _varint(index_at) + _varint(len(index))
    return whole + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57), data


def wheel(path: Path, members: Mapping[str, bytes]) -> Path:
    """A wheel, by its name, that pip takes for one."""
    project, version = path.name.split("-")[:2]
    about = f"{project}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def _block(rows: list[tuple[bytes, bytes]]) -> bytes:
    """A block of a sorted table; keys share with the one before what they can."""
    block, before = b"", b""
    for key, value in rows:
        shared = 0
        while shared < min(len(key), len(before)) and key[shared] == before[shared]:
            shared += 1
        block += _varint(shared) + _varint(len(key) - shared) + _varint(len(value))
        block += key[shared:] + value
        before = key
    return block + struct.pack("<II", 0, 1)


def _field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _nested(number: int, message: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(message)) + message


def _varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])
