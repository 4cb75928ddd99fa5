"""A local copy of a published dataset, each file checked by its checksum.

The manifest comes first, so that the folder always says which shards it should hold; then each
file appears under its name when it is whole and right. Run again, files that are there are kept.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from mmusset.bounded import MOST_FACTS, read_bounded
from mmusset.errors import MmussetError, Refused
from mmusset.files import PARTIAL, failpoint, file_sha256, sync_folder, write_bytes_durably
from mmusset.progress import Progress
from mmusset.shards.manifest import MANIFEST, Manifest, parse_manifest

from .published import OF_CARD
from .remote import MAIN, HubFile, Remote, Snapshot

KEPT = ".mmusset-pull"  # what pulls keep for themselves, under the folder
ARRIVING = f"{KEPT}/arriving"  # where files come in
RECORD = f"{KEPT}/pulled.json"


class Record(BaseModel):
    """The files that pulls have put into a folder, with their sha256, or "" for one that may still
    be arriving. No other file is ever replaced or deleted."""

    name: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was done. `commit` is the version that the folder holds."""

    out: str
    commit: str
    samples: int
    shards: int
    fetched: int
    kept: int
    deleted: int

    def text(self) -> str:
        """One line."""
        return (
            f"{self.out}: {self.samples} samples in {self.shards} shards, of commit"
            f" {self.commit[:12]} ({self.fetched} files fetched, {self.kept} there already,"
            f" {self.deleted} deleted)"
        )


def pull(name: str, out: Path, revision: str, progress: Progress) -> Pulled:
    """Bring a dataset to a folder, or a folder that was pulled before to another version.

    Raises Refused where the folder holds anything else, MmussetError where the Hub has no such
    dataset or sends other bytes than it lists, ServerGone where it stays away: run it again.
    """
    remote = Remote(name, progress.log)
    there = remote.snapshot(revision)
    if there is None:
        where = "" if revision == MAIN else f" with a branch, tag or commit {revision}"
        raise MmussetError(f"there is no dataset {name}{where} that you may see on the Hub")
    if MANIFEST not in there.files:
        raise MmussetError(f"{name} is no dataset of mmusset: it has no {MANIFEST}")
    data = remote.read(MANIFEST, there)
    manifest = parse_manifest(data)
    if manifest is None:
        raise MmussetError(f"{name} is no dataset of mmusset: its {MANIFEST} is of another kind")
    listed = _listed(name, manifest, there)
    before = _before(out, name)
    (out / "data").mkdir(parents=True, exist_ok=True)
    ours = {MANIFEST, *(file.name for file in listed)}
    _record(out, Record(name=name, files=dict.fromkeys(before | ours, "")))
    gone = sorted(before - ours)
    for old in gone:
        (out / old).unlink(missing_ok=True)
    write_bytes_durably(out / MANIFEST, data, "pull_manifest")
    sums = {shard.name: shard.sha256 for shard in manifest.shards}
    missing = [f for f in listed if not _right(out / f.name, f, sums.get(f.name, f.sha256))]
    progress.stage("fetched", sum(file.size for file in missing), unit="bytes")
    for file in missing:
        _fetch(remote, file, there.commit, out, sums.get(file.name, file.sha256), progress)
        failpoint("pull_fetched")
    progress.stop()
    _record(out, Record(name=name, files={file: file_sha256(out / file) for file in ours}))
    shutil.rmtree(out / ARRIVING, ignore_errors=True)
    samples = sum(shard.samples for shard in manifest.shards)
    counts = len(missing), len(listed) - len(missing), len(gone)
    return Pulled(str(out), there.commit, samples, len(manifest.shards), *counts)


def _listed(name: str, manifest: Manifest, there: Snapshot) -> list[HubFile]:
    """The files to have besides the manifest: shards and card. Raises MmussetError."""
    lost = [shard.name for shard in manifest.shards if shard.name not in there.files]
    if lost:
        raise MmussetError(f"{name} lacks {lost[0]}, which its {MANIFEST} lists: ask who made it")
    card = [file for path, file in there.files.items() if OF_CARD.fullmatch(path)]
    return [*(there.files[shard.name] for shard in manifest.shards), *card]


def _before(out: Path, name: str) -> set[str]:
    """The files that earlier pulls of this dataset have put into the folder.

    Raises Refused where it holds anything else, or a card that was changed there.
    """
    present = set(_names(out))
    if not present:
        return set()
    if (out / ".mmusset").exists():
        raise Refused(f"{out} is a build of yours; pull to another folder (--out)")
    record = _recorded(out)
    if record.name != name:
        what = f"a copy of {record.name}" if record.name else "something else"
        raise Refused(f"{out} holds {what}; pull to another folder (--out)")
    if strange := sorted(present - set(record.files)):
        raise Refused(f"{out} holds {strange[0]}, which no pull put there; move it away")
    for file in sorted(present):
        known = record.files[file]
        if OF_CARD.fullmatch(file) and known and file_sha256(out / file) != known:
            raise Refused(f"{out / file} was changed since it was pulled; move it away")
    return present


def _recorded(out: Path) -> Record:
    try:
        return Record.model_validate_json(read_bounded(out / RECORD, MOST_FACTS))
    except (FileNotFoundError, ValidationError):
        return Record(name="", files={})


def _record(out: Path, record: Record) -> None:
    (out / KEPT).mkdir(exist_ok=True)
    data = record.model_dump_json().encode()
    write_bytes_durably(out / RECORD, data, "pull_record")


def _names(out: Path) -> Iterator[str]:
    """What lies in a folder, less what pulls keep for themselves."""
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out)
        if not path.is_dir() and name.parts[0] != KEPT and path.suffix != PARTIAL:
            yield name.as_posix()


def _right(path: Path, file: HubFile, sha256: str) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    digest = file_sha256(path)
    return digest == sha256 if sha256 else file.holds(path, digest)


def _fetch(
    remote: Remote, file: HubFile, commit: str, out: Path, sha256: str, progress: Progress
) -> None:
    """Have a file under its name, whole and right, or not at all."""
    arrived = remote.fetch(file.name, commit, out / ARRIVING, progress.add)
    if not _right(arrived, file, sha256):
        arrived.unlink()
        raise MmussetError(
            f"{file.name} came with other bytes than {remote.name} lists; run the command again,"
            " and if it stays so, ask who made it"
        )
    path = out / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    arrived.replace(path)
    sync_folder(path.parent)
