"""The story writer: picture and mood -> a story; a given story is taken as it is."""

from mmusset.speakers.asking import Asker
from mmusset.speakers.base import StoryReply

from .state import Change, State, ask


async def story_writer(state: State, asker: Asker) -> Change:
    """Write the story, unless the source gave one. The critic reads both kinds."""
    given = state["material"].given_story
    if given:
        return Change(story=given, story_writer="given")
    answer, turn = await ask(state, "story_writer", asker, StoryReply)
    return Change(story=answer.story, story_writer="story_writer", turns=(*state["turns"], turn))
