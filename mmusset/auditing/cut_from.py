"""The pieces that the clips of a dataset were cut from, as far as the dataset's ledger knows."""

import os
from dataclasses import dataclass
from pathlib import Path

from mmusset.builder.ledger.file import open_to_read
from mmusset.errors import MmussetError
from mmusset.sources.choose import root_at


@dataclass(frozen=True, slots=True)
class CutFrom:
    """A piece's file, which may have changed since, and the hash that it had."""

    file: Path
    sha256: str


def pieces_of(dataset: str) -> dict[str, CutFrom]:
    """The piece of each sample of a dataset that was built on this machine, by the sample's key;
    none where its ledger or its source is not there. Stretches of files are left out: they are no
    whole piece.
    """
    try:
        with open_to_read(Path(dataset)) as ledger:
            if not ledger.job.source:
                return {}
            root = root_at(ledger.job.source)
            pieces = {planned.item.key: planned.item.piece for planned in ledger.plan.items()}
            return {
                key: CutFrom(file, piece.music.sha256)
                for key, piece in pieces.items()
                if not (piece.stretch or piece.is_generated)
                and (file := root / os.fsdecode(piece.music.path)).is_file()
            }
    except MmussetError:
        return {}


def key_of(member: bytes) -> str:
    """The key of a sample by the path of its music among the members of tars."""
    return os.fsdecode(member.rpartition(b"/")[2].partition(b".")[0])
