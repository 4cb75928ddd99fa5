"""The files in a bucket as a source: `s3://bucket/music`, `gs://`, `az://`.

A file is fetched for as long as it is open, so little of the disk is needed; tables are fetched
whole, and kept in the cache.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from mmusset.errors import MmussetError, Unread, Unusable, UsageError
from mmusset.files import cache_folder
from mmusset.safe_text import first_line
from mmusset.stores.choose import store_of
from mmusset.stores.store import Store

from .remote import RemoteFolder, RemoteSource
from .source import Source
from .tabled import tables_among


@dataclass(frozen=True)
class BucketFolder(RemoteFolder):
    """The objects of a store."""

    store: Store

    def check(self) -> None:
        """A bucket that is away says so whenever a file is opened."""

    def fetch(self, path: bytes, to: Path) -> None:
        """Have a file's bytes under a name. Raises Unread where the service does not give them,
        Unusable where they have gone."""
        try:
            self.store.fetch(os.fsdecode(path), to)
        except FileNotFoundError:
            raise Unusable("gone since it was listed", str(self)) from None
        except MmussetError as error:
            raise Unread(first_line(str(error))) from None


class BucketSource(RemoteSource):
    """What is in a bucket, or a part of it: its tables with what they name, or its files."""

    def _form(self) -> Source:
        folder = _listed(self.name)
        tables = tables_among(folder.entries())
        if not tables:
            return folder
        versions = repr([(path, folder.files[path]) for path in tables]).encode()
        known_by = hashlib.sha256(self.name.encode() + versions).hexdigest()[:16]
        return self._tabled(folder, tables, cache_folder("buckets") / known_by)


def _listed(name: str) -> BucketFolder:
    """The files under a URL, by their paths. Raises UsageError where there are none."""
    store = store_of(name)
    files = {
        os.fsencode(each.name): (each.size, round(each.written_s * 1e9))
        for each in store.objects("")
        if not each.name.endswith("/")  # what consoles make of a folder
    }
    if not files:
        raise UsageError(f"there is nothing in {store}")
    return BucketFolder(str(store), dict(sorted(files.items())), store)
