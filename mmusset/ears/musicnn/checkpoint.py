"""Reading a TensorFlow checkpoint (a "tensor bundle") without TensorFlow.

Its index is a sorted table in LevelDB's format, whose values are protocol buffers that say where in
the data each variable lies. Only files whose hash is known are read so: nothing here is hardened
against strangers' bytes.
"""

import struct
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48
_FLOAT = 1  # DT_FLOAT
# Fields of BundleEntryProto and of the shape in it.
_DTYPE, _SHAPE, _OFFSET, _SIZE = 1, 2, 4, 5
_DIMENSION, _LENGTH = 2, 1


def read_checkpoint(index: bytes, data: bytes) -> Mapping[str, Floats]:
    """The float variables of a checkpoint in one shard, without what its optimiser kept.

    Raises ValueError where the index is none.
    """
    variables = {}
    for name, entry in _table(index):
        fields = dict(_fields(entry))
        if not name or "Adam" in name or fields.get(_DTYPE) != _FLOAT:
            continue
        start, size = _number(fields, _OFFSET), _number(fields, _SIZE)
        flat = np.frombuffer(data[start : start + size], dtype="<f4")
        variables[name] = flat.reshape(_shape(fields)).astype(np.float32)
    return variables


def _table(table: bytes) -> Iterator[tuple[str, bytes]]:
    """The keys and values of a sorted table, whose blocks are not compressed."""
    footer = table[-_FOOTER_BYTES:]
    if len(footer) < _FOOTER_BYTES or struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise ValueError("this is no index of a TensorFlow checkpoint")
    place = 0
    numbers = []
    for _ in range(4):  # offset and size of the table's statistics, and of the index of its blocks
        number, place = _varint(footer, place)
        numbers.append(number)
    for _, handle in _entries(table, numbers[2], numbers[3]):
        start, place = _varint(handle, 0)
        size, _ = _varint(handle, place)
        for key, value in _entries(table, start, size):
            yield key.decode(), value


def _entries(table: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a block: each key is told by what it does not share with the one before."""
    block = table[start : start + size]
    (restarts,) = struct.unpack("<I", block[-4:])
    end, place, key = size - 4 * (restarts + 1), 0, b""
    while place < end:
        shared, place = _varint(block, place)
        own, place = _varint(block, place)
        length, place = _varint(block, place)
        key = key[:shared] + block[place : place + own]
        place += own
        yield key, block[place : place + length]
        place += length


def _shape(fields: Mapping[int, "int | bytes"]) -> tuple[int, ...]:
    shape = fields.get(_SHAPE, b"")
    assert isinstance(shape, bytes)
    dimensions = (value for number, value in _fields(shape) if number == _DIMENSION)
    return tuple(_number(dict(_fields(bytes(each))), _LENGTH) for each in dimensions)


def _number(fields: Mapping[int, "int | bytes"], which: int) -> int:
    """A number; what protocol buffers leave out is 0."""
    value = fields.get(which, 0)
    assert isinstance(value, int)
    return value


def _fields(message: bytes) -> Iterator[tuple[int, "int | bytes"]]:
    """The fields of a protocol buffer: numbers, and bytes of what is nested."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, place = _varint(message, place)
            yield number, value
        else:
            if kind == 2:
                size, place = _varint(message, place)
            else:
                size = 8 if kind == 1 else 4
            yield number, message[place : place + size]
            place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number in groups of seven bits, and where it ends."""
    number = shift = 0
    while True:
        byte = data[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place
