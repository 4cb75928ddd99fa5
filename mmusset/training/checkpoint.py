"""Checkpoints: whole or absent, the newest two."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mmusset.errors import MmussetError
from mmusset.files import write_durably

# The newest, and the one before: a newest that can't be read can be deleted.
KEEP = 2
PATTERN = "step-*.pt"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that a training needs to go on: order, noise and dropout are functions of the step.

    `ended` says that nothing is left to train, `task` is the state of what is trained, and
    `early_stopping` is empty where validations do not end the training.
    """

    step: int
    ended: bool
    bad_steps: int
    optimizer: dict[str, Any]
    early_stopping: dict[str, Any]
    task: dict[str, Any]


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint, then delete all but the newest two."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{checkpoint.step:08d}.pt"
    data = {name: getattr(checkpoint, name) for name in Checkpoint.__slots__}
    write_durably(path, lambda file: torch.save(data, file), "checkpoint")
    for old in sorted(folder.glob(PATTERN))[:-KEEP]:
        old.unlink()
    return path


def newest(folder: Path) -> Path | None:
    """The file of a folder's newest checkpoint."""
    return max(folder.glob(PATTERN), default=None)


def last(folder: Path) -> Checkpoint | None:
    """A folder's newest checkpoint, if there is one. Raises MmussetError for a damaged one."""
    path = newest(folder)
    return load(path) if path else None


def load(path: Path) -> Checkpoint:
    """A checkpoint. Its weights are mapped, and read when they are used.

    Raises MmussetError where it can't be read.
    """
    try:
        return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True, mmap=True))
    except Exception as error:  # noqa: BLE001  pickle raises whatever it likes at foreign files
        raise damaged(path, error) from None


def damaged(path: Path, error: Exception) -> MmussetError:
    """What to say of a file that holds no checkpoint of ours."""
    return MmussetError(
        f"{path} is damaged, or no checkpoint of this version ({type(error).__name__});"
        " delete it to go on from the one before"
    )
