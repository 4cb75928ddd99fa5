"""Which store a text such as that of `mmusset worker` names."""

from pathlib import Path

from mmusset.errors import MmussetError
from mmusset.installed import is_installed

from .cloud import CloudStore
from .folder import FolderStore
from .store import Store

CLOUDS = ("s3://", "gs://", "az://")


def is_url(place: str) -> bool:
    """Whether a place is in a bucket."""
    return place.startswith(CLOUDS)


def store_of(place: str, inside: str = "") -> Store:
    """The store of that name, or the part `inside` it: a bucket by its URL, or a folder, which need
    not be there yet.

    Raises MmussetError where a bucket can't be opened for want of a library.
    """
    if not is_url(place):
        return FolderStore(Path(place, inside))
    if not is_installed("obstore"):
        raise MmussetError(f"{place} needs obstore: pip install 'mmusset[cloud]'")
    return CloudStore(f"{place.rstrip('/')}/{inside}".rstrip("/"))
