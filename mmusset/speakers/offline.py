"""The offline speaker: a grammar that writes plain sentences from evidence. No model."""

import hashlib
from random import Random

from . import caption_grammar, mending, story_grammar
from .base import Brief, CaptionReply, Judgement, Mending, R, Reply, StoryReply


class OfflineSpeaker:
    """Says nothing that evidence does not carry. The same brief gets the same answer.

    As a critic it finds no fault: a grammar has no opinion, and what code can find
    wrong, the rules have found.
    """

    name = "offline"
    model = "offline-grammar/1"

    async def speak(self, brief: Brief, reply: type[R]) -> R:
        """The grammar's answer. Raises Unusable where a caption is due and nothing may be said."""
        answer = _answer(brief, reply)
        if not isinstance(answer, reply):
            raise TypeError(f"the offline speaker has no answer of the type {reply.__name__}")
        return answer


def _answer(brief: Brief, reply: type[R]) -> Reply:
    random = _random(brief)
    if reply is CaptionReply:
        text = caption_grammar.write(brief.sayable, brief.music.duration_s, random)
        return CaptionReply(caption=text)
    if reply is StoryReply:
        return StoryReply(story=story_grammar.write(brief.image, brief.sayable, random))
    if reply is Judgement:
        return Judgement(faults=())
    return Mending(caption=mending.caption(brief, random), story=mending.story(brief, random))


def _random(brief: Brief) -> Random:
    told = f"{brief.seed}:{brief.key}:{brief.agent}:{brief.round}"
    return Random(int.from_bytes(hashlib.sha256(told.encode()).digest()))
