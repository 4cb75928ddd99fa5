"""A folder with tables that say what its files are: `metadata.csv` as Hugging Face's audiofolder
has it, or any table that is named.

A row names a file of music below the table's folder, or a stretch of one, and may give it a
picture, a caption, a story, lyrics and tags. Beside that, the folder is read as any other is.
"""

import asyncio
import json
import math
import os
import posixpath
import re
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmusset.errors import UsageError
from mmusset.recipe_parts.source import Role
from mmusset.sample_parts.piece import Stretch
from mmusset.temporary_folder import TemporaryFolder

from .columns import roles_of
from .folder import FolderSource
from .parquet_rows import Blob, Blobs
from .source import MUSICAL, Entry, Kind, Row, Source, kind_of
from .table import Values, columns_of, read_rows

METADATA = re.compile(rb"metadata\.(csv|tsv|jsonl|parquet)", re.IGNORECASE)
PARQUET = re.compile(rb"\.parquet\Z", re.IGNORECASE)
PLACES = ("[Mm]etadata.*", "*/[Mm]etadata.*", "*.parquet", "*/*.parquet")
NAMES_NO_MUSIC = "a table without a column of music"
_NUMBER = re.compile(rb"[0-9a-fA-F]{1,4}")
NOT_LISTED = "not in the table"
_PLAIN_ROLES: tuple[Role, ...] = (
    *("caption", "story", "lyrics", "title", "artist", "album", "genre", "mood", "bpm", "key"),
    *("instruments", "license"),
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def tables_in(root: Path) -> bool:
    """Whether a folder, or one right below it, has a table that may say what its files are."""
    names = (os.fsencode(path.name) for each in PLACES for path in root.glob(each))
    return any(METADATA.fullmatch(name) or PARQUET.search(name) for name in names)


@dataclass(frozen=True, slots=True)
class _TableListing:
    """What the tables make of a folder: its entries, the sidecars that rows become by their path,
    by a row's own name the file that it is of, the files that are in a table themselves, the albums
    that rows name, and the folders of the tables."""

    entries: tuple[Entry, ...]
    sidecars: Mapping[bytes, bytes]
    files: Mapping[bytes, bytes]
    blobs: Mapping[bytes, Blob]
    albums: Mapping[bytes, bytes]
    folders: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class TableSource:
    """A folder and its tables. With `table`, relative to the folder, only that one counts, and
    music that it does not list is left out. With `files`, those are what tables name, and only the
    tables lie in the folder."""

    root: Path
    table: bytes = b""
    columns: Mapping[Role, str] = field(default_factory=dict)
    files: Source | None = None
    _read: list[_TableListing] = field(default_factory=list, compare=False)
    _blobs: Blobs = field(default_factory=Blobs, compare=False)

    def __str__(self) -> str:
        return str(self.root / os.fsdecode(self.table))

    def entries(self, out: Path | None = None) -> list[Entry]:
        self._read[:] = [self._listing(out)]
        return list(self._read[0].entries)

    @asynccontextmanager
    async def open(self, path: bytes) -> AsyncIterator[Path]:
        if not self._read:
            self.entries()
        listing = self._read[0]
        if (data := listing.sidecars.get(path)) is not None:
            with TemporaryFolder() as folder:
                file = Path(folder, "row.json")
                file.write_bytes(data)
                yield file
            return
        if blob := listing.blobs.get(path):
            with TemporaryFolder() as folder:
                file = Path(folder, f"file{posixpath.splitext(os.fsdecode(path))[1]}")
                await asyncio.to_thread(self._blobs.take, blob, file)
                yield file
            return
        async with self._files.open(listing.files.get(path, path)) as file:
            yield file

    def check(self) -> None:
        self._files.check()

    def groups(self, path: bytes) -> tuple[bytes, ...]:
        """The album that its row names, or else its folder's, and its file, whose stretches belong
        together. A folder that holds a table, or has a number for its name, is no album."""
        if not self._read:
            self.entries()
        listing = self._read[0]
        file = listing.files.get(path, path)
        folder = posixpath.dirname(file)
        own = (b"piece:" + file,)
        if album := listing.albums.get(path):
            return (b"album:" + album, *own)
        if folder in listing.folders or _NUMBER.fullmatch(posixpath.basename(folder)):
            return own
        return (*self._files.groups(file), *own)

    @property
    def _files(self) -> Source:
        return self.files or FolderSource(self.root)

    def _listing(self, out: Path | None) -> _TableListing:
        entries = list(self._files.entries(out))
        named = [self.table] if self.table else tables_among(entries)
        readers = [_Table(self, name, entries) for name in named]
        for reader in readers:
            reader.read()
        of_rows = _once([entry for reader in readers for entry in reader.entries])
        taken = {entry.row.file or entry.path for entry in of_rows}
        rest = [entry for entry in entries if entry.path not in taken | set(named)]
        if self.table:
            rest = [_not_listed(e) if e.kind in MUSICAL and not e.skip else e for e in rest]
        sidecars, blobs = dict[bytes, bytes](), dict[bytes, Blob]()
        albums = dict[bytes, bytes]()
        for reader in readers:
            sidecars |= reader.sidecars
            blobs |= reader.blobs
            albums |= reader.albums
        files = {e.path: e.row.file for e in of_rows if e.row.file}
        together = sorted((*of_rows, *rest), key=lambda entry: entry.path)
        folders = frozenset(posixpath.dirname(name) for name in named)
        return _TableListing(tuple(together), sidecars, files, blobs, albums, folders)


def _once(entries: list[Entry]) -> list[Entry]:
    """Each entry under a name of its own: of a file that two tables list, the first counts."""
    first: dict[bytes, Entry] = {}
    for number, entry in enumerate(entries):
        if first.setdefault(entry.path, entry) is not entry:
            path = entry.path + b"#%d" % number
            first[path] = Entry(path, "other", 0, 0, "two tables list it")
    return list(first.values())


def tables_among(entries: list[Entry]) -> list[bytes]:
    """The tables of a folder: by the name that says so; where there is no such, and no music, all
    that may hold music themselves."""
    named = [e.path for e in entries if METADATA.fullmatch(e.path.rpartition(b"/")[2])]
    if named or any(entry.kind in MUSICAL for entry in entries):
        return named
    return [entry.path for entry in entries if PARQUET.search(entry.path)]


def _not_listed(entry: Entry) -> Entry:
    return replace(entry, kind="other", skip=NOT_LISTED)


class _Missing(Exception):
    """A row names something that can't be used; the message is counted."""


class _Table:
    """One table as it is read: `entries` are those of its rows, with the reasons of what is left
    out."""

    def __init__(self, source: TableSource, name: bytes, entries: list[Entry]) -> None:
        self._source, self._name = source, name
        self._folder = posixpath.dirname(os.fsdecode(name))
        self._there = {entry.path: entry for entry in entries}
        self._stems = _stems([e for e in entries if e.kind in MUSICAL and not e.skip])
        self.entries: list[Entry] = []
        self.sidecars: dict[bytes, bytes] = {}
        self.blobs: dict[bytes, Blob] = {}
        self.albums: dict[bytes, bytes] = {}

    def read(self) -> None:
        """Read all rows. Raises UsageError where it is no table, or lacks a mapped column."""
        file = self._source.root / os.fsdecode(self._name)
        rows = read_rows(file)
        self._holding = _holding(rows)
        columns = self._source.columns
        names = columns_of(rows)
        self._roles = roles_of(names, columns) if rows else {}
        if rows and not self._roles.keys() & {"music", "id"}:
            if self._source.table:
                raise UsageError(
                    f"{file} has no column that names music: say which it is in"
                    f" source.columns.music; there are {', '.join(names[:20])}"
                )
            self.entries.append(replace(self._there[self._name], skip=NAMES_NO_MUSIC))
            return
        found: list[tuple[int, Values, Entry]] = []
        for number, row in enumerate(rows, start=1):
            try:
                if row is None:
                    raise _Missing("a row that can't be read")
                found.append((number, row, self._music(number, row)))
            except _Missing as why:
                self._leave_out(number, str(why))
        often = Counter(entry.path for _, _, entry in found)
        for number, row, entry in found:
            try:
                self._add(number, row, entry, often[entry.path] > 1)
            except _Missing as why:
                self._leave_out(number, str(why))

    def _add(self, number: int, row: Values, music: Entry, is_shared: bool) -> None:
        stretch = self._stretch(row)
        facts = {role: value for role in _PLAIN_ROLES if (value := self._value(row, role))}
        sidecar = self._named(number, b".json") if facts else b""
        if facts:
            data = json.dumps(facts).encode()
            self.sidecars[sidecar] = data
            self.entries.append(Entry(sidecar, "sidecar", len(data), zlib.crc32(data)))
        image, path, file, version = self._image(number, row), music.path, b"", music.mtime_ns
        if stretch or is_shared:
            stem, suffix = posixpath.splitext(os.fsdecode(path))
            path = os.fsencode(f"{stem}#{number}{suffix}")
            file = music.path
            version += zlib.crc32(repr(stretch).encode())
        if album := facts.get("album"):
            name = album if isinstance(album, str) else album[0]
            self.albums[path] = " ".join(name.casefold().split()).encode()
        self.entries.append(
            replace(music, path=path, mtime_ns=version, row=Row(image, sidecar, file, stretch))
        )

    def _music(self, number: int, row: Values) -> Entry:
        """The file of music that a row names, or holds. Raises _Missing."""
        why = "a row without music: no column names a file"
        for column in self._roles.get("music", ()):
            if column in self._holding:
                return self._blob(number, row, column, "music")
            if not (text := _text_of(row.get(column))):
                continue
            try:
                entry = self._file(text, "music")
            except _Missing as trouble:
                why = str(trouble)
                continue
            if entry.kind in MUSICAL and not entry.skip:
                return entry
            why = f"the table names what is no music: {entry.skip or entry.kind}"
        for column in self._roles.get("id", ()):
            if (text := _text_of(row.get(column))) and (entry_ := self._by_id(text)):
                return entry_
            if why.startswith("a row without"):
                why = "no file has the name of the row's id"
        raise _Missing(why)

    def _by_id(self, text: str) -> Entry | None:
        """The only file that is called by an id, as FMA ("000002.mp3" of 2) and those who fetch
        MusicCaps name it."""
        for name in (text, text.zfill(6)):
            if len(found := self._stems.get(os.fsencode(name), [])) == 1:
                return found[0]
        return None

    def _image(self, number: int, row: Values) -> bytes:
        """The picture that a row names; one that is not there is left out, with the reason."""
        for column in self._roles.get("image", ()):
            if column in self._holding:
                entry = self._blob(number, row, column, "image")
                self.entries.append(entry)
                return entry.path
            if not (text := _text_of(row.get(column))):
                continue
            try:
                entry = self._file(text, "picture")
            except _Missing as why:
                self._leave_out(number, str(why), b".image")
                continue
            if entry.kind == "image" and not entry.skip:
                return entry.path
        return b""

    def _blob(self, number: int, row: Values, column: str, kind: Kind) -> Entry:
        """The entry of what a row holds itself. A suffix that says nothing is as good as any: the
        decoder looks at the bytes."""
        value, table = row[column], self._there[self._name]
        suffix = os.path.splitext(os.fsencode(value["path"]))[1].lower()
        if kind_of(b"x" + suffix) not in (MUSICAL if kind == "music" else {kind}):
            suffix = b".wav" if kind == "music" else b".jpg"
        path = self._named(number, suffix)
        file, place = self._source.root / os.fsdecode(self._name), self._holding.index(column)
        self.blobs[path] = Blob(file, value["group"], value["row"], place)
        return Entry(path, kind_of(path), table.size, table.mtime_ns)

    def _file(self, text: str, what: str) -> Entry:
        """The entry of a file that a row names, below the table's folder. Raises _Missing."""
        if _ADDRESS.match(text):
            raise _Missing(f"the table names an address, and no file, as {what}: download it first")
        name = text.replace("\\", "/")
        root = self._source.root.absolute().as_posix()
        if name.startswith(f"{root}/"):
            name = name.removeprefix(f"{root}/")
        else:
            name = posixpath.join(self._folder, name)
        name = posixpath.normpath(name)
        if name.startswith(("/", "../")) or name in ("..", "."):
            raise _Missing(f"the table names {what} that is not below its folder")
        path = os.fsencode(name)
        if entry := self._there.get(path):
            return entry
        found = self._stems.get(path.rpartition(b"/")[2], []) if what == "music" else []
        if len(found) == 1 and kind_of(path) == "other":  # a name without its suffix
            return found[0]
        raise _Missing(f"the table names {what} that is not there")

    def _stretch(self, row: Values) -> Stretch | None:
        """The stretch of the file that a row is about; None for all of it. Raises _Missing."""
        start_s, end_s = (self._seconds(row, role) for role in ("start_s", "end_s"))
        if end_s is None:
            return None
        start_s = start_s or 0.0
        if not 0 <= start_s < end_s:
            raise _Missing("a row whose end is not behind its start")
        return Stretch(start_s, end_s)

    def _seconds(self, row: Values, role: Role) -> float | None:
        text = _text_of(self._value(row, role))
        if not text:
            return None
        try:
            *clock, seconds = text.split(":")
            value = float(seconds)
            for place, part in enumerate(reversed(clock), start=1):
                value += 60.0**place * int(part)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise _Missing(f"a row whose {role} is no number of seconds")
        return value

    def _value(self, row: Values, role: Role) -> Any:
        """The first value of a role's columns that is there: a text, or a list of them."""
        for column in self._roles.get(role, ()):
            value = row.get(column)
            texts = [_text_of(each) for each in value] if isinstance(value, list) else []
            found = list(filter(None, texts)) or _text_of(value)
            if found:
                return found[0] if isinstance(found, list) and role in _TEXTS else found
        return None

    def _named(self, number: int, suffix: bytes) -> bytes:
        return self._name + f"#{number}".encode() + suffix

    def _leave_out(self, number: int, why: str, of: bytes = b"") -> None:
        self.entries.append(Entry(self._named(number, of), "other", 0, 0, why))


def _holding(rows: Sequence[Values | None]) -> list[str]:
    """The columns that hold files themselves, in order: in no table but Parquet."""
    first = next((row for row in rows if row), {})
    return [name for name, value in first.items() if isinstance(value, dict) and "group" in value]


_TEXTS = ("caption", "story", "lyrics")


def _text_of(value: object) -> str:
    """A cell as text; "" for what is none. Hugging Face writes files as {"path": ...}."""
    if isinstance(value, dict):
        value = value.get("path") or value.get("src") or value.get("file_name")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return ""  # how pandas writes that nothing is there
    text = str(value)
    return text if text.strip() else ""


def _stems(entries: list[Entry]) -> dict[bytes, list[Entry]]:
    """Music by the stem of its name; "[id]-[0-10]" counts as "id" too."""
    found: dict[bytes, list[Entry]] = {}
    for entry in entries:
        stem = posixpath.splitext(entry.path.rpartition(b"/")[2])[0]
        short = re.match(rb"\[([^\]]+)\]", stem)
        for name in {stem, short[1] if short else stem}:
            found.setdefault(name, []).append(entry)
    return found
