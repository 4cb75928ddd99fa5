"""The log of a training: JSON lines for programs, TensorBoard for eyes."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmusset.files import write_bytes_durably

from .folder import TrainingFolder
from .task import BadStep


class TrainingLog:
    """The log in a training's folder, from the checkpoint at `step` on; -1 without one.

    A training that goes on continues its log as if it had never stopped: what an earlier try
    wrote of steps after `step`, which no checkpoint remembers, is cut off.
    """

    def __init__(self, folder: TrainingFolder, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder.path.mkdir(parents=True, exist_ok=True)
        self._log, self._bad = JsonLog(folder.log, step), JsonLog(folder.bad_steps, step)
        self._board = SummaryWriter(str(folder.tensorboard), purge_step=step if step > 0 else None)

    def write(self, at: str, step: int, facts: dict[str, Any]) -> None:
        """A line of the log: `at` is train or validation."""
        self._log.write({"at": at, "step": step} | facts)
        for name, value in _scalars(facts):
            self._board.add_scalar(f"{at}/{name}", value, step)
        self._board.flush()

    def write_bad(self, steps: Sequence[BadStep]) -> None:
        """Note the steps that were skipped, and the keys of their samples."""
        for step in steps:
            self._bad.write(asdict(step))

    def sync(self) -> None:
        """Have the lines on disk before the checkpoint that counts on them."""
        self._log.sync()
        self._bad.sync()

    def close(self) -> None:
        self._board.close()


class JsonLog:
    """A file of JSON lines that each hold a `step`; those after `step` are cut off first."""

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        before = "".join(line for line in lines if _step_of(line) <= step).encode()
        write_bytes_durably(path, before, "log")

    def write(self, facts: dict[str, Any]) -> None:
        """Add a line. JSON has no NaN or infinity: they are written as null."""
        with self._path.open("a") as file:
            file.write(json.dumps(_finite(facts)) + "\n")

    def sync(self) -> None:
        """Have on disk what was written."""
        with self._path.open("a") as file:
            os.fsync(file.fileno())


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _scalars(facts: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a line by its path, as in `near_noise/shuffled`."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _scalars(value, f"{prefix}{name}/")
        elif isinstance(value, list | tuple):
            yield from _scalars({str(n): each for n, each in enumerate(value)}, f"{prefix}{name}/")
        elif isinstance(value, int | float):
            yield prefix + name, value


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # cut short by a kill
