"""Parquet as a source reads it: rows, and the sounds and pictures that a table holds itself.

Another process does it (`parquet_process.py`), since these are strangers' files. The sounds of a
row group are taken out together, as they are stored, and those of the last few are kept awhile.
"""

import json
import subprocess
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from mmusset.child_process import child_environment, python_command
from mmusset.errors import MmussetError, Unread, Unusable, UsageError
from mmusset.installed import is_installed
from mmusset.temporary_folder import TemporaryFolder

MOST_BYTES = 1 << 30  # of all rows as text
KEPT = 4  # row groups


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, by column. What holds a file is {"group", "row", "path"}.

    Raises UsageError where it can't be read, MmussetError where nothing can read it here.
    """
    check_parquet()
    read = 0
    with _process("rows", path) as child:
        assert child.stdout
        for line in child.stdout:
            read += len(line)
            if read > MOST_BYTES:
                child.kill()
                raise UsageError(f"the texts of the table {path} take more than 1 GB")
            yield json.loads(line)
        why = _trouble(child)
    if why:
        raise UsageError(f"the table {path} can't be read: {why}")


def check_parquet() -> None:
    """Raises MmussetError, with what to install, where no reader of Parquet is there."""
    if not is_installed("pyarrow"):
        raise MmussetError("a Parquet table needs pyarrow: pip install 'mmusset[parquet]'")


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of a file in a table: the row group, the row in it, and the place of the column
    among those that hold files."""

    table: Path
    group: int
    row: int
    place: int


@dataclass(slots=True)
class Blobs:
    """Files of tables, taken out for as long as they are among those of the last few row groups
    that anybody asked for, or open."""

    _groups: "OrderedDict[tuple[Path, int], TemporaryFolder]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, blob: Blob, to: Path) -> None:
        """Put the bytes of a file under a name. Raises Unusable where there are none, Unread."""
        with self._lock:
            file = Path(self._group(blob).name, f"{blob.place}-{blob.row}")
            if not file.exists():
                raise Unusable("the table holds no bytes for it")
            to.hardlink_to(file)

    def _group(self, blob: Blob) -> TemporaryFolder:
        key = (blob.table, blob.group)
        if known := self._groups.get(key):
            self._groups.move_to_end(key)
            return known
        while len(self._groups) >= KEPT:
            self._groups.popitem(last=False)[1].cleanup()
        folder = TemporaryFolder()
        with _process("blobs", blob.table, str(blob.group), folder.name) as child:
            why = _trouble(child)
        if why:
            folder.cleanup()
            raise Unread(f"{blob.table.name}: {why}")
        self._groups[key] = folder
        return folder


@contextmanager
def _process(*arguments: "str | Path") -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        python_command("mmusset.sources.parquet_process", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
        start_new_session=True,
    ) as child:
        try:
            yield child
        except BaseException:
            child.kill()
            raise


def _trouble(child: "subprocess.Popen[str]") -> str:
    """What went wrong, "" where nothing did; it waits for the end."""
    _, errors = child.communicate()
    if child.returncode == 0:
        return ""
    lines = errors.strip().splitlines()
    return lines[-1] if child.returncode == 1 and lines else "its reader died"
