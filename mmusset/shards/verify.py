"""Checking a finished dataset folder from the outside, without its ledger.

What must hold: the manifest's counts add up; every shard is the one
that the manifest names; every member is there, decodes, and has the hash that its
JSON says; nothing that should stay in one split is in two.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from mmusset.progress import Progress

from .check import CheckedShard, check, fault_text
from .check_in_processes import check_all, process_count
from .first_seen import FirstSeen
from .manifest import MANIFEST, ListedShard, Manifest, read_manifest
from .shard_files import shard_files


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, and where."""

    where: str
    what: str


@dataclass(slots=True)
class Seen:
    """What was in the samples read so far, to find what is there twice or in two splits."""

    samples: int = 0
    keys: FirstSeen = field(default_factory=FirstSeen)
    values: FirstSeen = field(default_factory=FirstSeen)

    def copy(self) -> "Seen":
        """Another that has seen the same samples."""
        return Seen(self.samples, self.keys.copy(), self.values.copy())


def verify(
    out: Path, progress: Progress | None = None, processes: int | None = None
) -> tuple[int, list[Problem]]:
    """How many samples were read, and all that is wrong with the folder; in so many processes, or
    as many as are worth while.

    Raises MmussetError where the folder stands for a bucket that can't be used.
    """
    manifest, problems = _manifest(out)
    if manifest is None:
        return 0, problems
    seen, progress = Seen(), progress or Progress()
    progress.stage("checking", sum(shard.samples for shard in manifest.shards), unit="samples")
    checked = check_all(out, manifest.shards, processes or process_count(manifest.shards))
    with closing(checked):
        for shard, found in zip(manifest.shards, checked, strict=True):
            problems += _listed(shard, found, seen)
            progress.step(seen.samples)
    listed = {shard.name for shard in manifest.shards}
    for name in shard_files(out).names():
        if name not in listed:
            problems.append(Problem(name, "is not in the manifest"))
    return seen.samples, problems


def _listed(shard: ListedShard, found: CheckedShard, seen: Seen) -> Iterator[Problem]:
    """All that is wrong with a shard of the manifest."""
    name = shard.name
    if found.is_missing:
        yield Problem(name, "missing; run the build again to write it")
        return
    if not found.is_right:
        yield Problem(name, "changed since it was written; `mmusset build --check` repairs it")
    yield from _problems(found, name, seen)
    if found.is_right and not found.broken and len(found.samples) != shard.samples:
        yield Problem(name, f"should hold {shard.samples} samples")


def _manifest(out: Path) -> tuple[Manifest | None, list[Problem]]:
    """The manifest, if it can be read, and what is wrong with it."""
    where = MANIFEST
    try:
        manifest = read_manifest(out)
    except FileNotFoundError:
        return None, [Problem(where, "missing: the build is not finished")]
    except OSError as error:
        return None, [Problem(where, f"can't be read: {error.strerror}")]
    except ValidationError as error:
        return None, [Problem(where, fault_text(fault)) for fault in error.errors()]
    return manifest, [Problem(where, what) for what in _miscounts(manifest)]


def _miscounts(manifest: Manifest) -> Iterator[str]:
    fates = manifest.accepted + manifest.rejected + manifest.failed + manifest.skipped
    if manifest.found != fates:
        yield f"{manifest.found} found, but {fates} accepted, rejected, failed or skipped"
    held = sum(shard.samples for shard in manifest.shards)
    if manifest.accepted != held:
        yield f"{manifest.accepted} accepted, but its shards hold {held}"


def check_shard(path: Path, name: str, seen: Seen) -> Iterator[Problem]:
    """All that is wrong with one shard, beside the samples that were `seen` before."""
    return _problems(check(path), name, seen)


def _problems(shard: CheckedShard, name: str, seen: Seen) -> Iterator[Problem]:
    split = name.rpartition("/")[2].partition("-")[0]
    for sample in shard.samples:
        seen.samples += 1
        where = f"{name}: {sample.key}"
        if seen.keys.before(sample.key, split):
            yield Problem(where, "its key stands twice")
        for fault in sample.faults:
            yield Problem(where, fault)
        for what, value in sample.shared.items():
            other = seen.values.before(value, sample.split)
            if other not in ("", sample.split):
                yield Problem(where, f"its {what} is in {other} too")
    if shard.broken:
        yield Problem(name, shard.broken)
