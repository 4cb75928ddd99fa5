"""Which files of a source may have anything to do with each other, by their folders alone.

A piece looks for its picture and its texts in its own folder, in the album that its disc belongs
to, among the album's scans, and in a folder that lies beside its own: `images/x.jpg` of
`audio/x.mp3`. So what lies in folders of the same `neighbourhood` is paired by itself, whatever
else there is: one artist's albums need not be in memory with another's.
"""

from functools import lru_cache

from .cover_names import COVER_FOLDERS, is_disc
from .parallel import is_of_one_kind


@lru_cache(1000)  # a folder's files come one after the other
def neighbourhood(folder: bytes) -> bytes:
    """What is left of a folder's path without discs, scans, and folders for one kind of file."""
    return b"/".join(name for name in folder.split(b"/") if not _belongs_to_another(name))


def _belongs_to_another(name: bytes) -> bool:
    text = name.decode("utf-8", "surrogateescape")
    return is_of_one_kind(name) or text.casefold() in COVER_FOLDERS or is_disc(text)
