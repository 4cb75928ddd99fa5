"""The commits on the Hub at which a training's pretrained models stand, so that it keeps to them.

A model's name alone means another commit from one day to the next: a training that went by it would
be refused by its own checkpoints after any change upstream, a mended typing error in a README too.
"""

from mmusset.pretrained.weights import locate

from .recipe import CodecPart, EncoderPart, EncodersPart, MusFlowRecipe

ON_HUB = {"mel_vae", "oobleck"}  # kinds of codec whose `model` may be a repository


def remembered(recipe: MusFlowRecipe, before: MusFlowRecipe) -> MusFlowRecipe:
    """A recipe that takes the revisions of an earlier form of it for the models that both name,
    where it says none itself."""
    encoders = {
        name: _encoder(getattr(recipe.encoders, name), getattr(before.encoders, name))
        for name in EncodersPart.model_fields
    }
    changes = {"codec": _codec(recipe.codec, before.codec), "encoders": EncodersPart(**encoders)}
    return recipe.model_copy(update=changes)


def pinned(recipe: MusFlowRecipe) -> MusFlowRecipe:
    """A recipe with today's revision of each model on the Hub that has none yet.

    Raises MmussetError where a model can't be found.
    """
    encoders = {
        name: _pinned_encoder(getattr(recipe.encoders, name)) for name in EncodersPart.model_fields
    }
    changes = {"codec": _pinned_codec(recipe.codec), "encoders": EncodersPart(**encoders)}
    return recipe.model_copy(update=changes)


def _codec(part: CodecPart, before: CodecPart) -> CodecPart:
    changes = {}
    if part.model == before.model and not part.revision:
        changes["revision"] = before.revision
    if part.vocoder == before.vocoder and not part.vocoder_revision:
        changes["vocoder_revision"] = before.vocoder_revision
    return part.model_copy(update=changes)


def _encoder(part: EncoderPart, before: EncoderPart) -> EncoderPart:
    if part.model != before.model or part.revision:
        return part
    return part.model_copy(update={"revision": before.revision})


def _pinned_codec(part: CodecPart) -> CodecPart:
    changes = {}
    if part.kind not in ON_HUB:
        return part
    if part.model and not part.revision:
        changes["revision"] = locate(part.model, "vae", "").revision
    if part.vocoder and not part.vocoder_revision:
        changes["vocoder_revision"] = locate(part.vocoder, "vocoder", "").revision
    return part.model_copy(update=changes)


def _pinned_encoder(part: EncoderPart) -> EncoderPart:
    if not part.model or part.revision:
        return part
    return part.model_copy(update={"revision": locate(part.model, "").revision})
