"""A training that begins with the weights of another model, and its codec: `train --from`."""

from collections.abc import Callable

from mmusset.errors import Refused, UsageError
from mmusset.files import write_bytes_durably
from mmusset.musflow.data.cache import LatentSpec
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.model_folder.trained import ModelFolder, unpack_codec
from mmusset.musflow.recipe import MusFlowRecipe

from .run_folder import RunFolder


def begun_from(folder: RunFolder) -> str:
    """The model whose weights a training began with; "" where it began with none."""
    return folder.begun_from.read_text() if folder.begun_from.exists() else ""


def check_beginning(model: ModelFolder | None, recipe: MusFlowRecipe, folder: RunFolder) -> None:
    """Raises Refused where a folder's training began otherwise, UsageError where a recipe's network
    can't take the weights of a model."""
    before, now = begun_from(folder), model.source if model else ""
    if folder.encoding.exists() and before != now:
        what = f"began with {before}: say --from {before}" if before else "began with no model"
        raise Refused(f"the training in {folder.path} {what}, or train into another folder (--out)")
    if model is None:
        return
    theirs = model.recipe
    same = (
        (theirs.network, recipe.network),
        (theirs.alignment.hidden, recipe.alignment.hidden),
        (bool(theirs.train.known), bool(recipe.train.known)),
        (theirs.codec, recipe.codec),
        (theirs.encoders, recipe.encoders),
    )
    if any(one != other for one, other in same):
        raise UsageError(
            f"the weights of {model.source} are for its own network, codec and encoders: --set"
            " changes how it is trained, not these"
        )


def check_same_latents(model: ModelFolder, spec: LatentSpec) -> None:
    """Raises Refused where a model was trained on latents or embeddings of other weights."""
    theirs = model.manifest.cache.spec
    if theirs.model_copy(update={"captions": spec.captions, "shifts": spec.shifts}) != spec:
        raise Refused(
            f"{model.source} was trained with another codec or other encoders than those that can"
            " be loaded here now; its weights say nothing to these"
        )


def begin_with(model: MusFlow, other: ModelFolder, log: Callable[[str], None]) -> None:
    """Give a model another's weights. What takes videos in is new where the other saw none, and is
    left out where this dataset has none."""
    theirs, own = other.weights(), model.state_dict()
    for missing in own.keys() - theirs.keys():
        log(f"{other.source} saw no videos: {missing} is trained from the start")
    for unused in theirs.keys() - own.keys():
        log(f"there are no videos in this dataset: {unused} of {other.source} is left out")
    model.load_state_dict(own | {name: theirs[name] for name in theirs.keys() & own.keys()})


def take_over(model: ModelFolder, folder: RunFolder) -> None:
    """Put a model's codec into a training's folder, and write down which model it is of."""
    if begun_from(folder):
        return
    unpack_codec(model.codec, folder.codec)
    write_bytes_durably(folder.begun_from, model.source.encode(), "begun_from")
