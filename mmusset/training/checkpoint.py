"""Files of checkpoints: whole or absent, the newest two."""

from pathlib import Path
from typing import Any

import torch

from mmusset.files import write_durably

KEPT = 2  # the newest, and the one before
PATTERN = "step-*.pt"


def save(folder: Path, step: int, data: dict[str, Any]) -> Path:
    """Write a checkpoint, then forget all but the newest two."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{step:08d}.pt"
    write_durably(path, lambda file: torch.save(data, file), "checkpoint")
    for old in sorted(folder.glob(PATTERN))[:-KEPT]:
        old.unlink()
    return path


def newest(folder: Path) -> Path | None:
    """The newest checkpoint of a folder."""
    return max(folder.glob(PATTERN), default=None)
