"""Which form of source a text such as that of `--source` names."""

from pathlib import Path

from .folder import FolderSource
from .source import Source


def source_of(text: str | Path) -> Source:
    """The source of this name. Every text names a folder, until there is another form."""
    return FolderSource(Path(text))
