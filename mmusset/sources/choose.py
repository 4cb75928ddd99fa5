"""Which form of source a text such as that of `--source` names."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from mmusset.recipe import Role

from .folder import FolderSource
from .source import Source
from .table import is_table
from .tabled import TableSource, tables_in


def source_of(text: str | Path, columns: Mapping[Role, str] | None = None) -> Source:
    """The source of this name: a table by its suffix, a folder that holds `metadata.csv` or the
    like, or else a folder. `columns` are those of a recipe.
    """
    path = Path(text)
    if is_table(os.fsencode(path.name)) and not path.is_dir():
        return TableSource(path.parent, os.fsencode(path.name), columns or {})
    if tables_in(path):
        return TableSource(path, columns=columns or {})
    return FolderSource(path)


def address_of(source: Source) -> str:
    """Text, all ASCII, by which `source_at` finds a source from anywhere on this machine; "" where
    no text names it, as it is with a class of somebody's own."""
    if isinstance(source, FolderSource | TableSource):
        return quote(os.fsencode(source.root.absolute()))
    return ""


def source_at(address: str) -> Source:
    """The source of an address that `address_of` gave."""
    return FolderSource(Path(os.fsdecode(unquote_to_bytes(address))))
