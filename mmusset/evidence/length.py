"""Whether what a header says of a sound's length can be believed, without decoding all of it."""

from typing import Any

from .media_file import MediaFile

LONGEST_S = 1e6  # longer than eleven days is a header that does not know
# An mp3 may be followed by tags; more than these, or fewer bytes than said, is another length.
MOST_BYTES_OFF, MOST_SHARE_OFF = 4096, 0.02
FIRST_FRAME_WITHIN = 16384  # bytes behind the tag
PAGE_HEAD, MOST_OF_A_PAGE = 27, 65307  # bytes of a page of Ogg
FIRST_PAGE = 2  # the flag of a stream's first page


def is_believable(media: MediaFile, file: Any) -> bool:
    """Whether the length that libsndfile tells of an open file is that of its sound.

    Where it is not, all packets have to be looked at.
    """
    if not 0 < file.frames <= LONGEST_S * file.samplerate:
        return False
    if file.format == "MP3":
        return _mp3_counts_itself(media)
    if file.format == "OGG":
        return not is_chained(media)
    if file.format == "FLAC":
        return _has_its_end(file)
    return True  # the others' lengths are bounded by the file's


def is_chained(media: MediaFile) -> bool:
    """Whether an Ogg file holds one stream after another, as a recorded web radio does: whether its
    last page is of none of the streams that it begins with (RFC 3533 gives each its own number)."""
    begun, place = set[bytes](), 0
    while (page := media.read_at(place, PAGE_HEAD + 255))[:4] == b"OggS" and page[5] & FIRST_PAGE:
        begun.add(page[14:18])
        place += PAGE_HEAD + page[26] + sum(page[PAGE_HEAD : PAGE_HEAD + page[26]])
    tail = media.read_at(max(0, media.size - MOST_OF_A_PAGE), MOST_OF_A_PAGE)
    last = tail.rfind(b"OggS")
    return bool(begun) and last >= 0 and tail[last + 14 : last + 18] not in begun


def _has_its_end(file: Any) -> bool:
    """Whether the last samples can be read: a file that was cut off has them not."""
    try:
        file.seek(max(0, file.frames - file.samplerate // 100))
        return len(file.read(dtype="float32")) > 0
    except RuntimeError:
        return False


def _mp3_counts_itself(media: MediaFile) -> bool:
    """Whether an mp3 begins with a count of its frames (Xing, Info, VBRI), and has as many bytes as
    the count is for."""
    begin = _behind_tags(media)
    head = media.read_at(begin, FIRST_FRAME_WITHIN)
    place = _first_frame(head)
    if place is None:
        return False
    frame = head[place : place + 256]
    is_mpeg1, is_mono = bool(frame[1] & 0x08), frame[3] & 0xC0 == 0xC0
    side = (17 if is_mono else 32) if is_mpeg1 else (9 if is_mono else 17)
    counted = 0
    if frame[4 + side : 8 + side] in (b"Xing", b"Info"):
        flags = int.from_bytes(frame[8 + side : 12 + side])
        if flags & 3 == 3:
            counted = int.from_bytes(frame[16 + side : 20 + side])
    elif frame[36:40] == b"VBRI":
        counted = int.from_bytes(frame[46:50])
    there = media.size - begin - place
    return counted > 0 and abs(there - counted) <= MOST_BYTES_OFF + MOST_SHARE_OFF * counted


def _behind_tags(media: MediaFile) -> int:
    """Where the sound begins: behind any ID3v2 tags."""
    place = 0
    while (head := media.read_at(place, 10))[:3] == b"ID3" and len(head) == 10:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        place += 10 + size + (10 if head[5] & 0x10 else 0)
    return place


def _first_frame(head: bytes) -> int | None:
    """Where the first frame of layer III lies."""
    place = head.find(b"\xff")
    while 0 <= place < len(head) - 256:
        second, third = head[place + 1], head[place + 2]
        is_layer3 = second & 0xE6 == 0xE2 and second & 0x18 != 0x08
        if is_layer3 and third >> 4 not in (0, 15) and third & 0x0C != 0x0C:
            return place
        place = head.find(b"\xff", place + 1)
    return None
