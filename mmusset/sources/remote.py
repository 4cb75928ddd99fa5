"""A source that is somewhere else: its files, and the form that they decide."""

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mmusset.recipe_parts.source import Role
from mmusset.temporary_folder import TemporaryFolder

from .folder import FolderSource
from .listing import entry_of
from .source import Entry, Source
from .tabled import TableSource


@dataclass(frozen=True)
class RemoteFolder(ABC):
    """Files somewhere else, as a folder has them: each by its size and a number that changes with
    its content. A file is fetched for as long as it is open."""

    name: str
    files: Mapping[bytes, tuple[int, int]]

    def __str__(self) -> str:
        return self.name

    def entries(self, out: Path | None = None) -> list[Entry]:
        return [
            entry_of(path, size, version) for path, (size, version) in sorted(self.files.items())
        ]

    @asynccontextmanager
    async def open(self, path: bytes) -> AsyncIterator[Path]:
        with TemporaryFolder() as folder:
            file = Path(folder, f"file{os.path.splitext(os.fsdecode(path))[1]}")
            await asyncio.to_thread(self.fetch, path, file)
            yield file

    @abstractmethod
    def check(self) -> None:
        """As a source's."""

    def groups(self, path: bytes) -> tuple[bytes, ...]:
        return FolderSource(Path()).groups(path)

    @abstractmethod
    def fetch(self, path: bytes, to: Path) -> None:
        """Have a file's bytes under a name. Raises Unread where it can't be had now, Unusable where
        it has gone."""


@dataclass
class RemoteSource(ABC):
    """What a name stands for: tables with what they name, or files, or another form."""

    name: str
    columns: Mapping[Role, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def entries(self, out: Path | None = None) -> Iterable[Entry]:
        return self._inner.entries(out)

    @asynccontextmanager
    async def open(self, path: bytes) -> AsyncIterator[Path]:
        async with self._inner.open(path) as file:
            yield file

    def check(self) -> None:
        self._inner.check()

    def groups(self, path: bytes) -> tuple[bytes, ...]:
        return self._inner.groups(path)

    @cached_property
    def _inner(self) -> Source:
        return self._form()

    @abstractmethod
    def _form(self) -> Source:
        """The source of the form that is there. Raises MmussetError, UsageError."""

    def _tabled(self, folder: RemoteFolder, tables: Iterable[bytes], kept: Path) -> TableSource:
        """The tables of a folder, fetched whole and kept in `kept`, with what they name."""
        for path in tables:
            if not (kept / os.fsdecode(path)).exists():
                folder.fetch(path, kept / os.fsdecode(path))
        return TableSource(kept, columns=self.columns, files=folder)
