"""Two speakers as one: whoever writes, and a listener on a server of its own."""

from types import TracebackType
from typing import Self

from mmusset.ears.listener import NAME

from .base import ModelId, Reply, Request, Speaker


class PairedSpeaker:
    """Sends the listener's requests to `listener`, all others to `writer`.

    Both count their lost calls in the writer's `strikes`, each under keys of its own.
    """

    def __init__(self, writer: Speaker, listener: Speaker) -> None:
        self._writer = writer
        self._listener = listener
        self.name = writer.name
        self.in_flight = writer.in_flight + listener.in_flight
        self.strikes = writer.strikes

    async def __aenter__(self) -> Self:
        """Enter both, the listener first: one that is deaf or absent ends all before it costs."""
        await self._listener.__aenter__()
        try:
            await self._writer.__aenter__()
        except BaseException:
            await self._listener.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._writer.__aexit__(kind, error, trace)
        await self._listener.__aexit__(kind, error, trace)

    def model_id(self, agent: str) -> ModelId:
        """What `agent` speaks through."""
        return self._of(agent).model_id(agent)

    async def answer(self, request: Request) -> Reply:
        """The reply of the speaker that the agent speaks through."""
        return await self._of(request.brief.agent.name).answer(request)

    def stop(self) -> None:
        """Send nothing more to either."""
        self._listener.stop()
        self._writer.stop()

    def _of(self, agent: str) -> Speaker:
        return self._listener if agent == NAME else self._writer
