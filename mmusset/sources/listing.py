"""Files that are listed where they are, as a service gives them: entries by their names alone."""

from .left_out import why_by_name, why_by_suffix
from .source import Entry, kind_of


def entry_of(path: bytes, size: int, version: int) -> Entry:
    """The entry of a file; `version` changes with its content."""
    name, kind = path.rpartition(b"/")[2], kind_of(path)
    skip = next(filter(None, map(why_by_name, path.split(b"/"))), "")
    if not skip and kind == "other":
        skip = why_by_suffix(name)
    if not skip and size == 0:
        skip = "empty file"
    return Entry(path, kind, size, version, skip)
