"""The captioner: evidence and picture -> the music caption; a given one is taken as it is."""

from random import Random
from typing import Annotated

from pydantic import Field

from mmusset import prompts
from mmusset.frozen import Frozen
from mmusset.recipe import Recipe
from mmusset.recipe_parts.speaker import Sampling
from mmusset.speakers.agent import Notes
from mmusset.speakers.asking import Asker
from mmusset.speakers.offline import caption_grammar

from .state import GraphAgent, State, StateChange, ask, is_fixed


class CaptionReply(Frozen):
    """The captioner's answer."""

    caption: Annotated[str, Field(min_length=1, max_length=1000)]


async def _turn(state: State, asker: Asker, recipe: Recipe) -> StateChange:
    """Write what is heard, from the claims that evidence carries, unless a person or the source
    gave it. The critic reads all kinds."""
    if is_fixed(state, "caption"):
        return StateChange()
    if given := state["material"].given_caption:
        return StateChange(caption=given)
    reply, turn = await ask(state, CAPTIONER, asker)
    return StateChange(caption=reply.caption, turns=(*state["turns"], turn))


def _offline(notes: Notes, random: Random) -> CaptionReply:
    return CaptionReply(caption=caption_grammar.write(notes.sayable, random))


CAPTIONER: GraphAgent[CaptionReply] = GraphAgent(
    name="captioner",
    place="write",
    prompt=prompts.load("captioner"),
    reply=CaptionReply,
    # Some freedom: the same few claims are to be worded in many ways.
    sampling=Sampling(temperature=0.7, top_p=0.9, max_tokens=256),
    reply_tokens=60,
    turn=_turn,
    offline=_offline,
)
