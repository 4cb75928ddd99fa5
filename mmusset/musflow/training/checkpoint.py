"""Checkpoints: whole or absent, and only of the training that they are asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmusset.errors import MmussetError, Refused
from mmusset.musflow.data.cache import CacheManifest, LatentSpec
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.recipe_file import differences
from mmusset.training.checkpoint import newest, save

SHOWN = 6  # differences between two recipes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that a training needs to go on, and `generate` to make music: nothing else is state.

    Order, noise and dropout are functions of the step. `recipe` and `manifest` are JSON;
    `frames` is how many latent frames most training clips have.
    """

    step: int
    recipe: str
    manifest: str
    frames: int
    model: dict[str, Tensor]
    ema: dict[str, Tensor]
    optimizer: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint, then forget all but the newest two."""
    data = {name: getattr(checkpoint, name) for name in Checkpoint.__slots__}
    return save(folder, checkpoint.step, data)


def last_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint of a folder, if there is one, as `load_checkpoint` gives it."""
    path = newest(folder)
    return load_checkpoint(path) if path else None


def load_checkpoint(path: Path) -> Checkpoint:
    """Weights are mapped, and read when they are used. Raises MmussetError where it can't be
    read."""
    try:
        found = Checkpoint(**torch.load(path, map_location="cpu", weights_only=True, mmap=True))
        MusFlowRecipe.model_validate_json(found.recipe)
        CacheManifest.model_validate_json(found.manifest)
        return found
    except Exception as error:  # noqa: BLE001  pickle raises whatever it likes at foreign files
        raise MmussetError(
            f"{path} is damaged, or no checkpoint of this version ({type(error).__name__});"
            " delete it to go on from the one before"
        ) from None


def check_recipe(checkpoint: Checkpoint, recipe: MusFlowRecipe) -> None:
    """Raises Refused where a checkpoint is of another recipe."""
    before = MusFlowRecipe.model_validate_json(checkpoint.recipe)
    refuse_other("the checkpoint was trained", before.canonical(), recipe.canonical())


def check_spec(checkpoint: Checkpoint, spec: LatentSpec) -> None:
    """Raises Refused where a checkpoint was trained on latents of another spec."""
    if CacheManifest.model_validate_json(checkpoint.manifest).spec != spec:
        raise Refused(
            "the checkpoint was trained on a cache of another codec or other encoders;"
            " train into another folder (--out)"
        )


def refuse_other(what: str, before: str, now: str) -> None:
    """Raises Refused, with the differences shown, where two canonical recipes differ."""
    changed = [str(difference) for difference in differences(before, now)]
    if changed:
        more = len(changed) - SHOWN
        shown = "; ".join(changed[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise Refused(
            f"{what} by another recipe ({shown}); train into another folder"
            " (--out), or take the recipe that it was made with"
        )


def check_clips(checkpoint: Checkpoint, manifest: CacheManifest) -> None:
    """Raises Refused where the shards have changed since: going on would not be the same run."""
    then = CacheManifest.model_validate_json(checkpoint.manifest)
    if (then.shards, then.clips) != (manifest.shards, manifest.clips):
        told = [f"{sum(one.clips.values())} clips" for one in (then, manifest)]
        raise Refused(
            f"the checkpoint was trained on other shards ({told[0]} then, {told[1]} now);"
            " train into another folder (--out)"
        )
