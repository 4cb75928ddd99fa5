"""`mmusset recover`: a new ledger where the old one is damaged, truncated, out of date, or gone.

It is assembled from what is left of the ledger and its write-ahead log, from its copy, and from
the shards; only rows with a right checksum are taken. The damaged ledger is kept beside the new
one. What none of them holds is found in the source again, and decided again, by the next build.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mmusset.builder.ledger.check import Age, check, manifest_stamp, shards_in
from mmusset.builder.ledger.file import (
    COPY,
    NAME,
    RECOVERED,
    connect,
    hold,
    note_generation,
)
from mmusset.builder.ledger.file import noted_generation as noted_in
from mmusset.builder.ledger.job import JobFacts, rows_of
from mmusset.builder.ledger.rows import (
    LedgerConnection,
    NotWhole,
    check_rows,
    columns,
    tables,
    watch,
)
from mmusset.builder.ledger.schema import BEGUN, check_version, make, set_meta
from mmusset.errors import Refused
from mmusset.files import failpoint, sync_file, sync_folder
from mmusset.json_text import canonical_json
from mmusset.shards.manifest import FOLDER, Manifest, known_manifest
from mmusset.temporary_folder import TemporaryFolder

from .from_shards import AdoptedShards, adopt_shards
from .salvage import LedgerImage, image_of

ROOM = "recovering"
# What a table holds, for people.
HOLDS = {
    "call": "replies",
    "verdict": "verdicts",
    "item": "items",
    "prepared": "measurements",
    "mark": "marks",
}


@dataclass(slots=True)
class RecoveredTable:
    """How many rows of a table were recovered from where, and how many were found damaged. A table
    that is not `whole` may have lost more, which cannot be counted."""

    from_ledger: int = 0
    from_copy: int = 0
    damaged: int = 0
    whole: bool = True


@dataclass(slots=True)
class Recovery:
    """What `recover` did. `why` is what was wrong with the ledger, "" where nothing was."""

    out: str
    why: str
    written: bool = False
    generation: int = 0
    kept_as: str = ""
    tables: dict[str, RecoveredTable] = field(default_factory=dict)
    shards: AdoptedShards = field(default_factory=AdoptedShards)
    notes: list[str] = field(default_factory=list)


def recover(out: Path, dry_run: bool) -> Recovery:
    """Make a new ledger for `out` where that is needed; with `dry_run`, say what it would hold.

    Raises Refused where a build is running, or `out` holds nothing to recover from.
    """
    folder = out / FOLDER
    if not folder.exists() and not shards_in(out):
        raise Refused(f"{out} holds neither a ledger nor shards; there is nothing to recover")
    if dry_run:
        with TemporaryFolder() as elsewhere, _held(out) as noted:
            return _recovered(out, Path(elsewhere), noted)
    folder.mkdir(mode=0o700, exist_ok=True)
    lock, room = hold(out), folder / ROOM
    try:
        if (folder / RECOVERED).exists():
            _finish(folder)  # an earlier recovery was killed after it was whole
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(mode=0o700)
        recovery = _recovered(out, room, noted_in(lock))
        if recovery.why:
            _put_in_place(out, room / RECOVERED, recovery)
            note_generation(lock, recovery.generation)
        shutil.rmtree(room)
    finally:
        os.close(lock)
    return recovery


@contextmanager
def _held(out: Path) -> Iterator[int]:
    """Hold the lock that is there, if one is; yields the generation that it names."""
    if not (out / FOLDER / "lock").exists():
        yield 0
        return
    lock = hold(out)
    try:
        yield noted_in(lock)
    finally:
        os.close(lock)


def _recovered(out: Path, room: Path, noted: int) -> Recovery:
    """Assemble a new ledger in `room`, if the old one is not whole."""
    folder = out / FOLDER
    ledger = image_of("ledger", folder / NAME, out, room)
    copy = image_of("copy", folder / COPY, out, room)
    try:
        why = _trouble(ledger, noted, folder)
        if not why:
            return Recovery(str(out), "")
        images = [image for image in (ledger, copy) if image]
        images.sort(key=lambda image: _age(image, ledger), reverse=True)
        recovery = Recovery(str(out), why)
        known = [
            noted,
            manifest_stamp(out).generation,
            *(i.age.generation for i in images if i.age),
        ]
        recovery.generation = max(known) + 1
        with closing(connect(_begun(room / RECOVERED), out, "mode=rw")) as new:
            new.execute("PRAGMA synchronous = OFF")  # the whole file is synced in the end
            make(new, recovery.generation)
            with new:
                new.execute("BEGIN IMMEDIATE")
                _fill(new, images, recovery)
            check_rows(new)
        if not images and not recovery.shards.adopted:
            why = next(iter(recovery.shards.damaged.values()), "there is no shard")
            raise Refused(
                f"nothing of {out} can be brought back: {why}; nothing was changed. To start over,"
                f" delete {out / FOLDER} and build again"
            )
        return recovery
    finally:
        for image in (ledger, copy):
            if image:
                image.connection.close()


def _trouble(ledger: LedgerImage | None, noted: int, folder: Path) -> str:
    """What is wrong with a ledger; "" where nothing is."""
    path = folder / NAME
    if ledger is None or not path.exists() or not path.stat().st_size:
        return "is gone, empty, or nothing of it can be read"
    try:
        watch(ledger.connection)
        check_version(ledger.connection)
        check(ledger.connection, noted, folder / COPY)
    except NotWhole as error:
        return error.why
    except (sqlite3.Error, ValueError) as error:
        return str(error)
    return ""


def _age(image: LedgerImage, ledger: LedgerImage | None) -> tuple[Age, bool]:
    """The newer image comes first; one that does not say is taken for the newest."""
    newest = Age(1 << 30, 0)
    return image.age or newest, image is ledger


def _begun(path: Path) -> Path:
    path.touch(mode=0o600)
    return path


# --- filling it ------------------------------------------------------------------------------


def _fill(new: LedgerConnection, images: list[LedgerImage], recovery: Recovery) -> None:
    new.execute("DELETE FROM meta")
    for table in tables(new):
        recovery.tables[table] = _fill_table(new, table, images)
    _fill_meta(new, images, recovery)
    _drop_what_hangs(new, recovery)
    recovery.shards = adopt_shards(new, new.out)
    _drop_shards_without_items(new, recovery)
    plan = ("item", "label", "grp", "block")
    if recovery.shards.adopted or not all(recovery.tables[table].whole for table in plan):
        set_meta(new, {"incomplete": "yes"})


def _fill_table(new: LedgerConnection, table: str, images: list[LedgerImage]) -> RecoveredTable:
    """Take a table's rows from the newest image, and what is damaged there from the next."""
    filled = RecoveredTable(whole=False)
    new_columns = columns(new, table)
    for image in images:
        salvaged = image.rows(table)
        names = [name for name in salvaged.columns if name in new_columns]
        places = [salvaged.columns.index(name) for name in names]
        _insert(new, table, names, [[row[place] for place in places] for row in salvaged.rows])
        count = _count(new, table) - filled.from_ledger - filled.from_copy
        filled.damaged += salvaged.damaged
        if image.name == "ledger":
            filled.from_ledger = count
        else:
            filled.from_copy = count
        if salvaged.whole:
            filled.whole = image is images[0]
            break
    return filled


def _insert(new: LedgerConnection, table: str, names: list[str], rows: list[list[object]]) -> None:
    if rows:
        marks = ", ".join("?" * len(names))
        new.executemany(
            f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})", rows
        )


def _count(new: LedgerConnection, table: str) -> int:
    (count,) = new.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    return int(count)


def _fill_meta(new: LedgerConnection, images: list[LedgerImage], recovery: Recovery) -> None:
    """What the job is: from an image, else from the manifest."""
    copies = max((image.age.copies for image in images if image.age), default=0)
    set_meta(new, BEGUN | {"generation": str(recovery.generation), "copies": str(copies)})
    manifest = known_manifest(new.out)
    rows = rows_of(_job_of(manifest)) if manifest else {}
    new.executemany("INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)", list(rows.items()))
    if not new.execute("SELECT 1 FROM meta WHERE name = 'recipe'").fetchone():
        recovery.notes.append(
            "its recipe is not known any more: build with the one that it was begun with"
        )


def _job_of(manifest: Manifest) -> JobFacts:
    """The facts of a job as its manifest tells them."""
    recipe = canonical_json(manifest.recipe)
    is_whole = hashlib.sha256(recipe.encode()).hexdigest() == manifest.fingerprint
    return JobFacts(
        recipe=manifest.recipe if is_whole else {},
        mmusset=manifest.mmusset,
        speaker=manifest.speaker,
        composer=manifest.generated.by,
        prompts=_known_of(manifest.prompts),
        models=_known_of(manifest.models),
        ears={name: ear.identity for name, ear in manifest.ears.items()},
        eye=manifest.eye.model_dump_json() if manifest.eye else "",
        model_licences=manifest.model_licences,
    )


def _known_of(by_agent: dict[str, str]) -> dict[str, str]:
    """Without the agents of which the manifest knows nothing."""
    return {agent: value for agent, value in by_agent.items() if value}


# --- what does not fit -------------------------------------------------------------------------


def _drop_what_hangs(new: LedgerConnection, recovery: Recovery) -> None:
    """Take out what belongs to something that is lost: it would pass for another's."""
    new.execute("DELETE FROM block WHERE provisional AND n IN (SELECT block FROM shard)")
    lost = new.execute("DELETE FROM item WHERE block NOT IN (SELECT n FROM block)").rowcount
    for table in ("prepared", "verdict", "unread_item", "applied", "mark"):
        gone = new.execute(f"DELETE FROM {table} WHERE idx NOT IN (SELECT idx FROM item)").rowcount
        if gone and table in HOLDS:
            recovery.notes.append(f"{gone} {HOLDS[table]} are of items that are lost")
    if lost:
        recovery.notes.append(f"{lost} items are of blocks that are lost")
    new.execute(
        "INSERT OR IGNORE INTO grp (name, split)"
        " SELECT DISTINCT grp, split FROM item JOIN block ON block = n"
    )
    new.execute("DELETE FROM label WHERE grp NOT IN (SELECT name FROM grp)")
    # A shard whose items are not all known is read again from its file.
    new.execute(f"DELETE FROM shard WHERE {_LACKING}")


_LACKING = (
    "block NOT IN (SELECT n FROM block) OR samples != (SELECT COUNT(*) FROM item"
    " JOIN verdict USING (idx) WHERE item.block = shard.block AND status = 'accepted')"
)


def _drop_shards_without_items(new: LedgerConnection, recovery: Recovery) -> None:
    rows = new.execute(f"SELECT name FROM shard WHERE {_LACKING}").fetchall()
    new.execute(f"DELETE FROM shard WHERE {_LACKING}")
    for (name,) in rows:
        if name:
            recovery.shards.damaged[name] = "its items are lost"
    new.execute("DELETE FROM sealing WHERE name IN (SELECT name FROM shard)")


# --- putting it in place -----------------------------------------------------------------------


def _put_in_place(out: Path, new: Path, recovery: Recovery) -> None:
    """Put the new ledger under its name; the old one, and damaged shards, are kept beside it.

    After a kill at any moment `recover` begins again, from the old one.
    """
    folder = out / FOLDER
    for name in sorted(recovery.shards.damaged):
        aside = folder / "damaged" / Path(name).name
        aside.parent.mkdir(exist_ok=True, mode=0o700)
        (out / name).replace(aside)
    sync_file(new)
    old = folder / NAME
    backup = _free_name(folder)
    if old.exists():
        recovery.kept_as = f"{FOLDER}/{backup}"
    for suffix in ("", "-wal"):
        part = folder / f"{NAME}{suffix}"
        if part.exists():
            _keep(part, folder / f"{backup}{suffix}")
    new.replace(folder / RECOVERED)
    sync_folder(folder)
    failpoint("recovered")
    # From here on only what was recovered counts: the old log must not be taken for its.
    _finish(folder)
    recovery.written = True


def _keep(path: Path, backup: Path) -> None:
    backup.touch(mode=0o600)
    shutil.copyfile(path, backup)
    sync_file(backup)


def _finish(folder: Path) -> None:
    """Put a ledger that was recovered in the place of the old one."""
    for suffix in ("-wal", "-shm"):
        (folder / f"{NAME}{suffix}").unlink(missing_ok=True)
    sync_folder(folder)
    (folder / RECOVERED).replace(folder / NAME)
    sync_folder(folder)


def _free_name(folder: Path) -> str:
    number = 1
    while (folder / f"ledger.damaged-{number}.db").exists():
        number += 1
    return f"ledger.damaged-{number}.db"
