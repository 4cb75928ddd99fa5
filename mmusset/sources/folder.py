"""A folder as a source: every entry once, in a fixed order, without following anything."""

import asyncio
import errno
import json
import os
import stat
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mmusset.bounded import read_bounded
from mmusset.errors import MmussetError, UsageError, is_machine_trouble, system_reason
from mmusset.recipe_parts.source import Role
from mmusset.temporary_folder import TemporaryFolder

from .cover_names import without_disc
from .left_out import why_by_name, why_by_suffix
from .pair import album_of
from .parallel import is_of_sounds
from .rights import WELL_KNOWN
from .sidecar import MOST_BYTES, read_object
from .source import Entry, kind_of, rights_kind


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The files under a folder, opened where they lie. `columns` name the keys of files of JSON
    beside music that hold each role, where they have names of their own."""

    root: Path
    columns: Mapping[Role, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.root)

    def entries(self, out: Path | None = None) -> Iterator[Entry]:
        return walk(self.root, out)

    @asynccontextmanager
    async def open(self, path: bytes) -> AsyncIterator[Path]:
        file = self.root / os.fsdecode(path)
        mapped = self.columns and kind_of(path) == "sidecar"
        if not mapped or (data := await asyncio.to_thread(_with_roles, file, self.columns)) is None:
            yield file
            return
        with TemporaryFolder() as folder:
            renamed = Path(folder, "sidecar.json")
            renamed.write_bytes(data)
            yield renamed

    def check(self) -> None:
        """A mount point that lost its disk is there and empty."""
        try:
            with os.scandir(self.root) as entries:
                is_there = next(entries, None) is not None
        except OSError:
            is_there = False
        if not is_there:
            raise MmussetError(
                f"the source {self.root} is gone; bring it back and run the same command again"
            )

    def groups(self, path: bytes) -> tuple[bytes, ...]:
        """The album's folder, which all of its discs share; at the root a file is its own, and so
        it is in a folder that is called "audio" or the like, which is no album."""
        folder, _, _ = path.rpartition(b"/")
        if not folder or is_of_sounds(os.path.basename(folder)):
            return (b"piece:" + path,)
        above, name = os.path.split(album_of(folder))
        # Discs that lie side by side: "Weather (Disc 1)" and "Weather (Disc 2)".
        album = os.fsencode(without_disc(os.fsdecode(name)))
        return (b"folder:" + os.path.join(above, album),)


def _with_roles(file: Path, columns: Mapping[Role, str]) -> bytes | None:
    """A file of JSON with each mapped key under the name of its role too; None where it can't be
    read, or is none: whoever opens it as it is finds out why."""
    try:
        said = read_object(read_bounded(file, MOST_BYTES))
    except (OSError, ValueError):
        return None
    return json.dumps(said | {r: said[key] for r, key in columns.items() if key in said}).encode()


def walk(root: Path, out: Path | None = None) -> Iterator[Entry]:
    """Everything under `root`, by the bytes of its path, a folder at a time. Links, pipes and
    hidden names are skipped.

    `out`, what is being made of it, is no part of it, wherever it lies.

    What could not be looked at is an entry too, `unread`. Raises UsageError if there is no such
    folder, or none that can be read; OSError where the root itself can't be listed.
    """
    try:
        is_folder, is_there = root.is_dir(), root.exists()
    except OSError as error:  # a name too long, or a folder above that is closed to us
        raise UsageError(f"the source {root} can't be read: {error.strerror}") from None
    if not is_folder:
        raise UsageError(f"the source {root} {'is not a folder' if is_there else 'is not there'}")
    if not os.access(root, os.R_OK | os.X_OK):
        raise UsageError(f"the source {root} can't be read: permission denied")
    entries = _entries(os.fsencode(root))
    if out is None:
        return entries
    own = os.path.relpath(os.path.realpath(os.fsencode(out)), os.path.realpath(os.fsencode(root)))
    # Also the folder above it that is not looked into, since a hidden one is an entry too.
    return (entry for entry in entries if not (own + b"/").startswith(entry.path + b"/"))


def _entries(root: bytes) -> Iterator[Entry]:
    left: list[tuple[bytes, Entry | None]] = [(b"", None)]
    while left:
        path, entry = left.pop()
        if entry:
            yield entry
            continue
        folder = path.removesuffix(b"/")
        try:
            inside = list(os.scandir(os.path.join(root, folder)))
        except OSError as error:
            if not folder:
                raise  # the root's own: nothing is known of the source then
            if is_machine_trouble(error):
                yield Entry(folder, "folder", 0, 0, unread=system_reason(error))
            else:
                yield Entry(folder, "folder", 0, 0, "can't be read")
            continue
        found = ((os.path.join(folder, inner.name), inner) for inner in inside)
        listed = ((path, _entry(path, inner)) for path, inner in found)
        # What is in a folder comes where its name and a slash would.
        in_order = [(path if entry else path + b"/", entry) for path, entry in listed]
        left += sorted(in_order, key=lambda each: each[0], reverse=True)


def _entry(path: bytes, inner: "os.DirEntry[bytes]") -> Entry | None:
    """The entry, or None for a folder to look into."""
    kind = kind_of(inner.name)
    try:
        info = inner.stat(follow_symlinks=False)
        says = rights_kind(inner.name) or inner.name == WELL_KNOWN
        if (why := why_by_name(inner.name)) and not says:
            return Entry(path, "other", info.st_size, info.st_mtime_ns, why)
        if stat.S_ISDIR(info.st_mode):
            kind = "folder"
            if not _holds(inner.path, b".mmusset"):
                return None
            return Entry(path, "other", 0, info.st_mtime_ns, "a dataset of mmusset")
    except OSError as error:
        if is_machine_trouble(error):
            return Entry(path, kind, 0, 0, unread=system_reason(error))
        return Entry(path, kind, 0, 0, "can't be read")
    skip = unread = ""
    if stat.S_ISLNK(info.st_mode):
        skip = "a link"
    elif not stat.S_ISREG(info.st_mode):
        skip = "not a regular file"
    elif kind == "other":
        skip = why_by_suffix(inner.name)
    elif not os.access(inner.path, os.R_OK):
        unread = os.strerror(errno.EACCES)
    elif info.st_size == 0 and kind != "rights":
        skip = "empty file"
    return Entry(path, kind, info.st_size, info.st_mtime_ns, skip, unread)


def _holds(folder: bytes, name: bytes) -> bool:
    try:
        os.lstat(os.path.join(folder, name))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
