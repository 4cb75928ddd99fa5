"""The offline speaker: a grammar that writes plain sentences from evidence. No model."""

from random import Random
from types import TracebackType
from typing import Self

from mmusset.speakers.base import ModelId, Reply, Request


class OfflineSpeaker:
    """Says only what evidence supports. The same brief always gets the same reply.

    What it writes for an agent is in the agent's own declaration.
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
        """What the agent writes offline. Raises Unusable where there is nothing that it may say."""
        brief = request.brief
        reply = brief.agent.offline(brief.notes(), Random(brief.draw()))
        return Reply(text=reply.model_dump_json())

    def stop(self) -> None:
        """Nothing is ever in flight here."""
