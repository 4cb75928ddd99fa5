"""A few seats for many tasks: whoever goes on with what a seat had last is the next to take it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

# What a seat learns as it begins a work takes about as long as so many tasks of it.
WORTH_SHARING = 4


@dataclass(slots=True, eq=False)
class Seat(Generic[T]):
    """A place for one task at a time; `work` is what it has or had last, b"" for nothing that
    another task could go on with."""

    holder: T | None = None
    work: bytes = b""


class Seats(Generic[T]):
    """So many seats; those that are free keep their holders."""

    def __init__(self, count: int) -> None:
        self._all = [Seat[T]() for _ in range(count)]
        self.free = list(self._all)
        self._waiting: list[tuple[bytes, asyncio.Future[Seat[T]]]] = []

    @asynccontextmanager
    async def seat(self, work: bytes) -> AsyncIterator[Seat[T]]:
        """A seat for a task: the one that has its work, unless so many wait for that one that
        another had better begin the work too."""
        seat = self._free_seat(work) or await self._wait(work)
        try:
            yield seat
        finally:
            self._pass_on(seat)

    def _free_seat(self, work: bytes) -> Seat[T] | None:
        """The one that had this work, else one that has a holder; None where it is to wait."""
        if not self.free:
            return None
        best = max(self.free, key=lambda s: (bool(work) and s.work == work, s.holder is not None))
        waiting = sum(each == work for each, turn in self._waiting if not turn.done())
        if work in self._works_beside(best) and best.work != work and waiting < WORTH_SHARING:
            return None
        self.free.remove(best)
        best.work = work
        return best

    def _works_beside(self, seat: Seat[T]) -> set[bytes]:
        """What the other seats have."""
        return {other.work for other in self._all if other is not seat} - {b""}

    async def _wait(self, work: bytes) -> Seat[T]:
        turn: asyncio.Future[Seat[T]] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was given a seat just before
                self._pass_on(turn.result())
            raise

    def _pass_on(self, seat: Seat[T]) -> None:
        """To the task that goes on with its work, else to the first whose work no other seat has,
        else to the first for whose work many wait; else it is free."""
        self._waiting = [each for each in self._waiting if not each[1].done()]
        count = Counter(work for work, _ in self._waiting)
        beside = self._works_beside(seat)

        def order(each: tuple[bytes, asyncio.Future[Seat[T]]]) -> int:
            work, _ = each
            if work and work == seat.work:
                return 0
            return 1 if work not in beside else 2 if count[work] >= WORTH_SHARING else 3

        chosen = min(self._waiting, key=order, default=None)
        if chosen is None or order(chosen) == 3:
            self.free.append(seat)
            return
        self._waiting.remove(chosen)
        seat.work = chosen[0]
        chosen[1].set_result(seat)
