"""A folder as a store: on one disk, or shared by machines, as NFS and Lustre do it.

To make what is not there yet is a hard link, which also NFS makes once for one of many. The clock
is that which stamps files: of the machine whose disk it is, not of the one that asks.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mmusset.files import PARTIAL, sync_file, sync_folder

from .store import StoredObject

# So often somebody may delete the folder that an object is about to be written into.
TRIES = 100


@dataclass(frozen=True, slots=True)
class FolderStore:
    """The files under a folder, which is made with the first of them."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    def put(self, name: str, data: bytes) -> None:
        self._write(name, lambda partial: partial.write_bytes(data))

    def create(self, name: str, data: bytes) -> bool:
        try:
            self._write(name, lambda partial: partial.write_bytes(data), replace=False)
        except FileExistsError:
            return False
        return True

    def put_file(self, name: str, path: Path) -> None:
        self._write(name, lambda partial: shutil.copyfile(path, partial))

    def read(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None

    def fetch(self, name: str, path: Path) -> None:
        """A second name for the object where that can be had, so that nothing is copied."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + PARTIAL)
        partial.unlink(missing_ok=True)
        try:
            os.link(self.root / name, partial)
        except FileNotFoundError:
            raise
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(self.root / name, partial)
            sync_file(partial)
        partial.replace(path)
        sync_folder(path.parent)

    def objects(self, prefix: str) -> list[StoredObject]:
        found = []
        for folder, _, names in os.walk(self.root / prefix):
            for name in names:
                path = Path(folder, name)
                with suppress(FileNotFoundError):  # deleted meanwhile
                    info = path.stat()
                    named = path.relative_to(self.root).as_posix()
                    if not name.endswith(PARTIAL):
                        found.append(StoredObject(named, info.st_size, info.st_mtime))
        return sorted(found, key=lambda each: each.name)

    def delete(self, name: str) -> None:
        # Its folder stays: somebody may be about to write into it.
        (self.root / name).unlink(missing_ok=True)

    def delete_all(self, prefix: str) -> None:
        for folder, _, names in os.walk(self.root / prefix, topdown=False, onerror=_unless_gone):
            for name in names:
                Path(folder, name).unlink(missing_ok=True)
            try:
                Path(folder).rmdir()
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENOTEMPTY):  # written into just now
                    raise

    def now_s(self, who: str) -> float:
        name = f"clock/{who}"
        self.put(name, b"")
        return (self.root / name).stat().st_mtime

    def _write(self, name: str, fill: Callable[[Path], object], replace: bool = True) -> None:
        """Have `fill` write a file that becomes the object when it is whole on the disk."""
        path = self.root / name
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        try:
            for tries_left in reversed(range(TRIES)):
                try:
                    with suppress(FileExistsError):  # it was there, and is deleted just now
                        path.parent.mkdir(parents=True, exist_ok=True)
                    fill(partial)
                    sync_file(partial)
                    partial.replace(path) if replace else os.link(partial, path)
                    break
                except FileNotFoundError:
                    if not tries_left:
                        raise
            with suppress(FileNotFoundError):  # deleted as soon as it was there
                sync_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
