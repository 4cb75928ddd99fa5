"""What a generator opens: a training's checkpoint, or a model's folder, here or on the Hub."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from mmusset.errors import MmussetError
from mmusset.musflow.data.cache import CacheManifest
from mmusset.musflow.model_folder.trained import ModelFolder, model_folder
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.musflow.training.checkpoint import load_state
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.training.checkpoint import newest


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model's averaged weights with what belongs to them; `path` is the file that holds them,
    `folder` has its codec. `source` is `user/name@commit` for one from the Hub, else ""."""

    path: Path
    folder: RunFolder
    recipe: MusFlowRecipe
    manifest: CacheManifest
    frames: int
    weights: dict[str, Tensor]
    source: str = ""


def trained_model(name: str | Path) -> TrainedModel:
    """The model that a user names. Raises MmussetError where there is none."""
    packed = model_folder(name)
    return _packed(packed) if packed else _in_training(checkpoint_of(Path(name)))


def checkpoint_of(path: Path) -> Path:
    """The newest checkpoint of a training's folder, or the one that the path names itself.

    Raises MmussetError where there is none.
    """
    if path.is_file():
        return path
    checkpoint = newest(RunFolder(path).checkpoints) or newest(path)
    if checkpoint is None:
        raise MmussetError(
            f"no checkpoint in {path}: give the folder that `mmusset train` wrote (--out)"
        )
    return checkpoint


def _packed(model: ModelFolder) -> TrainedModel:
    manifest = model.manifest
    return TrainedModel(
        path=model.file,
        folder=RunFolder(model.path),
        recipe=manifest.recipe,
        manifest=manifest.cache,
        frames=manifest.frames,
        weights=model.weights(),
        source=model.source if "@" in model.source else "",
    )


def _in_training(path: Path) -> TrainedModel:
    state = load_state(path)
    return TrainedModel(
        path=path,
        folder=RunFolder(path.absolute().parent.parent),
        recipe=MusFlowRecipe.model_validate_json(state.recipe),
        manifest=CacheManifest.model_validate_json(state.manifest),
        frames=state.frames,
        weights=state.ema,
    )
