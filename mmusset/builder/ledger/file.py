"""Opening a ledger: WAL, synchronous=FULL, one writing connection under a lock file.

The folder is readable by its owner alone. The lock file names the ledger's generation, so that a
ledger that is gone, or was replaced by an older one, is noticed.
"""

import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from mmusset.errors import MmussetError, Refused
from mmusset.shards.manifest import FOLDER, MANIFEST

from .check import check, lost, shards_in
from .ledger import Ledger
from .rows import LedgerConnection, broken, guard, watch
from .schema import check_version, make, version_of

NAME = "ledger.db"
COPY = "ledger.copy.db"
RECOVERED = "ledger.recovered.db"
# How long a writer waits for another's transaction: a build, or a person who marks.
BUSY_S = 60.0
_PRIVATE = (NAME, f"{NAME}-wal", f"{NAME}-shm", COPY, "lock")
_NOTED = re.compile(rb"generation (\d{1,9})\n")


def open_to_write(out: Path) -> Ledger:
    """The ledger of an output folder, made if there is none, and locked.

    Raises Refused if another build holds it, another version of mmusset wrote it, or the folder
    holds something else; MmussetError where the ledger is damaged, lost, or older than its
    shards, copy or manifest.
    """
    folder = out / FOLDER
    if not folder.exists():
        if shards_in(out) or (out / MANIFEST).exists():
            raise lost(out)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise Refused(f"{out} is there and is not a dataset of mmusset; choose another --out")
        folder.mkdir(parents=True, mode=0o700)
    lock = hold(out)
    try:
        connection = _connect(out, lock)
    except BaseException:
        os.close(lock)
        raise
    return Ledger(connection, lock)


def hold(out: Path) -> int:
    """Lock the ledger's folder of `out`, and make it private; returns the lock, to be closed.

    Raises Refused if another build holds it.
    """
    folder = out / FOLDER
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Refused(f"another build is running on {out}; wait for it, or stop it") from None
    folder.chmod(0o700)
    for name in _PRIVATE:
        with suppress(FileNotFoundError):
            (folder / name).chmod(0o600)
    return lock


def noted_generation(lock: int) -> int:
    """The generation of the ledger that a lock file names; 0 where there was none yet."""
    return _generation_in(os.pread(lock, 64, 0))


def _generation_in(text: bytes) -> int:
    match = _NOTED.fullmatch(text)
    return int(match[1]) if match else 0


def note_generation(lock: int, generation: int) -> None:
    """Note in the lock file that there is a ledger, and of which generation."""
    if noted_generation(lock) != generation:
        os.pwrite(lock, b"generation %d\n" % generation, 0)
        os.fsync(lock)


@contextmanager
def open_to_read(out: Path) -> Iterator[Ledger]:
    """The ledger of an output folder, for looking only.

    Raises MmussetError if there is none or it is damaged, Refused if another version of
    mmusset wrote it.
    """
    with _opened(out, "ro") as connection:
        yield Ledger(connection, None)


@contextmanager
def open_any_version(out: Path) -> Iterator[Ledger]:
    """The ledger of an output folder, whichever version of mmusset wrote it: for looking at what
    all of them may have in common.

    Raises MmussetError if there is none or it is damaged.
    """
    with _opened(out, "ro", any_version=True) as connection:
        yield Ledger(connection, None)


@contextmanager
def open_to_report(out: Path) -> Iterator[Ledger]:
    """The ledger of an output folder, for looking at all of it: every row was checked.

    Raises what `open_to_read` raises.
    """
    lock = out / FOLDER / "lock"
    noted = _generation_in(lock.read_bytes()[:64]) if lock.exists() else 0
    with _opened(out, "ro") as connection:
        check(connection, noted, out / FOLDER / COPY)
        yield Ledger(connection, None)


@contextmanager
def open_to_mark(out: Path) -> Iterator[Ledger]:
    """The ledger of an output folder, for one short transaction, also while a build runs.

    Raises what `open_to_read` raises.
    """
    with _opened(out, "rw") as connection:
        connection.execute("PRAGMA synchronous = FULL")
        guard(connection)
        yield Ledger(connection, None)


def connect(path: Path, out: Path, options: str) -> LedgerConnection:
    """A connection to the ledger of `out` that lies under `path`.

    Raises sqlite3.Error.
    """
    uri = f"file:{quote(os.fsencode(path.resolve()))}?{options}"
    connection = sqlite3.connect(
        uri, BUSY_S, isolation_level=None, uri=True, factory=LedgerConnection
    )
    connection.out = out
    return connection


def _connected(path: Path, out: Path, options: str) -> LedgerConnection:
    """The same, for people. Raises MmussetError where it can't be opened."""
    try:
        return connect(path, out, options)
    except sqlite3.Error as error:
        raise MmussetError(f"the ledger of {out} can't be used: {error}") from None


def _connect(out: Path, lock: int) -> LedgerConnection:
    """Open the ledger, make it if there is none, and check it."""
    folder, noted = out / FOLDER, noted_generation(lock)
    path = folder / NAME
    if (folder / RECOVERED).exists():
        raise Refused(f"the ledger of {out} was being recovered; run `mmusset recover {out}` again")
    begun = noted or (folder / COPY).exists() or shards_in(out) or (out / MANIFEST).exists()
    if begun and (not path.exists() or not path.stat().st_size):
        raise lost(out)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = _connected(path, out, "mode=rw")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # What the log holds goes into the database, synced: a run before may have ended with a log
        # that the disk had not taken, of which only the system's cache knew.
        connection.execute("PRAGMA wal_checkpoint").fetchall()
        version = version_of(connection)
        if version is None and begun:
            raise lost(out)
        if version is None:
            make(connection)
        guard(connection)
        check_version(connection)
        generation = check(connection, noted, folder / COPY)
        note_generation(lock, generation)
    except sqlite3.Error as error:
        connection.close()
        raise broken(connection, error) from None
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _opened(out: Path, mode: str, any_version: bool = False) -> Iterator[LedgerConnection]:
    path = out / FOLDER / NAME
    if not path.exists():
        if (out / FOLDER).exists() and (shards_in(out) or (out / FOLDER / COPY).exists()):
            raise lost(out)
        raise MmussetError(f"{out} is not a dataset of mmusset: it has no {FOLDER}/{NAME}")
    options = f"mode={mode}"
    if mode == "ro" and not _may_change(path.parent):
        options += "&immutable=1"  # SQLite would make files of its own beside it
    connection = _connected(path, out, options)
    try:
        with closing(connection):
            if version_of(connection) is None:
                raise lost(out)
            watch(connection)
            if not any_version:
                check_version(connection)
            yield connection
    except sqlite3.Error as error:
        raise broken(connection, error) from None


def _may_change(folder: Path) -> bool:
    """Whether a ledger in this folder may be written to: by us, or by a build that goes on."""
    return os.access(folder, os.W_OK) or (folder / f"{NAME}-wal").exists()
