"""The offline speaker: a grammar that writes plain sentences from evidence. No model."""

import hashlib
from random import Random

from mmusset.errors import Unusable
from mmusset.sample import Fault
from mmusset.text import sentences

from .base import Brief, CaptionReply, Judgement, Mending, R, StoryReply
from .caption_grammar import caption
from .story_grammar import more, story

# What a mended text must keep to; the recipe's bounds are wider by default.
STORY_WORDS = (55, 120)
CAPTION_WORDS = (8, 80)


class OfflineSpeaker:
    """Says nothing that the evidence does not carry. The same brief gets the same answer."""

    name = "offline"
    model = "offline-grammar/1"

    async def speak(self, brief: Brief, reply: type[R]) -> R:
        """The grammar's answer. Raises Unusable where nothing was measured surely enough."""
        if not brief.sayable:
            raise Unusable("nothing sure was measured", "no value reached its gate")
        random = _random(brief)
        if reply is CaptionReply:
            return reply(caption=_caption(brief, random))
        if reply is StoryReply:
            return reply(story=story(brief.image, brief.sayable, random))
        if reply is Judgement:
            # A grammar has no opinion: what rules can't find, it can't either.
            return reply(faults=())
        return reply(caption=_mended_caption(brief, random), story=_mended_story(brief, random))


def _random(brief: Brief) -> Random:
    told = f"{brief.seed}:{brief.key}:{brief.agent}:{brief.round}"
    return Random(hashlib.sha256(told.encode()).digest())


def _caption(brief: Brief, random: Random) -> str:
    """A caption of enough words; with few claims a short one is drawn again."""
    text = caption(brief.sayable, random)
    for _ in range(20):
        if CAPTION_WORDS[0] <= len(text.split()) <= CAPTION_WORDS[1]:
            break
        text = caption(brief.sayable, random)
    return text


def _mended_caption(brief: Brief, random: Random) -> str:
    """Without the sentences at fault; written anew where nothing would be left."""
    kept = _without(brief.caption, brief.faults, "caption")
    if len(kept.split()) >= CAPTION_WORDS[0]:
        return kept
    return f"{kept} {_caption(brief, random)}".strip()


def _mended_story(brief: Brief, random: Random) -> str:
    """Without the sentences at fault, and with some of the grammar's where it gets too short."""
    kept = _without(brief.story, brief.faults, "story")
    while len(kept.split()) > STORY_WORDS[1]:
        kept = "".join(sentences(kept)[:-1]).strip()
    if not kept:
        return story(brief.image, brief.sayable, random)
    if kept == brief.story:
        return kept
    return more(kept, brief.image, STORY_WORDS[0], random)


def _without(text: str, faults: tuple[Fault, ...], where: str) -> str:
    """The text less each sentence that holds a quote of a fault. A quote of all is no sentence."""
    quotes = [f.quote for f in faults if f.where == where and f.quote != text]
    kept = [s for s in sentences(text) if not any(quote in s for quote in quotes)]
    return "".join(kept).strip()
