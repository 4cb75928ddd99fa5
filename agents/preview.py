"""The request that an agent would make for a sample, without sending it."""

from collections.abc import Sequence

from pydantic import BaseModel

from mmusset.recipe import Recipe
from mmusset.sample import Material
from mmusset.speakers.asking import Asker, InMemoryReplies
from mmusset.speakers.base import Request
from mmusset.speakers.offline.speaker import OfflineSpeaker

from .graph import build_graph
from .state import GraphAgent, begin_by, brief


async def preview(
    material: Material,
    agent: GraphAgent[BaseModel],
    recipe: Recipe,
    agents: Sequence[GraphAgent[BaseModel]],
) -> Request:
    """The request of `agent`. Texts that others of `agents` write first are the offline ones."""
    state = begin_by(material, recipe)
    outcome = await build_graph(Asker(OfflineSpeaker(), InMemoryReplies()), recipe, agents)(
        material
    )
    if outcome.caption:
        state["caption"] = outcome.caption.text
    if outcome.story:
        state["story"] = outcome.story.text
    # Whoever mends is first asked in the round after the first.
    state["round"] = int(agent.place == "mend")
    return Request(brief(state, agent))
