"""A circuit breaker: the server is gone, so stop asking, probe it, and go on when it is back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mmusset.errors import ServerGone

from .dispatch import Dispatcher

# The pause between probes doubles from the first to the last: a hiccup costs next to nothing,
# and an outage of half an hour some seventy probes.
FIRST_PROBE_S, LAST_PROBE_S = 0.05, 30.0
# The share of the waiting time after which the user hears that the server is only busy.
BUSY_NOTICE_AFTER = 0.01

Probe = Callable[[], Awaitable[str]]
"""Asks the server for something small; gives "" if it answers, else why it does not."""


@dataclass(frozen=True, slots=True)
class RetryWindow:
    """How long to wait for a server that is gone, and its address as users are shown it. One of
    several is left after `leave_s` without an answer."""

    url: str
    wait_s: float
    leave_s: float | None = None

    @property
    def probing_s(self) -> float:
        """How long to probe."""
        return self.wait_s if self.leave_s is None else min(self.leave_s, self.wait_s)


class Breaker:
    """Closes the dispatcher when a call is lost, and reopens it when a probe is answered.

    So nothing is sent again to a server that has not shown that it lives: what is lost after
    that counts against the call, and an outage counts against no item.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        probe: Probe,
        window: RetryWindow,
        notify: Callable[[str], None],
        first_probe_s: float = FIRST_PROBE_S,
    ) -> None:
        self._first_probe_s = first_probe_s
        self._dispatcher = dispatcher
        self._probe = probe
        self._window = window
        self._notify = notify
        self._unanswered_since_s: float | None = None
        self._has_noted_busy = False
        self._waiting: asyncio.Task[None] | None = None
        self._is_closed = False

    def answered(self) -> None:
        """A call was answered."""
        self._unanswered_since_s = None

    def busy(self) -> None:
        """A call was refused. A server that does nothing else for too long is as good as gone."""
        waited = self._unanswered()
        if waited > 1:
            self._give_up("it refuses every call")
        elif waited > BUSY_NOTICE_AFTER and not self._has_noted_busy:
            self._has_noted_busy = True
            self._notify("the server refuses every call; asking again more and more slowly")

    def lost(self, why: str) -> None:
        """A call had no reply. A server that answers nothing but probes is as good as gone too."""
        if self._is_closed:
            return
        if self._unanswered() > 1:
            self._give_up(why)
        elif self._waiting is None:
            self._dispatcher.close()
            self._waiting = asyncio.create_task(self._wait(why))

    def _unanswered(self) -> float:
        """How long no call was answered, as a share of the whole window."""
        now_s = asyncio.get_running_loop().time()
        if self._unanswered_since_s is None:
            self._unanswered_since_s, self._has_noted_busy = now_s, False
        return (now_s - self._unanswered_since_s) / self._window.wait_s

    async def close(self) -> None:
        """Wait no more, whatever is still lost."""
        self._is_closed = True
        if self._waiting:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)

    async def _wait(self, why: str) -> None:
        pause_s, has_notified = self._first_probe_s, False
        try:
            async with asyncio.timeout(self._window.probing_s):
                while fault := await self._probe():
                    if not has_notified:
                        self._notify(f"the server does not answer ({why}); waiting for it")
                    has_notified, why = True, fault
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, LAST_PROBE_S)
        except TimeoutError:
            self._give_up(why, self._window.probing_s)
            return
        if has_notified:
            self._notify("the server is back")
            self._dispatcher.throttle.restart()
        self._waiting = None
        self._dispatcher.reopen()

    def _give_up(self, why: str, after_s: float | None = None) -> None:
        seconds = self._window.wait_s if after_s is None else after_s
        gone = f"no answer from {self._window.url} for {seconds:g} s ({why})"
        if self._window.leave_s is None:
            gone += "; nothing is lost: start it, and run the same command again"
        self._dispatcher.stop(ServerGone(gone))
