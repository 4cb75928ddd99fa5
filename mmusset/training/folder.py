"""Where a training keeps its checkpoints and logs."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrainingFolder:
    """The folder of one training."""

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
