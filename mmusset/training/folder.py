"""The folder of a training: what is kept in it, and that one training at a time uses it."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmusset.errors import Refused


@dataclass(frozen=True, slots=True)
class TrainingFolder:
    """Where a training keeps its checkpoints and logs."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def log(self) -> Path:
        """JSON lines of losses, rates and validations."""
        return self.path / "log.jsonl"

    @property
    def bad_steps(self) -> Path:
        """A JSON line for each step that was skipped, with the keys of its samples."""
        return self.path / "bad_steps.jsonl"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    def log_lines(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder, made if it is not there, for one training alone.

    Raises Refused where another is running in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"another training is running in {folder}; wait for it, or stop it"
            ) from None
        yield
