"""ID3v2 tags as they were before they were made safe for old players: without unsynchronisation.

After every byte 255 such a tag has a zero that is no part of it (ID3v2.3.0, section 5; ID3v2.4.0,
section 6.1); tinytag leaves them in, and a cover that was stored so comes out damaged.
"""

import io
from typing import BinaryIO

HEADER, FRAME = 10, 10
WHOLE_TAG = 0x80  # the flag of a tag
FRAME_STUFFED, FRAME_LENGTH = 0x02, 0x01  # the flags of a frame of version 4
EXTENDED = 0x40
MOST_BYTES = 1 << 26


def plain(file: BinaryIO) -> BinaryIO:
    """The file with its tag as it was; the file itself, at its beginning, where that is no other.

    Raises OSError.
    """
    file.seek(0)
    head = file.read(HEADER)
    file.seek(0)
    if len(head) < HEADER or head[:3] != b"ID3" or head[3] not in (2, 3, 4):
        return file
    size = _of_sevens(head[6:10])
    if head[3] < 4 and not head[5] & WHOLE_TAG:
        return file
    file.seek(HEADER)
    body = file.read(size) if size <= MOST_BYTES else b""
    freed = _without_zeros(body) if head[3] < 4 else _frames_freed(body, head[5])
    if freed is None or not body:
        file.seek(0)
        return file
    flags = bytes([head[5] & ~WHOLE_TAG])
    return io.BytesIO(head[:5] + flags + _in_sevens(len(freed)) + freed + file.read(MOST_BYTES))


def _frames_freed(body: bytes, flags: int) -> bytes | None:
    """The frames of version 4; None where none of them is stuffed, or they can't be told apart."""
    if flags & EXTENDED:
        return None
    freed, place, was_stuffed = b"", 0, False
    while place + FRAME <= len(body) and body[place] != 0:
        frame, size = body[place : place + FRAME], _of_sevens(body[place + 4 : place + 8])
        data = body[place + FRAME : place + FRAME + size]
        if len(data) < size:
            return None
        marks = frame[9]
        if marks & FRAME_STUFFED:
            was_stuffed = True
            data = _without_zeros(data)
            if marks & FRAME_LENGTH:
                data = data[4:]
            marks &= ~(FRAME_STUFFED | FRAME_LENGTH)
        freed += frame[:4] + _in_sevens(len(data)) + frame[8:9] + bytes([marks]) + data
        place += FRAME + size
    return freed if was_stuffed else None


def _without_zeros(data: bytes) -> bytes:
    return data.replace(b"\xff\x00", b"\xff")


def _of_sevens(data: bytes) -> int:
    size = 0
    for byte in data:
        size = size << 7 | byte & 0x7F
    return size


def _in_sevens(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
