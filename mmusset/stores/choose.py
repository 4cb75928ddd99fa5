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
    return bucket_of(place, inside) if is_url(place) else FolderStore(Path(place, inside))


def bucket_of(url: str, inside: str = "") -> CloudStore:
    """The bucket of a URL, or the part `inside` it.

    Raises MmussetError where it can't be opened for want of a library.
    """
    if not is_installed("obstore"):
        raise MmussetError(f"{url} needs obstore: pip install 'mmusset[cloud]'")
    return CloudStore(f"{url.rstrip('/')}/{inside}".rstrip("/"))
