"""What decoding anything has in common. Call it only in a child process: media are not trusted.

`sound.py` reads music, `still.py` pictures, `video.py` frames. All are handed an open file and
never a name: what a file tells a decoder to open stays closed. Whatever a decoder raises on bad
bytes comes out as Unusable, in words for people.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmusset.encodings import text_of
from mmusset.errors import Unread, Unusable, is_machine_trouble

from .media_file import MediaFile
from .what_it_is import HEAD_BYTES, kind_of_content


@contextmanager
def media_errors(what: str, why: Callable[[], str]) -> Iterator[None]:
    """Turn whatever a decoder raises into Unusable; fuzzing saw seven kinds from one library.

    `what` can't be done, and `why` says why, since no library's message is for people. An OSError
    that is the machine's fault goes through, and so does a want of memory.
    """
    try:
        yield
    except (Unusable, Unread, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and is_machine_trouble(error):
            raise
        raise Unusable(what, why()) from None


def head_of(source: MediaFile | bytes) -> bytes:
    """The bytes that a file begins with, which tell what it is."""
    if isinstance(source, bytes):
        return source[:HEAD_BYTES]
    return source.read_at(0, HEAD_BYTES)


def read_text(media: MediaFile, what: str = "story", max_bytes: int = 65536) -> str:
    """A given story, as it is, less a byte order mark. White space alone is none, "".

    `what` it is stands in messages. Raises Unusable if it is not text, or in an encoding that is
    not sure.
    """
    data = media.reader().read(max_bytes + 1)
    if len(data) > max_bytes:
        raise Unusable(f"{what} is too long", f"over {max_bytes} bytes")
    text = text_of(data)
    if text is None:
        kind = kind_of_content(data[:HEAD_BYTES])
        if kind.name and kind.family:
            raise Unusable(f"{what} is no text", f"it is {kind.name}")
        raise Unusable(f"{what} can't be read", "its encoding is not sure: save it as UTF-8")
    return text if text.strip() else ""
