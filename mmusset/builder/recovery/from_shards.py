"""What the shards give back to a ledger that was lost: themselves, their items, and their verdicts.

A shard holds everything about its accepted items but where their files lie in the source; the
next build fills that in when it finds them again (`ledger.plan.complete_items`).
"""

import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from mmusset.builder.ledger.check import shards_in
from mmusset.builder.ledger.marks import Applied, LedgerMarks, Mark
from mmusset.files import file_sha256
from mmusset.sample import Outcome, Quadruple, Verdict
from mmusset.sample_parts.piece import Split
from mmusset.sample_parts.turns import PERSON
from mmusset.shards.manifest import known_manifest
from mmusset.shards.tar import Shard, read_shard
from mmusset.shards.verify import Seen, check_shard

_NAME = re.compile(r"data/(train|validation|test)-(\d{6})\.tar")


@dataclass(slots=True)
class AdoptedShards:
    """What became of the shards: `known` to what was left of the ledger; `adopted` with all their
    `samples`; `superseded` by others with the same samples; and `damaged`, with the reason."""

    known: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    samples: int = 0
    superseded: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)


def adopt_shards(connection: sqlite3.Connection, out: Path) -> AdoptedShards:
    """Add the shards of `out` that a ledger does not know to it."""
    done = AdoptedShards()
    noted = {
        name
        for table in ("sealing", "replaced")
        for (name,) in connection.execute(f"SELECT name FROM {table}")
    }
    done.known = [n for (n,) in connection.execute("SELECT name FROM shard WHERE name != ''")]
    manifest = known_manifest(out)
    listed = {shard.name: shard.sha256 for shard in manifest.shards} if manifest else {}
    seen = Seen()
    for key, split in _sealed_keys(connection):
        seen.keys.before(key, split)
    unknown = [n for n in shards_in(out) if n not in noted and n not in done.known]
    # Of two that hold the same samples, the one that the manifest names is the last.
    for name in sorted(unknown, key=lambda n: (n not in listed, n)):
        why = _adopt(connection, out, name, listed.get(name), seen, done)
        if why:
            done.damaged[name] = why
    return done


def _adopt(
    connection: sqlite3.Connection,
    out: Path,
    name: str,
    expected: str | None,
    seen: Seen,
    done: AdoptedShards,
) -> str:
    """Add one shard to the ledger; returns why it can't be, "" where it was."""
    path = out / name
    sha256 = file_sha256(path)
    if expected not in (None, sha256):
        return "it was changed since it was written"
    with_it = seen.copy()
    problems = [problem.what for problem in check_shard(path, name, with_it)]
    quadruples = [] if problems and not _are_twice(problems) else _quadruples(path)
    if problems and quadruples and all(q.key in seen.keys for q in quadruples):
        block = connection.execute(
            "SELECT block FROM item WHERE key = ?", (quadruples[0].key,)
        ).fetchone()
        connection.execute("INSERT INTO replaced (name, block) VALUES (?, ?)", (name, *block))
        done.superseded.append(name)
        return ""
    if problems or not quadruples:
        return problems[0] if problems else "it is empty"
    if not all(_is_of_its_music(quadruple) for quadruple in quadruples):
        return "its keys do not begin with their music's hash: no build of this version wrote it"
    seen.keys, seen.values = with_it.keys, with_it.values
    stat = path.stat()
    shard = Shard(name, len(quadruples), stat.st_size, sha256)
    _record(connection, shard, stat.st_mtime_ns, quadruples)
    done.adopted.append(name)
    done.samples += len(quadruples)
    return ""


def _are_twice(problems: list[str]) -> bool:
    return all(what == "its key stands twice" for what in problems)


def _is_of_its_music(quadruple: Quadruple) -> bool:
    music, clip = quadruple.key[:24], quadruple.key[24:]
    return quadruple.source_sha256.startswith(music) and bool(re.fullmatch(r"\d{2}", clip))


def _quadruples(path: Path) -> list[Quadruple]:
    return [
        Quadruple.model_validate_json(members["json"]) for _, members in read_shard(path, ("json",))
    ]


def _record(
    connection: sqlite3.Connection, shard: Shard, mtime_ns: int, quadruples: list[Quadruple]
) -> None:
    split, number = _place_of(shard.name)
    block = _block(connection, split, number)
    for quadruple in quadruples:
        _record_item(connection, block, quadruple)
    _move_the_others(connection, block, split, [q.key for q in quadruples])
    connection.execute(
        "INSERT INTO shard (block, name, samples, size, sha256, mtime_ns)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (block, shard.name, shard.samples, shard.size, shard.sha256, mtime_ns),
    )


def _record_item(connection: sqlite3.Connection, block: int, quadruple: Quadruple) -> None:
    """An accepted item, as its sample tells it; what is known of it already stays."""
    item = {
        "key": quadruple.key,
        "block": block,
        "music_path": b"",
        "music_sha256": quadruple.source_sha256,
        "duration_s": 0.0,
        "clip_index": int(quadruple.key[-2:]),
        "clip_count": 0,
        "image_path": b"",
        "image_sha256": "",
        "image_origin": quadruple.image.origin,
        "grp": quadruple.group,
        "tags": quadruple.tags.model_dump_json(),
    }
    columns, marks = ", ".join(item), ", ".join("?" * len(item))
    connection.execute(
        f"INSERT INTO item ({columns}) VALUES ({marks})"
        " ON CONFLICT (key) DO UPDATE SET block = excluded.block, grp = excluded.grp",
        tuple(item.values()),
    )
    (idx,) = connection.execute("SELECT idx FROM item WHERE key = ?", (quadruple.key,)).fetchone()
    connection.execute(
        "INSERT OR REPLACE INTO grp (name, split) VALUES (?, ?)", (quadruple.group, quadruple.split)
    )
    connection.execute(
        "INSERT OR REPLACE INTO prepared (idx, value) VALUES (?, ?)",
        (idx, quadruple.prepared().model_dump_json()),
    )
    outcome = _outcome(quadruple)
    connection.execute(
        "INSERT OR REPLACE INTO verdict (idx, status, reason, outcome) VALUES (?, ?, ?, ?)",
        (idx, "accepted", outcome.verdict.reason, outcome.model_dump_json()),
    )
    _record_words(connection, idx, quadruple)


def _record_words(connection: sqlite3.Connection, idx: int, quadruple: Quadruple) -> None:
    """A person's words, as marked and applied, where no mark of theirs is known."""
    caption = quadruple.caption.text if quadruple.caption.writer == PERSON else ""
    story = quadruple.story.text if quadruple.story.writer == PERSON else ""
    marked = connection.execute("SELECT 1 FROM mark WHERE idx = ?", (idx,)).fetchone()
    if marked or not (caption or story):
        return
    marks, mark = LedgerMarks(connection), Mark(quadruple.key, "words", "", caption, story)
    marks.set(idx, mark)
    marks.set_applied(idx, Applied(mark, "", own=None))


def _outcome(quadruple: Quadruple) -> Outcome:
    return Outcome(
        verdict=Verdict(status="accepted", reason="found in its shard", detail=""),
        caption=quadruple.caption,
        story=quadruple.story,
        turns=quadruple.turns,
    )


def _block(connection: sqlite3.Connection, split: str, number: int) -> int:
    """The block of this number; a new one where it is not known."""
    row = connection.execute(
        "SELECT n FROM block WHERE split = ? AND number = ?", (split, number)
    ).fetchone()
    if row:
        connection.execute("UPDATE block SET provisional = 0 WHERE n = ?", row)
        return int(row[0])
    return _new_block(connection, split, number)


def _new_block(connection: sqlite3.Connection, split: str, number: int) -> int:
    (n,) = connection.execute("SELECT COALESCE(MAX(n), -1) + 1 FROM block").fetchone()
    connection.execute("INSERT INTO block (n, split, number) VALUES (?, ?, ?)", (n, split, number))
    return int(n)


def _move_the_others(
    connection: sqlite3.Connection, block: int, split: str, keys: list[str]
) -> None:
    """Items of a sealed block that are neither in its shard nor lost are decided in a new block."""
    rows = connection.execute(
        "SELECT idx, key FROM item LEFT JOIN verdict USING (idx)"
        " WHERE block = ? AND (status IS NULL OR status = 'accepted')",
        (block,),
    )
    held = set(keys)
    others = [(idx,) for idx, key in rows if key not in held]
    if not others:
        return
    (number,) = connection.execute(
        "SELECT MAX(number) + 1 FROM block WHERE split = ?", (split,)
    ).fetchone()
    new = _new_block(connection, split, number)
    connection.executemany(f"UPDATE item SET block = {new} WHERE idx = ?", others)
    connection.executemany("DELETE FROM verdict WHERE idx = ?", others)


def _sealed_keys(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """The keys of what is in shards, each with its split."""
    return connection.execute(
        "SELECT key, split FROM item JOIN verdict USING (idx) JOIN shard USING (block)"
        " JOIN block ON block.n = item.block WHERE status = 'accepted'"
    ).fetchall()


def _place_of(name: str) -> tuple[Split, int]:
    match = _NAME.fullmatch(name)
    assert match
    split: Split = match[1]  # type: ignore[assignment]
    return split, int(match[2])
