"""What an agent would be told of a sample, without asking anybody."""

from pydantic import BaseModel

from mmusset.recipe import Recipe
from mmusset.sample import AgentName, Material
from mmusset.speakers.asking import Asker, InMemory
from mmusset.speakers.base import CaptionReply, Judgement, Mending, Request, StoryReply
from mmusset.speakers.offline.speaker import OfflineSpeaker
from mmusset.truth.gates import sayable

from .graph import build_graph
from .state import begin, brief

_REPLIES: dict[AgentName, type[BaseModel]] = {
    "captioner": CaptionReply,
    "story_writer": StoryReply,
    "critic": Judgement,
    "reconciler": Mending,
}


async def preview(material: Material, agent: AgentName, recipe: Recipe) -> Request:
    """The request that `agent` would make. Texts that others write first are the offline ones."""
    state = begin(material, sayable(material.media.music_evidence, recipe.gates))
    outcome = await build_graph(Asker(OfflineSpeaker(), InMemory()), recipe)(material)
    if outcome.caption:
        state["caption"] = outcome.caption.text
    if outcome.story:
        state["story"] = outcome.story.text
    state["round"] = int(agent == "reconciler")
    return Request(brief(state, agent), _REPLIES[agent])
