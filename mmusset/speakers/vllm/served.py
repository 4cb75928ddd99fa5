"""`build --serve`: a speaker that brings its own server, and takes it away again."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from mmusset.errors import MmussetError, ServerGone, Stopped
from mmusset.recipe_parts.speaker import OneServerPart, SpeakerPart

from .serve import ServerSpec, VllmServer, log_file
from .speaker import VllmSpeaker


class ServedSpeaker(VllmSpeaker):
    """The server is started when the first call is due, and started again if it dies."""

    def __init__(
        self,
        part: SpeakerPart,
        server: OneServerPart,
        served: ServerSpec,
        notify: Callable[[str], None],
    ) -> None:
        super().__init__(part, server, notify)
        self._own = VllmServer(served, log_file(), notify)
        self._starting: asyncio.Task[VllmServer] | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the server. Raises MmussetError with its last lines, Stopped after `stop`."""
        self._starting = asyncio.create_task(self._own.__aenter__())
        try:
            await self._starting
        except asyncio.CancelledError:
            raise Stopped from None
        try:
            await super().__aenter__()
        except BaseException:
            await self._own.__aexit__(None, None, None)
            raise
        self._keeping = asyncio.create_task(self._keep_up())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._own.__aexit__(kind, error, trace)

    async def _keep_up(self) -> None:
        try:
            await self._own.keep_up()
        except MmussetError as error:
            self.dispatcher.stop(ServerGone(f"the server could not be started again: {error}"))

    def stop(self) -> None:
        """Send nothing more; a server that is still starting is not waited for."""
        super().stop()
        if self._starting and not self._starting.done():
            self._starting.cancel()
