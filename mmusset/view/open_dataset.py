"""Which kind of dataset a folder holds: one with a ledger, or shards alone."""

from pathlib import Path

from mmusset.builder.ledger.file import open_to_read
from mmusset.shards.manifest import FOLDER

from .built import BuiltDataset
from .dataset import ViewedDataset
from .pulled import PulledDataset, shards_in


def open_dataset(out: Path) -> ViewedDataset:
    """The dataset of a folder.

    Raises MmussetError where there is none, Refused where another version of mmusset made it.
    """
    if not (out / FOLDER / "ledger.db").exists() and shards_in(out):
        return PulledDataset(out)
    with open_to_read(out):
        return BuiltDataset(out)
