"""The offline speaker: a grammar that writes plain sentences from evidence. No model."""

from random import Random
from types import TracebackType
from typing import Self

from mmusset.speakers.base import ModelId, Reply, Request


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

    def model_id(self, agent: str) -> ModelId:
        """The grammar's version."""
        return ModelId("offline-grammar/1")

    async def answer(self, request: Request) -> Reply:
        """The grammar's answer. Raises Unusable where a caption is due and nothing may be said."""
        brief = request.brief
        reply = brief.agent.offline(brief.notes(), Random(brief.draw()))
        return Reply(text=reply.model_dump_json())

    def stop(self) -> None:
        """Nothing flies here."""
