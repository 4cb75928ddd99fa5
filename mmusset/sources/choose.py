"""Which form of source a text such as that of `--source` names."""

import os
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from .folder import FolderSource
from .source import Source


def source_of(text: str | Path) -> Source:
    """The source of this name. Every text names a folder, until there is another form."""
    return FolderSource(Path(text))


def address_of(source: Source) -> str:
    """Text, all ASCII, by which `source_at` finds a source from anywhere on this machine; "" where
    no text names it, as it is with a class of somebody's own."""
    return quote(os.fsencode(source.root.absolute())) if isinstance(source, FolderSource) else ""


def source_at(address: str) -> Source:
    """The source of an address that `address_of` gave."""
    return FolderSource(Path(os.fsdecode(unquote_to_bytes(address))))
