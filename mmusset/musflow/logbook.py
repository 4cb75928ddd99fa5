"""The log of a training: JSON lines for programs, TensorBoard for eyes."""

import json
import os
from dataclasses import asdict
from functools import partial
from typing import Any, BinaryIO

from mmusset.shards.durable import write_durably

from .run_folder import RunFolder
from .validate import Validation
from .window import BadStep, Logged


class Logbook:
    """The log of the run in `folder`, from `step` on: what an earlier try wrote of later steps,
    which no checkpoint remembers, is cut off."""

    def __init__(self, folder: RunFolder, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder = folder
        for path in (folder.log, folder.bad_steps):
            lines = path.read_text().splitlines(keepends=True) if path.exists() else []
            kept = "".join(line for line in lines if _step_of(line) <= step).encode()
            write_durably(path, partial(_write_bytes, kept), "log")
        self._board = SummaryWriter(str(folder.tensorboard), purge_step=step or None)

    def logged(self, line: Logged) -> None:
        """What training measured since the last line."""
        facts = asdict(line)
        self._write({"at": "train"} | facts)
        for number, loss in enumerate(facts.pop("loss_by_time")):
            self._board.add_scalar(f"loss at time/{number + 1} of 4", loss, line.step)
        for name in set(facts) - {"step"}:
            self._board.add_scalar(f"train/{name}", facts[name], line.step)

    def validated(self, step: int, found: Validation) -> None:
        """The losses on the validation split."""
        self._write({"at": "validation", "step": step} | asdict(found))
        for when, losses in asdict(found).items():
            for name, loss in losses.items():
                self._board.add_scalar(f"validation {when}/{name}", loss, step)

    def skipped(self, bad: list[BadStep]) -> int:
        """Note steps that were not finite, and the keys of their clips; how many there are now."""
        with self._folder.bad_steps.open("a+") as file:
            for step in bad:
                file.write(json.dumps(asdict(step)) + "\n")
            file.seek(0)
            return sum(1 for _ in file)

    def keep(self) -> None:
        """Have on disk what was written: a checkpoint that is to come counts on it."""
        for path in (self._folder.log, self._folder.bad_steps):
            with path.open("a") as file:
                os.fsync(file.fileno())

    def close(self) -> None:
        self._board.close()

    def _write(self, facts: dict[str, Any]) -> None:
        with self._folder.log.open("a") as file:
            file.write(json.dumps(facts) + "\n")
        self._board.flush()


def _write_bytes(data: bytes, file: BinaryIO) -> None:
    file.write(data)


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # cut short by a kill
