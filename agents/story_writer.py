"""The story writer: picture and mood -> a story; a given story is taken as it is."""

from mmusset.speakers.base import Speaker, StoryReply

from .state import Change, State, ask


async def story_writer(state: State, speaker: Speaker) -> Change:
    """Write the story, unless the source gave one. The critic reads both kinds."""
    given = state["material"].given_story
    if given:
        return Change(story=given, story_writer="given")
    answer, turn = await ask(state, "story_writer", speaker, StoryReply)
    return Change(story=answer.story, story_writer="story_writer", turns=(*state["turns"], turn))
