"""`mmusset recover`: a new ledger where the old one is damaged, cut, too old, or gone.

It is put together from what is left of the ledger and its log, from its copy, and from the shards.
Rows count only if they are sound. The damaged ledger is kept beside the new one. What nothing
holds any more is found in the source again, and decided again, by the next build.
"""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mmusset.builder.ledger.check import Age, check, manifest_stamp, shards_in
from mmusset.builder.ledger.file import (
    COPY,
    FOLDER,
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
from mmusset.shards.manifest import Manifest, known_manifest

from .from_shards import Shards, adopt_shards
from .salvage import Image, image_of

ROOM = "recovering"
# What a table holds, for people.
HOLDS = {
    "call": "answers",
    "verdict": "verdicts",
    "item": "items",
    "prepared": "measurements",
    "mark": "marks",
}


@dataclass(slots=True)
class Table:
    """What was brought back of a table, and how many rows were seen to be damaged. Of one that is
    not `whole`, others may be lost that nobody can count."""

    from_ledger: int = 0
    from_copy: int = 0
    damaged: int = 0
    whole: bool = True


@dataclass(slots=True)
class Recovery:
    """What `recover` found and did. `why` is what was wrong, "" where nothing was."""

    out: str
    why: str
    written: bool = False
    generation: int = 0
    kept_as: str = ""
    tables: dict[str, Table] = field(default_factory=dict)
    shards: Shards = field(default_factory=Shards)
    notes: list[str] = field(default_factory=list)


def recover(out: Path, dry_run: bool) -> Recovery:
    """Make a new ledger for `out` where that is needed; with `dry_run`, say what it would hold.

    Raises Refused where a build is running, or `out` holds nothing to recover from.
    """
    folder = out / FOLDER
    if not folder.exists() and not shards_in(out):
        raise Refused(f"{out} holds neither a ledger nor shards; there is nothing to recover")
    if dry_run:
        with tempfile.TemporaryDirectory() as elsewhere, _held(out) as noted:
            return _recovered(out, Path(elsewhere), noted)
    folder.mkdir(mode=0o700, exist_ok=True)
    lock, room = hold(out), folder / ROOM
    try:
        if (folder / RECOVERED).exists():
            _finish(folder)  # an earlier recovery was killed after it was whole
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(mode=0o700)
        found = _recovered(out, room, noted_in(lock))
        if found.why:
            _put_in_place(out, room / RECOVERED, found)
            note_generation(lock, found.generation)
        shutil.rmtree(room)
    finally:
        os.close(lock)
    return found


@contextmanager
def _held(out: Path) -> Iterator[int]:
    """Hold the lock that is there, if one is; gives the generation that it speaks of."""
    if not (out / FOLDER / "lock").exists():
        yield 0
        return
    lock = hold(out)
    try:
        yield noted_in(lock)
    finally:
        os.close(lock)


def _recovered(out: Path, room: Path, noted: int) -> Recovery:
    """Put a new ledger together in `room`, if the old one is not whole."""
    folder = out / FOLDER
    ledger = image_of("ledger", folder / NAME, out, room)
    copy = image_of("copy", folder / COPY, out, room)
    try:
        why = _trouble(ledger, noted, folder)
        if not why:
            return Recovery(str(out), "")
        images = [image for image in (ledger, copy) if image]
        images.sort(key=lambda image: _age(image, ledger), reverse=True)
        found = Recovery(str(out), why)
        known = [
            noted,
            manifest_stamp(out).generation,
            *(i.age.generation for i in images if i.age),
        ]
        found.generation = max(known) + 1
        with closing(connect(_begun(room / RECOVERED), out, "mode=rw")) as new:
            new.execute("PRAGMA synchronous = OFF")  # the whole file is synced in the end
            make(new, found.generation)
            with new:
                new.execute("BEGIN IMMEDIATE")
                _fill(new, images, found)
            check_rows(new)
        if not images and not found.shards.adopted:
            why = next(iter(found.shards.damaged.values()), "there is no shard")
            raise Refused(
                f"nothing of {out} can be brought back: {why}; nothing was changed. To begin anew,"
                f" delete {out / FOLDER} and build again"
            )
        return found
    finally:
        for image in (ledger, copy):
            if image:
                image.connection.close()


def _trouble(ledger: Image | None, noted: int, folder: Path) -> str:
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


def _age(image: Image, ledger: Image | None) -> tuple[Age, bool]:
    """The newer image comes first; one that does not say is taken for the newest."""
    newest = Age(1 << 30, 0)
    return image.age or newest, image is ledger


def _begun(path: Path) -> Path:
    path.touch(mode=0o600)
    return path


# --- filling it ------------------------------------------------------------------------------


def _fill(new: LedgerConnection, images: list[Image], found: Recovery) -> None:
    new.execute("DELETE FROM meta")
    for table in tables(new):
        found.tables[table] = _fill_table(new, table, images)
    _fill_meta(new, images, found)
    _drop_what_hangs(new, found)
    found.shards = adopt_shards(new, new.out)
    _drop_shards_without_items(new, found)
    plan = ("item", "label", "grp", "block")
    if found.shards.adopted or not all(found.tables[table].whole for table in plan):
        set_meta(new, {"incomplete": "yes"})


def _fill_table(new: LedgerConnection, table: str, images: list[Image]) -> Table:
    """Take a table's rows from the newest image, and what is damaged there from the next."""
    told = Table(whole=False)
    wanted = columns(new, table)
    for image in images:
        salvaged = image.rows(table)
        names = [name for name in salvaged.columns if name in wanted]
        places = [salvaged.columns.index(name) for name in names]
        _insert(new, table, names, [[row[place] for place in places] for row in salvaged.rows])
        count = _count(new, table) - told.from_ledger - told.from_copy
        told.damaged += salvaged.damaged
        if image.name == "ledger":
            told.from_ledger = count
        else:
            told.from_copy = count
        if salvaged.whole:
            told.whole = image is images[0]
            break
    return told


def _insert(new: LedgerConnection, table: str, names: list[str], rows: list[list[object]]) -> None:
    if rows:
        marks = ", ".join("?" * len(names))
        new.executemany(
            f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})", rows
        )


def _count(new: LedgerConnection, table: str) -> int:
    (count,) = new.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    return int(count)


def _fill_meta(new: LedgerConnection, images: list[Image], found: Recovery) -> None:
    """What the job is: from an image, else from the manifest."""
    copies = max((image.age.copies for image in images if image.age), default=0)
    given = {"generation": str(found.generation), "copies": str(copies)}
    set_meta(new, BEGUN | given)
    manifest = known_manifest(new.out)
    rows = rows_of(_job_of(manifest)) if manifest else {}
    new.executemany("INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)", list(rows.items()))
    if not new.execute("SELECT 1 FROM meta WHERE name = 'recipe'").fetchone():
        found.notes.append(
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
    )


def _known_of(by_agent: dict[str, str]) -> dict[str, str]:
    """Without the agents of which the manifest knows nothing."""
    return {agent: value for agent, value in by_agent.items() if value}


# --- what does not fit -------------------------------------------------------------------------


def _drop_what_hangs(new: LedgerConnection, found: Recovery) -> None:
    """Take out what belongs to something that is lost: it would pass for another's."""
    new.execute("DELETE FROM block WHERE provisional AND n IN (SELECT block FROM shard)")
    lost = new.execute("DELETE FROM item WHERE block NOT IN (SELECT n FROM block)").rowcount
    for table in ("prepared", "verdict", "unread_item", "applied", "mark"):
        gone = new.execute(f"DELETE FROM {table} WHERE idx NOT IN (SELECT idx FROM item)").rowcount
        if gone and table in HOLDS:
            found.notes.append(f"{gone} {HOLDS[table]} are of items that are lost")
    if lost:
        found.notes.append(f"{lost} items are of blocks that are lost")
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


def _drop_shards_without_items(new: LedgerConnection, found: Recovery) -> None:
    rows = new.execute(f"SELECT name FROM shard WHERE {_LACKING}").fetchall()
    new.execute(f"DELETE FROM shard WHERE {_LACKING}")
    for (name,) in rows:
        if name:
            found.shards.damaged[name] = "its items are lost"
    new.execute("DELETE FROM sealing WHERE name IN (SELECT name FROM shard)")


# --- putting it in place -----------------------------------------------------------------------


def _put_in_place(out: Path, made: Path, found: Recovery) -> None:
    """Put the new ledger under its name; the old one, and damaged shards, are kept beside it.

    After a kill at any moment `recover` begins again, from the old one.
    """
    folder = out / FOLDER
    for name in sorted(found.shards.damaged):
        aside = folder / "damaged" / Path(name).name
        aside.parent.mkdir(exist_ok=True, mode=0o700)
        (out / name).replace(aside)
    sync_file(made)
    old = folder / NAME
    kept = _free_name(folder)
    if old.exists():
        found.kept_as = f"{FOLDER}/{kept}"
    for suffix in ("", "-wal"):
        part = folder / f"{NAME}{suffix}"
        if part.exists():
            _keep(part, folder / f"{kept}{suffix}")
    made.replace(folder / RECOVERED)
    sync_folder(folder)
    failpoint("recovered")
    # From here on only what was recovered counts: the old log must not be taken for its.
    _finish(folder)
    found.written = True


def _keep(path: Path, kept: Path) -> None:
    kept.touch(mode=0o600)
    shutil.copyfile(path, kept)
    sync_file(kept)


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
