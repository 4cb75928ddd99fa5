"""The offline speaker: a grammar that writes plain sentences from evidence. No model."""

from random import Random
from types import TracebackType
from typing import Self

from pydantic import BaseModel

from mmusset.sample import AgentName
from mmusset.speakers.base import (
    Brief,
    CaptionReply,
    Judgement,
    Mending,
    ModelId,
    Reply,
    Request,
    StoryReply,
)

from . import caption_grammar, mending, story_grammar


class OfflineSpeaker:
    """Says nothing that evidence does not carry. The same brief gets the same answer.

    As a critic it finds no fault: a grammar has no opinion, and what code can find
    wrong, the rules have found.
    """

    name = "offline"
    in_flight = 0

    def __init__(self) -> None:
        self.strikes: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def model_id(self, agent: AgentName) -> ModelId:
        """The grammar's version."""
        return ModelId("offline-grammar/1")

    async def answer(self, request: Request) -> Reply:
        """The grammar's answer. Raises Unusable where a caption is due and nothing may be said."""
        return Reply(text=_reply(request.brief, request.reply).model_dump_json())

    def stop(self) -> None:
        """Nothing flies here."""


def _reply(brief: Brief, reply: type[BaseModel]) -> BaseModel:
    random, media = Random(brief.draw()), brief.material.media
    if reply is CaptionReply:
        text = caption_grammar.write(brief.sayable, media.music_evidence.duration_s, random)
        return CaptionReply(caption=text)
    if reply is StoryReply:
        return StoryReply(story=story_grammar.write(media.image_evidence, brief.sayable, random))
    if reply is Judgement:
        return Judgement(faults=())
    if reply is Mending:
        return Mending(caption=mending.caption(brief, random), story=mending.story(brief, random))
    raise TypeError(f"the offline speaker has no answer of the type {reply.__name__}")
