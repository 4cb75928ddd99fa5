"""The server is gone: stop asking, see from time to time whether it is back, go on alone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mmusset.errors import ServerGone

from .flow import Flow

# Losses in a row, with no answer between them, that mean that the server is gone.
MOST_LOSSES = 5
FIRST_PROBE_S, LAST_PROBE_S = 1.0, 30.0

Probe = Callable[[], Awaitable[str]]
"""Asks the server something small; gives "" if it answers, else why it does not."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server that is gone, and where it should be."""

    url: str
    wait_s: float


class Breaker:
    """Shuts the flow when the server is gone, and opens it again when a probe is answered."""

    def __init__(
        self,
        flow: Flow,
        probe: Probe,
        patience: Patience,
        tell: Callable[[str], None],
        first_probe_s: float = FIRST_PROBE_S,
    ) -> None:
        self._first_probe_s = first_probe_s
        self._flow = flow
        self._probe = probe
        self._patience = patience
        self._tell = tell
        self._losses = 0
        self._waiting: asyncio.Task[None] | None = None

    def answered(self) -> None:
        """The server answered something."""
        self._losses = 0

    def lost(self, why: str, *, refused: bool) -> None:
        """A call got no answer. `refused` says that there was nobody to connect to."""
        self._losses += 1
        if self._waiting is None and (refused or self._losses >= MOST_LOSSES):
            self._flow.shut()
            self._tell(f"the server does not answer ({why}); waiting for it")
            self._waiting = asyncio.create_task(self._wait())

    async def close(self) -> None:
        """Wait no more."""
        if self._waiting:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)

    async def _wait(self) -> None:
        pause_s, why = self._first_probe_s, ""
        try:
            async with asyncio.timeout(self._patience.wait_s):
                await asyncio.sleep(pause_s)
                while why := await self._probe():
                    pause_s = min(2 * pause_s, LAST_PROBE_S)
                    await asyncio.sleep(pause_s)
        except TimeoutError:
            self._flow.end(
                ServerGone(
                    f"no answer from {self._patience.url} for {self._patience.wait_s:g} s ({why});"
                    " nothing is lost: start it, and run the same command again"
                )
            )
            return
        self._tell("the server is back")
        self._losses = 0
        self._waiting = None
        self._flow.throttle.restart()
        self._flow.reopen()
