"""The log of a training: JSON lines for programs, TensorBoard for eyes."""

from dataclasses import asdict
from typing import Any

from mmusset.training.json_log import JsonLog

from .run_folder import RunFolder
from .validate import Validation
from .window import BadStep, Logged


class Logbook:
    """The log of the run in `folder`, from `step` on: what an earlier try wrote of later steps,
    which no checkpoint remembers, is cut off."""

    def __init__(self, folder: RunFolder, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._log, self._bad = JsonLog(folder.log, step), JsonLog(folder.bad_steps, step)
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
        for step in bad:
            self._bad.write(asdict(step))
        return len(self._bad.lines())

    def keep(self) -> None:
        """Have on disk what was written: a checkpoint that is to come counts on it."""
        self._log.keep()
        self._bad.keep()

    def close(self) -> None:
        self._board.close()

    def _write(self, facts: dict[str, Any]) -> None:
        self._log.write(facts)
        self._board.flush()
