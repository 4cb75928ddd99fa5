"""The one place that decides which call is sent when.

A call waits here until the server is there, the throttle has room, and no suspect is in flight:
an item whose calls are lost again and again is asked about alone, so that it can't hide among
others. Between two suspects other calls are sent, as long as there are any.
"""

import asyncio
import heapq
from itertools import count

from mmusset.errors import ServerGone, Stopped

from .blame import CONTROLS
from .throttle import Throttle

# Priority, ticket (first come, first served among equals), and what wakes the caller.
Waiting = tuple[int, int, asyncio.Future[None]]


class Dispatcher:
    """Lets calls start. `throttle` says how many may be in flight at once."""

    def __init__(self, throttle: Throttle) -> None:
        self.throttle = throttle
        self.in_flight = 0
        self._waiting: list[Waiting] = []
        self._suspects: list[Waiting] = []
        self._ticket = count()
        self._is_open = True
        self._runs_alone = False
        self._ended_since_suspect = CONTROLS
        self._stopped: Stopped | ServerGone | None = None
        self._paused: asyncio.TimerHandle | None = None  # None: not paused

    @property
    def queue(self) -> int:
        """How many calls are in flight, or wait to be."""
        return self.in_flight + len(self._waiting) + len(self._suspects)

    async def acquire(self, priority: int, *, alone: bool = False) -> None:
        """Wait for the moment to send; `release` when the call has ended.

        The lowest `priority` goes first, then who came first. A call that is to be `alone` starts
        when nothing is in flight, and nothing starts beside it. Raises Stopped or ServerGone
        where its moment won't come.
        """
        if self._stopped:
            raise self._stopped
        future = asyncio.get_running_loop().create_future()
        queue = self._suspects if alone else self._waiting
        heapq.heappush(queue, (priority, next(self._ticket), future))
        self.admit()
        try:
            await future
        except asyncio.CancelledError:
            # Cancelled in the very moment in which it was admitted: its slot must not be lost.
            if future.done() and not future.cancelled() and not future.exception():
                self.release()
            raise

    def release(self) -> None:
        """A call has ended, with a reply or without."""
        self.in_flight -= 1
        self._ended_since_suspect += 1
        self._runs_alone = False
        self.admit()

    def pause(self, seconds: float) -> None:
        """Start nothing for that long at least: the server asked for it."""
        loop = asyncio.get_running_loop()
        if self._paused:
            if self._paused.when() >= loop.time() + seconds:
                return
            self._paused.cancel()
        self._paused = loop.call_later(seconds, self._resume)

    def close(self) -> None:
        """Start nothing until `reopen`."""
        self._is_open = False

    def reopen(self) -> None:
        """Let calls start again."""
        self._is_open = True
        self.admit()

    def stop(self, error: Stopped | ServerGone) -> None:
        """Start nothing any more: whoever waits, now or later, gets this error."""
        self._stopped = error
        for _, _, future in (*self._waiting, *self._suspects):
            if not future.done():
                future.set_exception(error)
        self._waiting.clear()
        self._suspects.clear()

    def admit(self) -> None:
        """Start every call that may start now."""
        while self._is_open and not self._paused and not self._runs_alone and self._admit_one():
            pass

    def _admit_one(self) -> bool:
        _drop_cancelled(self._suspects)
        _drop_cancelled(self._waiting)
        if self._suspects and (self._ended_since_suspect >= CONTROLS or not self._waiting):
            if self.in_flight:
                return False
            self._runs_alone = True
            self._ended_since_suspect = 0
            queue = self._suspects
        elif self._waiting and self.in_flight < self.throttle.limit:
            queue = self._waiting
        else:
            return False
        self.in_flight += 1
        heapq.heappop(queue)[2].set_result(None)
        return True

    def _resume(self) -> None:
        self._paused = None
        self.admit()


def _drop_cancelled(queue: list[Waiting]) -> None:
    while queue and queue[0][2].done():
        heapq.heappop(queue)
