"""Tars of samples as a source: WebDataset's shards, and the dataset that a build wrote.

Members of one key, "x" of `x.flac` and `x.jpg`, belong together: a sound or a video, the first
picture, and what is said of them. `x.txt` and `x.caption.txt` are a caption, `x.story.txt` is a
story, `x.json` a sidecar.
"""

import asyncio
import json
import os
import tarfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from mmusset.bounded import open_regular
from mmusset.errors import (
    MmussetError,
    Unread,
    Unusable,
    UsageError,
    is_machine_trouble,
    system_reason,
)
from mmusset.recipe_parts.source import Role
from mmusset.tar_members import headers_within, member
from mmusset.temporary_folder import TemporaryFolder

from .built import FRAMES, MEMBERS, BuiltSample, of_built
from .source import MUSICAL, Entry, Kind, Row, kind_of

Columns = Mapping[Role, str]
_KINDS: dict[Role, Kind] = {
    "music": "music",
    "image": "image",
    "caption": "caption",
    "story": "text",
    "lyrics": "lyrics",
}


@dataclass(frozen=True, slots=True)
class Tar:
    """A tar by its name among others, and how it is opened; `version` changes with its content.

    Opening raises OSError, Unread or Unusable.
    """

    name: str
    version: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of a tar: its name after the key, and where its bytes are."""

    shard: Tar
    key: str
    extension: str
    info: tarfile.TarInfo

    @property
    def path(self) -> bytes:
        return os.fsencode(f"{self.key}.{self.extension}")


@dataclass(slots=True)
class _ShardListing:
    """The entries of tars, and by their paths where their bytes are, or what they are."""

    entries: list[Entry] = field(default_factory=list)
    members: dict[bytes, _Member] = field(default_factory=dict)
    made: dict[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShardSource:
    """Tars, as `name` calls them together. Of samples that a build made, groups and splits stay,
    and what agents wrote is not taken for given, unless they are to be read `as_written`."""

    name: str
    shards: tuple[Tar, ...]
    columns: Columns = field(default_factory=dict)
    as_written: bool = False
    _read: list[_ShardListing] = field(default_factory=list, compare=False)

    def __str__(self) -> str:
        return self.name

    def entries(self, out: Path | None = None) -> list[Entry]:
        listing = _ShardListing()
        for shard in self.shards:
            self._list(shard, listing)
        listing.entries.sort(key=lambda entry: entry.path)
        self._read[:] = [listing]
        return list(listing.entries)

    @asynccontextmanager
    async def open(self, path: bytes) -> AsyncIterator[Path]:
        if not self._read:
            self.entries()
        data = await asyncio.to_thread(self._bytes, path)
        with TemporaryFolder() as folder:
            file = Path(folder, f"member{os.path.splitext(os.fsdecode(path))[1]}")
            file.write_bytes(data)
            yield file

    def check(self) -> None:
        for shard in self.shards:
            try:
                shard.open().close()
            except FileNotFoundError:
                why = (
                    f"{shard.name} of {self} is gone; bring it back and run the same command again"
                )
                raise MmussetError(why) from None
            except (OSError, Unread, Unusable):
                pass  # it is there, which is all that is asked

    def groups(self, path: bytes) -> tuple[bytes, ...]:
        """The sample alone: nothing says what belongs together."""
        return (b"piece:" + path,)

    def _bytes(self, path: bytes) -> bytes:
        """The bytes of an entry. Raises Unusable where its tar is cut short, Unread."""
        listing = self._read[0]
        if (data := listing.made.get(path)) is not None:
            return data
        found = listing.members[path]
        try:
            with found.shard.open() as file:
                return member(file, found.info)
        except tarfile.TarError:
            raise Unusable("its tar ends before it does", found.shard.name) from None
        except OSError as error:
            if is_machine_trouble(error):
                raise Unread(system_reason(error)) from None
            raise Unusable("its tar can't be read", system_reason(error)) from None

    def _list(self, shard: Tar, listing: _ShardListing) -> None:
        name, why, unread = os.fsencode(shard.name), "", ""
        try:
            with shard.open() as file:
                found = _members(shard, headers_within(file), listing)
                for key, members in groupby(found, key=lambda each: each.key):
                    self._add(key, list(members), listing)
        except tarfile.TarError as error:
            why = f"a damaged tar: {error}"
        except Unread as error:
            unread = error.why
        except Unusable as error:
            why = str(error)
        except OSError as error:
            if is_machine_trouble(error):
                unread = system_reason(error)
            else:
                why = f"can't be read: {system_reason(error)}"
        if why:
            listing.entries.append(Entry(name, "other", 0, 0, why))
        elif unread:
            listing.entries.append(Entry(name, "folder", 0, 0, unread=unread))

    def _add(self, key: str, members: Sequence[_Member], listing: _ShardListing) -> None:
        """The entries of one sample."""
        by_extension = {each.extension: each for each in members}
        is_built = by_extension.keys() - {FRAMES} == MEMBERS and not self.as_written
        if is_built and (known := _built(by_extension["json"])):
            _add_built(by_extension, known, listing)
            return
        kinds = {each.path: self._kind(each.extension) for each in members}
        entries = [
            Entry(each.path, kinds[each.path], each.info.size, _version(each))
            for each in members
            if kinds[each.path] != "other"
        ]
        image = next((e.path for e in entries if e.kind == "image"), b"")
        pairs_as = os.fsencode(f"{key}.flac")
        for entry in entries:
            row = Row(image=image, file=pairs_as) if entry.kind in MUSICAL else entry.row
            listing.entries.append(
                Entry(entry.path, entry.kind, entry.size, entry.mtime_ns, row=row)
            )
        listing.members |= {each.path: each for each in members}

    def _kind(self, extension: str) -> Kind:
        """What a member is by the end of its name; in shards, a text without more is a caption."""
        for role, column in self.columns.items():
            if extension == column.removeprefix(".") and role in _KINDS:
                return _KINDS[role]
        kind = kind_of(os.fsencode(f"x.{extension}"))
        return "caption" if kind == "text" and "story" not in extension else kind


def tars_of(text: str) -> list[Path]:
    """The tars that a text names: one, a pattern of them, or a folder that holds nothing else.

    Raises UsageError for what is no pattern.
    """
    path = Path(text)
    if path.is_dir():
        return _only_tars(path) or _only_tars(path / "data")
    if path.suffix.lower() != ".tar":
        return []
    if path.exists():
        return [path]
    root = Path(path.anchor)
    try:
        return sorted(root.glob(str(path.relative_to(root))))
    except ValueError as error:  # before Python 3.13
        raise UsageError(f"{text} is no pattern: {str(error).lower()}") from None


def local_shards(
    name: str, tars: Sequence[Path], columns: Columns, as_written: bool = False
) -> ShardSource:
    """Tars on this machine as a source; the part of their paths that differs names them."""
    root = os.path.commonpath([tar.parent for tar in tars])
    return ShardSource(name, tuple(_local(tar, root) for tar in tars), columns, as_written)


def _local(tar: Path, root: str) -> Tar:
    try:
        stat = tar.stat()
        version = zlib.crc32(f"{stat.st_size} {stat.st_mtime_ns}".encode())
    except OSError:
        version = 0  # it can't be opened either
    return Tar(tar.relative_to(root).as_posix(), version, partial(open_regular, tar))


def _only_tars(folder: Path) -> list[Path]:
    """The tars of a folder, if it has no music of its own beside them."""
    if not folder.is_dir():
        return []
    names = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if any(path.is_dir() or kind_of(os.fsencode(path.name)) in MUSICAL for path in names):
        return []
    return sorted(path for path in names if path.suffix.lower() == ".tar")


def _members(
    shard: Tar, infos: Iterator[tarfile.TarInfo], listing: _ShardListing
) -> Iterator[_Member]:
    """The members that are files, each name once; the others are left out with the reason. Their
    keys begin with the name of the shard."""
    seen = set[bytes]()
    for info in infos:
        folder, _, last = info.name.rpartition("/")
        key, _, extension = last.partition(".")
        if info.isdir():
            continue
        whole = "/".join(filter(None, (shard.name, folder, key)))
        found = _Member(shard, whole, extension.lower(), info)
        why = "" if info.isreg() else "not a regular file"
        if found.path in seen:
            why = "a name that stands twice in its tar"
        if why or not key:
            why = why or "a name without a key"
            listing.entries.append(Entry(found.path + b"#", "other", info.size, 0, why))
            continue
        seen.add(found.path)
        yield found


def _built(facts: _Member) -> BuiltSample | None:
    with facts.shard.open() as file:
        return of_built(member(file, facts.info))


def _add_built(members: Mapping[str, _Member], known: BuiltSample, listing: _ShardListing) -> None:
    """The entries of a sample that a build made."""
    music, image, path = members["music.flac"], members["image.jpg"], members["json"].path
    data = json.dumps(known.facts).encode()
    row = Row(image.path, path, kept_group=known.group, kept_split=known.split)
    listing.entries += [
        Entry(path, "sidecar", len(data), zlib.crc32(data)),
        Entry(image.path, "image", image.info.size, _version(image)),
        Entry(music.path, "music", music.info.size, _version(music), row=row),
    ]
    listing.made[path] = data
    listing.members |= {image.path: image, music.path: music}


def _version(one: _Member) -> int:
    return one.shard.version + one.info.offset_data
