"""The one place that decides which call leaves when.

A call waits here until the server is there, the throttle has room, and no suspect
is out: an item whose calls are lost again and again is asked about alone, so that it
can't hide among others. Others fly between two suspects, as long as there are any.
"""

import asyncio
import heapq
from itertools import count

from mmusset.errors import ServerGone, Stopped

from .blame import CONTROLS
from .throttle import Throttle

Waiting = tuple[int, int, asyncio.Future[None]]


class Dispatcher:
    """Lets calls leave. `throttle` says how many may fly at once."""

    def __init__(self, throttle: Throttle) -> None:
        self.throttle = throttle
        self.flying = 0
        self._waiting: list[Waiting] = []
        self._suspects: list[Waiting] = []
        self._ticket = count()
        self._open = True
        self._alone = False
        self._landed = CONTROLS  # since a suspect left
        self._end: Stopped | ServerGone | None = None
        self._held: asyncio.TimerHandle | None = None  # None: nothing is held

    async def leave(self, order: int, *, alone: bool = False) -> None:
        """Wait for the moment to send. Low `order` goes first, then who came first.

        Raises Stopped or ServerGone where that moment won't come.
        """
        if self._end:
            raise self._end
        future = asyncio.get_running_loop().create_future()
        queue = self._suspects if alone else self._waiting
        heapq.heappush(queue, (order, next(self._ticket), future))
        self.admit()
        try:
            await future
        except asyncio.CancelledError:
            # Let go in the very moment of leaving: the place must not be lost.
            if future.done() and not future.cancelled() and not future.exception():
                self.land()
            raise

    def land(self) -> None:
        """A call is back, with an answer or without."""
        self.flying -= 1
        self._landed += 1
        self._alone = False
        self.admit()

    def hold(self, seconds: float) -> None:
        """Let nothing leave for so long at least: the server asked for it."""
        loop = asyncio.get_running_loop()
        if self._held:
            if self._held.when() >= loop.time() + seconds:
                return
            self._held.cancel()
        self._held = loop.call_later(seconds, self._release)

    def shut(self) -> None:
        """Let nothing leave until `reopen`."""
        self._open = False

    def reopen(self) -> None:
        """Let calls leave again."""
        self._open = True
        self.admit()

    def end(self, why: Stopped | ServerGone) -> None:
        """Let nothing leave any more: whoever waits, or will, is told why."""
        self._end = why
        for _, _, future in (*self._waiting, *self._suspects):
            if not future.done():
                future.set_exception(why)
        self._waiting.clear()
        self._suspects.clear()

    def admit(self) -> None:
        """Let leave whoever may."""
        while self._open and not self._held and not self._alone and self._admit_one():
            pass

    def _admit_one(self) -> bool:
        _forget_the_cancelled(self._suspects)
        _forget_the_cancelled(self._waiting)
        if self._suspects and (self._landed >= CONTROLS or not self._waiting):
            if self.flying:
                return False
            self._alone = True
            self._landed = 0
            queue = self._suspects
        elif self._waiting and self.flying < self.throttle.limit:
            queue = self._waiting
        else:
            return False
        self.flying += 1
        heapq.heappop(queue)[2].set_result(None)
        return True

    def _release(self) -> None:
        self._held = None
        self.admit()


def _forget_the_cancelled(queue: list[Waiting]) -> None:
    while queue and queue[0][2].done():
        heapq.heappop(queue)
