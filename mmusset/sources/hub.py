"""A dataset on the Hugging Face Hub as a source: `hf://user/name`, or some of its files,
`hf://user/name/data/train-0000*`.

Tars are read where they are, by ranges of bytes; Parquet and tables are fetched whole, and kept in
the cache; any other file is fetched for as long as it is open. All of one commit.
"""

import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from mmusset.errors import MmussetError, Unread, Unusable, UsageError
from mmusset.files import PARTIAL, cache_folder
from mmusset.installed import is_installed
from mmusset.safe_text import first_line, remember, without_addresses

from .remote import RemoteFolder, RemoteSource
from .sharded import ShardSource, Tar
from .source import MUSICAL, Source
from .tabled import tables_among

HUB = "hf://"
BLOCK_BYTES = 1 << 22
TABLES = (".parquet", ".csv", ".tsv", ".jsonl")


@dataclass(frozen=True)
class HubFolder(RemoteFolder):
    """The files of a dataset at one commit; its name is where they are on the Hub."""

    def check(self) -> None:
        """A commit stays."""

    def opened(self, path: bytes) -> BinaryIO:
        """A file, read by ranges. Raises Unread where the Hub does not give it."""
        with _trouble(self.name):
            file: BinaryIO = _file_system().open(self._at(path), "rb", block_size=BLOCK_BYTES)
        return file

    def fetch(self, path: bytes, to: Path) -> None:
        """Write a file's bytes under a name, whole or not at all. Raises Unread."""
        size, _ = self.files[path]
        partly = to.with_name(to.name + PARTIAL)
        to.parent.mkdir(parents=True, exist_ok=True)
        with self.opened(path) as there, partly.open("wb") as here:
            with _trouble(self.name):
                shutil.copyfileobj(there, here, BLOCK_BYTES)
            if here.tell() != size:
                raise Unread(f"{self.name} gave {here.tell()} of {size} bytes")
        partly.replace(to)

    def _at(self, path: bytes) -> str:
        return f"{self.name.removeprefix(HUB)}/{os.fsdecode(path)}"


@dataclass
class HubSource(RemoteSource):
    """A dataset on the Hub: its tars, or its tables, or its files."""

    as_written: bool = False

    def _form(self) -> Source:
        folder = listed(self.name)
        entries = folder.entries()
        if not any(entry.kind in MUSICAL for entry in entries):
            tars = [path for path in sorted(folder.files) if path.endswith(b".tar")]
            if tars:
                shards = (Tar(os.fsdecode(path), folder.files[path][1],
                              partial(folder.opened, path)) for path in tars)  # fmt: skip
                return ShardSource(self.name, tuple(shards), self.columns, self.as_written)
        tables = tables_among(entries)
        if not tables:
            return folder
        kept = cache_folder("hub") / folder.name.removeprefix(f"{HUB}datasets/").replace("/", "--")
        return self._tabled(folder, tables, kept)


def listed(name: str) -> HubFolder:
    """The files of a dataset as its newest commit has them, as far as a name asks for them.

    Raises UsageError for what is no such name, and where nothing is there; MmussetError where the
    Hub can't be asked.
    """
    if not is_installed("huggingface_hub"):
        raise MmussetError(f"{name} needs huggingface_hub: pip install 'mmusset[hub]'")
    parts = name.removeprefix(HUB).removeprefix("datasets/").strip("/").split("/")
    if len(parts) < 2 or not all(parts):
        raise UsageError(f"{name} is no dataset on the Hub: write hf://user/name")
    repo, pattern = "/".join(parts[:2]), "/".join(parts[2:])
    try:
        with _trouble(name):
            commit, found = _tree(repo)
    except Unread as error:
        raise MmussetError(f"the Hub can't be asked for {name} ({error.why}); try again") from None
    except Unusable:
        raise UsageError(f"there is no dataset {repo} that you may see on the Hub") from None
    files = {path: facts for path, facts in found.items() if _is_asked_for(path, pattern)}
    if not files:
        raise UsageError(f"{name} has no file" + (f" like {pattern}" if pattern else ""))
    return HubFolder(f"{HUB}datasets/{repo}@{commit}", files)


def _tree(repo: str) -> tuple[str, dict[bytes, tuple[int, int]]]:
    """The newest commit of a dataset, and its files."""
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.hf_api import RepoFile

    remember(get_token() or "")
    api = HfApi()
    commit = str(api.dataset_info(repo).sha)
    tree = api.list_repo_tree(repo, recursive=True, revision=commit, repo_type="dataset")
    files = [each for each in tree if isinstance(each, RepoFile)]
    return commit, {os.fsencode(f.path): (f.size, zlib.crc32(f.blob_id.encode())) for f in files}


def _is_asked_for(path: bytes, pattern: str) -> bool:
    name = os.fsdecode(path)
    return not pattern or fnmatchcase(name, pattern) or name.startswith(f"{pattern}/")


def _file_system() -> Any:
    from huggingface_hub import HfFileSystem

    return HfFileSystem()


@contextmanager
def _trouble(what: str) -> Iterator[None]:
    """What the Hub's client raises as Unread, or Unusable for what is not there; errors of this
    disk go through."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError, FileNotFoundError):
        raise Unusable(f"{what} is not there") from None
    except (Unread, Unusable, MmussetError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno and error.filename:
            raise
        reason = str(error).strip() or type(error).__name__
        raise Unread(first_line(without_addresses(reason))) from None
