"""Where a training keeps what it makes."""

from dataclasses import dataclass
from pathlib import Path


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
    path = Path(source) if Path(source).name else Path(source).resolve()
    named = next((p for p in (path, *path.parents) if _names_dataset(p)), path)
    return Path(f"{named.resolve().name or 'data'}-musflow")


def _names_dataset(path: Path) -> bool:
    """Not a tar, a pattern, or the folder `data` in a dataset."""
    if not path.name or path.suffix == ".tar" or set("*?[") & set(path.name):
        return False
    return path.name != "data" or not path.parent.name
