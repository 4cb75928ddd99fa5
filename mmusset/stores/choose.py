"""Which store a text such as that of `--out` names."""

from pathlib import Path

from .folder import FolderStore
from .store import Store


def store_of(place: str | Path) -> Store:
    """The store of that name: a folder, which need not be there yet."""
    return FolderStore(Path(place))
