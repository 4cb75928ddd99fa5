"""A dataset in a bucket, and the folder on this machine that stands for it: its mirror.

The mirror is a dataset's folder like any other, but that it has only as many of the shards as fit
(`shard_files.py`). It lies in the user's cache, and what it lacks is fetched. In the bucket are:

    data/, assets/, README.md, croissant.json, manifest.json    as in any dataset
    .mmusset/head               which copy of the ledger counts, and who put it there
    .mmusset/ledgers/SHA256     that copy
    .mmusset/owner              who is changing the dataset
    .mmusset/shared/            where workers meet the build

One machine at a time changes a dataset. What it writes is there for others once the head says so.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mmusset.errors import MmussetError, Refused
from mmusset.files import PARTIAL, cache_folder, failpoint, file_sha256, write_bytes_durably
from mmusset.frozen import Frozen
from mmusset.stores.choose import bucket_of, is_url

from .manifest import FOLDER, MANIFEST

if TYPE_CHECKING:
    from mmusset.stores.cloud import CloudStore

LEDGER = f"{FOLDER}/ledger.db"
HEAD, LEDGERS, OWNER = f"{FOLDER}/head", f"{FOLDER}/ledgers/", f"{FOLDER}/owner"
# What says that a folder is a mirror, and of what.
NOTE = f"{FOLDER}/mirror.json"
# The manifest is the last that is written: it says that the dataset is whole.
CARD = ("README.md", "croissant.json")
ASSETS = "assets/"
# What is half fetched, and was not written to for so long, is of a process that was killed.
STRAY_S = 24 * 3600
# How often a reader looks again where the head was moved while it read.
TRIES = 5


class Head(Frozen):
    """Which copy of the ledger counts; `version` is another each time, `by` names the mirror that
    it comes from."""

    ledger: str
    version: str
    by: str


class Owner(Frozen):
    """Who changes a dataset: a mirror, on a machine."""

    mirror: str
    machine: str


class MirrorNote(Frozen):
    """What a mirror is of, by which name others know it, and the version that it has."""

    url: str
    name: str
    version: str = ""


@dataclass(frozen=True)
class Mirror:
    """The folder that stands for a dataset in a bucket."""

    url: str
    folder: Path

    @cached_property
    def bucket(self) -> "CloudStore":
        """The dataset itself."""
        return bucket_of(self.url)

    def fetch(self) -> None:
        """Have what the bucket has of ledger, manifest and card, unless what is here is newer.

        Raises MmussetError where the ledger in the bucket is damaged.
        """
        for _ in range(TRIES):
            head, note = self._head(), self._note()
            if head is None or note.name == head.by or note.version == head.version:
                break
            if self._fetched(head):
                self._keep_note(note.model_copy(update={"version": head.version}))
                break
        else:
            raise MmussetError(f"{self.url} is being written all the time; try again later")
        if head is None and not (self.folder / LEDGER).exists():
            self._fetch_texts()

    def put(self) -> None:
        """Have ledger, manifest and card in the bucket as they are here, the manifest last."""
        if not (self.folder / LEDGER).exists():
            return
        ledger = self.put_ledger()
        failpoint("ledger_put")
        assets = {f"{ASSETS}{path.name}" for path in (self.folder / ASSETS).glob("*")}
        gone = {each.name for each in self.bucket.objects(ASSETS)} - assets
        for name in (*sorted(assets | gone), *CARD, MANIFEST):
            self._put_text(name)
        failpoint("manifest_put")
        self._put_head(ledger)

    def put_ledger(self) -> str:
        """Have the ledger in the bucket as it is now; gives the sha256 of its copy."""
        with self.scratch() as scratch:
            copy = scratch / "ledger.db"
            _copy_ledger(self.folder / LEDGER, copy)
            return self.put_copy(copy)

    def put_copy(self, copy: Path) -> str:
        """Have a copy of the ledger in the bucket, as the one that counts; gives its sha256."""
        sha256, before = file_sha256(copy), self._head()
        self.bucket.put_file(LEDGERS + sha256, copy)
        self._put_head(sha256)
        if before and before.ledger != sha256:
            self.bucket.delete(LEDGERS + before.ledger)
        return sha256

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder beside the ledger, for as long as the context lasts."""
        with TemporaryDirectory(dir=self.folder / FOLDER, suffix=PARTIAL) as folder:
            yield Path(folder)

    def delete_strays(self) -> None:
        """Delete what processes that were killed had begun to fetch."""
        with suppress(OSError):  # other processes fetch and delete here; next time, then
            for path in (*self.folder.glob(f"*{PARTIAL}"), *self.folder.glob(f"*/*{PARTIAL}")):
                written_s = max(each.stat().st_mtime for each in (path, *path.rglob("*")))
                if time.time() - written_s > STRAY_S:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Be the one that changes the dataset. Only who ends well leaves it to others: after an
        error the same command goes on here.

        Raises Refused where another has it.
        """
        (self.folder / FOLDER).mkdir(parents=True, exist_ok=True)
        with (self.folder / FOLDER / "changing").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused(
                    f"{self.url} is being changed by another process; wait for it"
                ) from None
            self._claim()
            yield
            self.bucket.delete(OWNER)

    def _claim(self) -> None:
        me = Owner(mirror=self._note().name, machine=socket.gethostname())
        if self.bucket.create(OWNER, me.model_dump_json().encode()):
            return
        data = self.bucket.read(OWNER)
        owner = Owner.model_validate_json(data) if data else me
        if owner.mirror != me.mirror:
            raise Refused(
                f"{self.url} is being changed on {owner.machine}, where the same command goes on;"
                f" if that machine is lost, delete {self.url}/{OWNER} and run this again"
            )

    def _fetched(self, head: Head) -> bool:
        """Replace what is here by what the bucket has; False where the head was moved meanwhile."""
        for path in self.folder.iterdir():
            if path.name != FOLDER:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.copy.db", "lock"):
            (self.folder / FOLDER / name).unlink(missing_ok=True)
        # The manifest first: a ledger may know more than it says, and not less.
        self._fetch_texts()
        path = self.folder / LEDGER
        with suppress(FileNotFoundError):
            self.bucket.fetch(LEDGERS + head.ledger, path)
            path.chmod(0o600)
            if file_sha256(path) != head.ledger:
                path.unlink()
                raise MmussetError(
                    f"the ledger in {self.url} is damaged; run the build again where it was made"
                )
        return self._head() == head and path.exists()

    def _fetch_texts(self) -> None:
        for name in (MANIFEST, *CARD, *(each.name for each in self.bucket.objects(ASSETS))):
            with suppress(FileNotFoundError):
                self.bucket.fetch(name, self.folder / name)

    def _put_text(self, name: str) -> None:
        if (self.folder / name).is_file():
            self.bucket.put_file(name, self.folder / name)
        else:
            self.bucket.delete(name)

    def _head(self) -> Head | None:
        data = self.bucket.read(HEAD)
        return Head.model_validate_json(data) if data else None

    def _put_head(self, ledger: str) -> None:
        note = self._note()
        head = Head(ledger=ledger, version=secrets.token_hex(8), by=note.name)
        self.bucket.put(HEAD, head.model_dump_json().encode())

    def _note(self) -> MirrorNote:
        note = _note_in(self.folder)
        if note is None:
            note = MirrorNote(url=self.url, name=secrets.token_hex(8))
            self._keep_note(note)
        return note

    def _keep_note(self, note: MirrorNote) -> None:
        (self.folder / FOLDER).mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes_durably(self.folder / NOTE, note.model_dump_json().encode(), "mirror_note")


def mirror_of(url: str) -> Mirror:
    """The mirror of a dataset in a bucket: `bucket-music-0a1b2c3d` in the user's cache."""
    url = url.rstrip("/")
    known_by = hashlib.sha256(url.encode()).hexdigest()[:8]
    named = "-".join(part for part in url.partition("://")[2].split("/") if part)
    mirror = Mirror(url, cache_folder("datasets") / f"{named[-100:]}-{known_by}")
    mirror._note()
    mirror.delete_strays()
    return mirror


def mirror_in(out: Path) -> Mirror | None:
    """The mirror that a dataset's folder is; None for the dataset itself."""
    note = _note_in(out)
    return Mirror(note.url, out) if note else None


def name_of(out: Path) -> str:
    """How people name a dataset: its folder, or the URL that its folder is a mirror of."""
    mirror = mirror_in(out)
    return mirror.url if mirror else str(out)


def dataset_to_read(place: str | Path) -> Path:
    """The folder of a dataset by its path, or by its URL: then its mirror, as new as the bucket."""
    if not is_url(str(place)):
        return Path(place)
    mirror = mirror_of(str(place))
    with (mirror.folder / FOLDER / "fetching").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mirror.fetch()
    return mirror.folder


@contextmanager
def dataset_to_change(place: str | Path) -> Iterator[Path]:
    """The same, to change something in it: what is changed is in the bucket when this ends.

    Raises Refused where another machine, or process, is changing it.
    """
    if not is_url(str(place)):
        yield Path(place)
        return
    mirror = mirror_of(str(place))
    with mirror.claimed():
        yield dataset_to_read(place)
        mirror.put()


def _note_in(out: Path) -> MirrorNote | None:
    try:
        return MirrorNote.model_validate_json((out / NOTE).read_bytes())
    except (OSError, ValidationError):
        return None


def _copy_ledger(ledger: Path, copy: Path) -> None:
    """A snapshot of a ledger, whatever is written meanwhile."""
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT, 0o600))
    with (
        closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as opened,
        closing(sqlite3.connect(copy, isolation_level=None)) as snapshot,
    ):
        opened.backup(snapshot)
        snapshot.execute("PRAGMA journal_mode = DELETE").fetchall()
