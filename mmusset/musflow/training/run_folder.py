"""Where a training keeps what it makes."""

from dataclasses import dataclass
from pathlib import Path

from mmusset.shards.reader import dataset_name


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one training: codec, cache, checkpoints, and what can be looked at."""

    path: Path

    @property
    def codec(self) -> Path:
        return self.path / "codec"

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def heard(self) -> Path:
        """Sounds and spectrograms that were made on the way."""
        return self.path / "heard"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def log(self) -> Path:
        """A JSON line for each moment that was logged."""
        return self.path / "log.jsonl"

    @property
    def encoding(self) -> Path:
        """What codec and cache were made by: that part of a recipe, as JSON."""
        return self.path / "encoding.json"

    @property
    def bad_steps(self) -> Path:
        """A JSON line for each step that was skipped."""
        return self.path / "bad_steps.jsonl"


def default_run(source: str) -> Path:
    """`music-musflow`, here, for the dataset `.../music`."""
    return Path(f"{dataset_name(source)}-musflow")
