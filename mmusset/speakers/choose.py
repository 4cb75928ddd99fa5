"""The speaker that a recipe names."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mmusset.ears.listener import NAME as LISTENER
from mmusset.recipe import Recipe

from .base import Speaker

if TYPE_CHECKING:
    from .vllm.listener import ListenerExam
    from .vllm.serve import ServerSpec


def speaker_of(
    recipe: Recipe,
    notify: Callable[[str], None] = lambda _: None,
    served: "ServerSpec | None" = None,
    exam: "ListenerExam | None" = None,
) -> Speaker:
    """The speaker, not yet entered. `notify` gets lines for the user while it works.

    With `served` it starts that server itself, and stops it in the end. Where the recipe has the
    ear `listener`, its server is asked for that; `exam` is what it has to pass first.
    """
    writer = _writer_of(recipe, notify, served)
    if LISTENER not in recipe.ears:
        return writer
    from .paired import PairedSpeaker
    from .vllm.listener import ListenerSpeaker

    return PairedSpeaker(writer, ListenerSpeaker(recipe.listener, notify, writer.strikes, exam))


def _writer_of(
    recipe: Recipe, notify: Callable[[str], None], served: "ServerSpec | None"
) -> Speaker:
    if served:
        from .vllm.served import ServedSpeaker

        return ServedSpeaker(recipe.speaker, recipe.server, served, notify)
    if recipe.speaker.kind == "vllm" and recipe.server.urls:
        from .vllm.replicas import ReplicatedSpeaker

        return ReplicatedSpeaker(recipe.speaker, recipe.server, notify)
    if recipe.speaker.kind == "vllm":
        from .vllm.speaker import VllmSpeaker

        return VllmSpeaker(recipe.speaker, recipe.server, notify)
    if recipe.speaker.kind == "transformers":
        from .local.speaker import TransformersSpeaker

        return TransformersSpeaker(recipe.speaker, notify)
    from .offline.speaker import OfflineSpeaker

    return OfflineSpeaker()
