"""Where a training of MusFlow keeps what it makes."""

from dataclasses import dataclass
from pathlib import Path

from mmusset.shards.reader import dataset_name
from mmusset.training.folder import TrainingFolder


@dataclass(frozen=True, slots=True)
class RunFolder(TrainingFolder):
    """The folder of one training: codec, cache, checkpoints, logs, and what can be heard."""

    @property
    def codec(self) -> Path:
        return self.path / "codec"

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    @property
    def heard(self) -> Path:
        """Sounds and spectrograms that the model made while it trained."""
        return self.path / "heard"

    @property
    def encoding(self) -> Path:
        """What codec and cache were made by: that part of a recipe, as JSON."""
        return self.path / "encoding.json"

    @property
    def trained_on(self) -> Path:
        """What it is trained on: JSON."""
        return self.path / "trained_on.json"

    @property
    def begun_from(self) -> Path:
        """The model whose weights it began with, `user/name@commit` or a folder: a line of text."""
        return self.path / "begun_from.txt"

    @property
    def packed(self) -> Path:
        """The model as one folder, which is what `mmusset push` publishes."""
        return self.path / "model"


def default_run(source: str) -> Path:
    """`music-musflow`, here, for the dataset `.../music`."""
    return Path(f"{dataset_name(source)}-musflow")
