"""The licences of pretrained models, from their cards, before anything is loaded."""

from collections.abc import Callable

from mmusset.pretrained.weights import licence_of

from .recipe import MusFlowRecipe


def licences_of(recipe: MusFlowRecipe) -> dict[str, str]:
    """The licence of each pretrained model of a recipe, by its folder or Hub name.

    Raises MmussetError where a name is neither a folder nor on the Hub, or the Hub can't be
    reached.
    """
    codec, encoders = recipe.codec, recipe.encoders
    parts = (encoders.image, encoders.story, encoders.caption, encoders.audio)
    models = [(part.model, part.revision) for part in parts if part.kind != "bundled"]
    if codec.kind != "bundled":
        vocoder = (codec.vocoder, codec.vocoder_revision)
        models = [(codec.model, codec.revision), vocoder, *models]
    return {model: licence_of(model, revision) for model, revision in models if model}


def show_licences(recipe: MusFlowRecipe, log: Callable[[str], None]) -> None:
    """Log the licence of each pretrained model. Raises MmussetError as `licences_of` does."""
    for model, licence in licences_of(recipe).items():
        log(f"{model}: licence {licence}")
