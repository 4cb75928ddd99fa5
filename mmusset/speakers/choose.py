"""The speaker that a recipe names."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mmusset.recipe import Recipe

from .base import Speaker

if TYPE_CHECKING:
    from .vllm.serve import ServerSpec


def speaker_of(
    recipe: Recipe, tell: Callable[[str], None] = lambda _: None, served: "ServerSpec | None" = None
) -> Speaker:
    """It, not yet entered. `tell` is called with what the user should know while it works.

    `served` is the server that it has to bring with it.
    """
    if served:
        from .vllm.served import ServedSpeaker

        return ServedSpeaker(recipe.speaker, recipe.server, served, tell)
    if recipe.speaker.kind == "vllm":
        from .vllm.speaker import VllmSpeaker

        return VllmSpeaker(recipe.speaker, recipe.server, tell)
    if recipe.speaker.kind == "transformers":
        from .local.speaker import TransformersSpeaker

        return TransformersSpeaker(recipe.speaker, tell)
    from .offline.speaker import OfflineSpeaker

    return OfflineSpeaker()
