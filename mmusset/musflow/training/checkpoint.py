"""What a checkpoint of MusFlow holds, and whether a training may go on from it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from mmusset.errors import Refused
from mmusset.musflow.data.cache import CacheManifest, LatentSpec
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.recipe_file import differences
from mmusset.training.checkpoint import damaged, load, newest

SHOWN = 6  # differences between two recipes


@dataclass(frozen=True, slots=True)
class FlowState:
    """MusFlow in training, as its checkpoints hold it, and as `generate` reads it.

    `recipe` and `manifest` are JSON; `frames` is how many latent frames most training clips
    have; `ema` is the model with averaged weights, which makes the music.
    """

    recipe: str
    manifest: str
    frames: int
    model: dict[str, Tensor]
    ema: dict[str, Tensor]

    def data(self) -> dict[str, Any]:
        """As a checkpoint keeps it."""
        return {name: getattr(self, name) for name in FlowState.__slots__}


def last_state(folder: Path) -> FlowState | None:
    """The state in a folder's newest checkpoint, if there is one, as `load_state` gives it."""
    path = newest(folder)
    return load_state(path) if path else None


def load_state(path: Path) -> FlowState:
    """The state in a checkpoint. Weights are mapped, and read when they are used.

    Raises MmussetError where it can't be read.
    """
    checkpoint = load(path)
    try:
        state = FlowState(**checkpoint.task)
        recipe = MusFlowRecipe.model_validate_json(state.recipe)
        CacheManifest.model_validate_json(state.manifest)
    except (TypeError, ValueError) as error:
        raise damaged(path, error) from None
    # A recipe of before `train.known` reads as if it had its default.
    if bool(recipe.train.known) != ("network.known_proj.weight" in state.ema):
        raise Refused(
            f"{path} was trained by an earlier version of mmusset, whose models could not be told"
            " a part of the music; train again, into another folder (--out)"
        )
    return state


def check_recipe(state: FlowState, recipe: MusFlowRecipe) -> None:
    """Raises Refused where a state is of another recipe."""
    before = MusFlowRecipe.model_validate_json(state.recipe)
    refuse_other("the checkpoint was trained", before.canonical(), recipe.canonical())


def check_spec(state: FlowState, spec: LatentSpec) -> None:
    """Raises Refused where a state was trained on latents of another codec, other encoders or
    other captions."""
    if CacheManifest.model_validate_json(state.manifest).spec != spec:
        raise Refused(
            "the checkpoint was trained on a cache of another codec, encoders or captions;"
            " train into another folder (--out)"
        )


def refuse_other(what: str, before: str, now: str) -> None:
    """Raises Refused, with the differences shown, where two canonical recipes differ."""
    changed = [str(difference) for difference in differences(before, now)]
    if changed:
        more = len(changed) - SHOWN
        listed = "; ".join(changed[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise Refused(
            f"{what} by another recipe ({listed}); train into another folder"
            " (--out), or take the recipe that it was made with"
        )


def check_clips(state: FlowState, manifest: CacheManifest) -> None:
    """Raises Refused where the shards have changed since: going on would not be the same run."""
    before = CacheManifest.model_validate_json(state.manifest)
    if (before.shards, before.clips) != (manifest.shards, manifest.clips):
        then, now = (f"{sum(each.clips.values())} clips" for each in (before, manifest))
        raise Refused(
            f"the checkpoint was trained on other shards ({then} then, {now} now);"
            " train into another folder (--out)"
        )
