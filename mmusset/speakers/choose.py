"""The speaker that a recipe names."""

from collections.abc import Callable

from mmusset.recipe import Recipe

from .base import Speaker


def speaker_of(recipe: Recipe, tell: Callable[[str], None] = lambda _: None) -> Speaker:
    """It, not yet entered. `tell` is called with what the user should know while it works."""
    if recipe.speaker.kind == "vllm":
        from .vllm import VllmSpeaker

        return VllmSpeaker(recipe.speaker, recipe.server, tell)
    if recipe.speaker.kind == "transformers":
        from .in_process import TransformersSpeaker

        return TransformersSpeaker(recipe.speaker, tell)
    from .offline import OfflineSpeaker

    return OfflineSpeaker()
