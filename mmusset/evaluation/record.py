"""What a table was made from: enough for a stranger to make it again, and to refuse to compare
what can't be compared."""

import hashlib
import platform
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mmusset import __version__
from mmusset.bounded import MB, read_bounded
from mmusset.errors import MmussetError, Refused, UsageError
from mmusset.files import file_sha256, write_bytes_durably
from mmusset.frozen import Frozen
from mmusset.safe_text import masked
from mmusset.shards.reader import is_elsewhere, sha256_elsewhere, shards_of

from .clips import HALVINGS, Reference
from .ears import EarOfEvaluation
from .settings import EvaluationSettings
from .sounds import sha256_of_files
from .statistics import DRAWS
from .table import EvaluationTable, Figure

if TYPE_CHECKING:
    from mmusset.musflow.generate.generator import MusicGenerator

RECORD = "record.json"
PACKAGES = ("numpy", "scipy", "soxr", "torch", "transformers")
MOST_BYTES = 64 * MB


class EvaluationRecord(Frozen):
    """What a table was made from.

    `reference_sha256` is of the real clips as they were heard, in the order of their keys;
    `ears` are the ears by name with what changes with their weights, or why they did not run.
    """

    settings: EvaluationSettings
    dataset: str
    reference_sha256: str
    checkpoint_sha256: str
    ears: dict[str, str]
    levels: dict[str, str]
    rate_hz: int
    window_s: float
    clips: int
    pieces: int
    groups: int
    draws: int = DRAWS
    halvings: int = HALVINGS
    versions: dict[str, str]
    machine: str
    command: str


class StoredEvaluation(Frozen):
    """A record with its table: the file `record.json`."""

    record: EvaluationRecord
    table: EvaluationTable


def record_of(
    settings: EvaluationSettings,
    reference: Reference,
    dataset: str,
    generator: "MusicGenerator | None",
    asked: Sequence[tuple[EarOfEvaluation, str]],
) -> EvaluationRecord:
    """What is known before anybody listens; the ears' identities come later."""
    return EvaluationRecord(
        settings=settings,
        dataset=dataset,
        reference_sha256=sha256_of_files([clip.sound for clip in reference.clips]),
        checkpoint_sha256=file_sha256(generator.path) if generator else "",
        ears={},
        levels={ear.name: ear.level for ear, _ in asked},
        rate_hz=reference.window.rate_hz,
        window_s=reference.window.seconds,
        clips=len(reference.clips),
        pieces=len(reference.pieces),
        groups=len(reference.groups),
        versions={"mmusset": __version__, "python": platform.python_version()} | _versions(),
        machine=f"{platform.system()} {platform.machine()}",
        command=masked(shlex.join(["mmusset", *sys.argv[1:]])),
    )


def dataset_identity(dataset: str, keys: Sequence[str]) -> str:
    """One hash of a dataset's shards and of the clips that are asked about."""
    digest = hashlib.sha256()
    for shard in shards_of(dataset):
        sha256 = sha256_elsewhere(shard) if is_elsewhere(shard) else file_sha256(Path(shard))
        digest.update(sha256.encode())
    digest.update("\n".join(keys).encode())
    return digest.hexdigest()


def check_same(folder: Path, record: EvaluationRecord) -> None:
    """Raises Refused where the folder holds another evaluation, with what differs."""
    if (folder / RECORD).exists() and (unlike := unlike_parts(read_record(folder).record, record)):
        raise Refused(
            f"{folder} holds the evaluation of {' and '.join(unlike)}; name another folder with"
            " --out"
        )


def unlike_parts(one: EvaluationRecord, other: EvaluationRecord) -> list[str]:
    """What keeps two records from being of the same question."""
    parts = {
        "another checkpoint": one.checkpoint_sha256 != other.checkpoint_sha256,
        "another dataset or split": one.dataset != other.dataset,
        "clips of another rate or length": (one.rate_hz, one.window_s)
        != (other.rate_hz, other.window_s),
    }
    return [what for what, is_so in parts.items() if is_so]


def check_comparable(one: EvaluationRecord, other: EvaluationRecord) -> None:
    """Raises Refused where figures of two records must not be compared: unlike reference, number
    of clips, rate, length, draws or ears."""
    reasons = {
        "their real clips differ": one.reference_sha256 != other.reference_sha256,
        f"one is of {one.clips} clips, the other of {other.clips}": one.clips != other.clips,
        "their rates or lengths differ": (one.rate_hz, one.window_s)
        != (other.rate_hz, other.window_s),
        "their draws or halvings differ": (one.draws, one.halvings)
        != (other.draws, other.halvings),
    }
    for name in sorted(one.ears.keys() | other.ears.keys()):
        reasons[f"the ear {name} is not the same"] = one.ears.get(name) != other.ears.get(name)
    if found := [why for why, is_so in reasons.items() if is_so]:
        raise Refused(f"these two can't be compared: {'; '.join(found)}")


def write_record(folder: Path, record: EvaluationRecord, table: EvaluationTable) -> None:
    """Keep a table with its record."""
    text = StoredEvaluation(record=record, table=table).model_dump_json(indent=1)
    write_bytes_durably(folder / RECORD, f"{text}\n".encode(), "evaluation")


def read_record(folder: Path) -> StoredEvaluation:
    """The table of a folder with its record. Raises UsageError where there is none."""
    file = folder / RECORD
    try:
        return StoredEvaluation.model_validate_json(read_bounded(file, MOST_BYTES))
    except OSError as error:
        raise UsageError(
            f"can't read {file}: {error.strerror}; give a folder that `mmusset evaluate` wrote"
        ) from None
    except ValidationError:
        raise MmussetError(f"{file} is no record of this version of mmusset") from None


def differing(one: EvaluationTable, other: EvaluationTable) -> list[str]:
    """The figures of two tables that differ, by row and column; times don't count."""
    found = []
    for row in one.rows:
        twin = other.row(row.name)
        for name, figure in row.figures.items():
            if name == "real-time factor":
                continue
            again = twin.figures.get(name) if twin else None
            if again is None or not _is_same(figure, again):
                found.append(f"{row.name}, {name}")
    return found


def _is_same(one: Figure, other: Figure) -> bool:
    if one.measured is None or other.measured is None:
        return one == other
    # Another order of a sum in another library is no other figure.
    value = one.measured.value
    near = abs(value - other.measured.value) <= 1e-4 * max(1.0, abs(value))
    return near and (one.status, one.clips) == (other.status, other.clips)


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
