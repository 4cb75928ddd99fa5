"""The server is gone: stop asking, see from time to time whether it is back, go on alone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mmusset.errors import ServerGone

from .dispatch import Dispatcher

FIRST_PROBE_S, LAST_PROBE_S = 0.05, 30.0
# The share of all patience after which the user is told of a server that is only busy.
TOLD_AFTER = 0.01

Probe = Callable[[], Awaitable[str]]
"""Asks the server something small; gives "" if it answers, else why it does not."""


@dataclass(frozen=True, slots=True)
class RetryWindow:
    """How long to wait for a server that is gone, and where it is, as people are shown it."""

    url: str
    wait_s: float


class Breaker:
    """Shuts the flow when a call is lost, and opens it again when a probe is answered.

    So nothing is sent again to a server that has not shown that it lives: what is lost
    after that counts against the call, and an outage counts against nobody.
    """

    def __init__(
        self,
        flow: Dispatcher,
        probe: Probe,
        patience: RetryWindow,
        tell: Callable[[str], None],
        first_probe_s: float = FIRST_PROBE_S,
    ) -> None:
        self._first_probe_s = first_probe_s
        self._flow = flow
        self._probe = probe
        self._patience = patience
        self._tell = tell
        self._unanswered_since_s: float | None = None
        self._told_busy = False
        self._waiting: asyncio.Task[None] | None = None

    def answered(self) -> None:
        """A call was answered."""
        self._unanswered_since_s = None

    def busy(self) -> None:
        """A call was sent away. A server that does nothing else for too long is as good as gone."""
        waited = self._unanswered()
        if waited > 1:
            self._give_up("it sends every call away")
        elif waited > TOLD_AFTER and not self._told_busy:
            self._told_busy = True
            self._tell("the server sends every call away; asking again more and more slowly")

    def lost(self, why: str) -> None:
        """A call got no answer. A server that answers none but probes is as good as gone too."""
        if self._unanswered() > 1:
            self._give_up(why)
        elif self._waiting is None:
            self._flow.shut()
            self._waiting = asyncio.create_task(self._wait(why))

    def _unanswered(self) -> float:
        """How long no call was answered, as a share of all patience."""
        now_s = asyncio.get_running_loop().time()
        if self._unanswered_since_s is None:
            self._unanswered_since_s, self._told_busy = now_s, False
        return (now_s - self._unanswered_since_s) / self._patience.wait_s

    async def close(self) -> None:
        """Wait no more."""
        if self._waiting:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)

    async def _wait(self, why: str) -> None:
        pause_s, told = self._first_probe_s, False
        try:
            async with asyncio.timeout(self._patience.wait_s):
                while fault := await self._probe():
                    if not told:
                        self._tell(f"the server does not answer ({why}); waiting for it")
                    told, why = True, fault
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, LAST_PROBE_S)
        except TimeoutError:
            self._give_up(why)
            return
        if told:
            self._tell("the server is back")
            self._flow.throttle.restart()
        self._waiting = None
        self._flow.reopen()

    def _give_up(self, why: str) -> None:
        self._flow.end(
            ServerGone(
                f"no answer from {self._patience.url} for {self._patience.wait_s:g} s ({why});"
                " nothing is lost: start it, and run the same command again"
            )
        )
