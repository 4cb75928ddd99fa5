"""The story writer: picture and mood -> a story; a given story is taken as it is."""

from random import Random
from typing import Annotated

from pydantic import Field

from mmusset import prompts
from mmusset.frozen import Frozen
from mmusset.recipe import Recipe
from mmusset.recipe_parts.speaker import Sampling
from mmusset.speakers.agent import Notes
from mmusset.speakers.asking import Asker
from mmusset.speakers.offline import story_grammar

from .state import GraphAgent, State, StateChange, ask, is_fixed


class StoryReply(Frozen):
    """The story writer's answer."""

    story: Annotated[str, Field(min_length=1, max_length=2000)]


async def _turn(state: State, asker: Asker, recipe: Recipe) -> StateChange:
    """Write the story, unless a person or the source gave one. The critic reads all kinds."""
    if is_fixed(state, "story"):
        return StateChange()
    if given := state["material"].given_story:
        return StateChange(story=given)
    reply, turn = await ask(state, STORY_WRITER, asker)
    return StateChange(story=reply.story, turns=(*state["turns"], turn))


def _offline(notes: Notes, random: Random) -> StoryReply:
    story = story_grammar.write(notes.image, notes.title, random, notes.story_words)
    return StoryReply(story=story)


STORY_WRITER: GraphAgent[StoryReply] = GraphAgent(
    name="story_writer",
    place="write",
    prompt=prompts.load("story_writer"),
    reply=StoryReply,
    sampling=Sampling(temperature=0.8, top_p=0.9, max_tokens=384),
    reply_tokens=130,
    turn=_turn,
    offline=_offline,
)
