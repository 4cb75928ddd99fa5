"""A speaker that stays entered from one use to the next."""

from types import TracebackType
from typing import Self

from .base import ModelId, Reply, Request, Speaker


class EnteredSpeaker:
    """A speaker that somebody else has entered, and will leave: a model is loaded once for all that
    it is asked, and a server's pace is learnt once."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self.name = speaker.name
        self.in_flight = speaker.in_flight
        self.strikes = speaker.strikes

    async def __aenter__(self) -> Self:
        """Nothing: it was entered."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing: it is left by who entered it."""

    def model_id(self, agent: str) -> ModelId:
        """What `agent` speaks through."""
        return self._speaker.model_id(agent)

    async def answer(self, request: Request) -> Reply:
        """The speaker's reply."""
        return await self._speaker.answer(request)

    def stop(self) -> None:
        """Send nothing more."""
        self._speaker.stop()
