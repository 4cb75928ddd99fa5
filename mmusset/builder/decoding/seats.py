"""A few seats for many tasks: whoever goes on with what a seat had last is the next to take it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


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
        """A seat for a task, once one is free."""
        seat = self._free_seat(work) or await self._wait(work)
        seat.work = work
        try:
            yield seat
        finally:
            self._pass_on(seat)

    def _free_seat(self, work: bytes) -> Seat[T] | None:
        """The one that had this work, else one that has a holder."""
        if not self.free:
            return None
        best = max(self.free, key=lambda s: (bool(work) and s.work == work, s.holder is not None))
        self.free.remove(best)
        return best

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
        else to the first."""
        self._waiting = [each for each in self._waiting if not each[1].done()]
        if not self._waiting:
            self.free.append(seat)
            return
        elsewhere = {other.work for other in self._all if other is not seat} - {b""}

        def order(each: tuple[bytes, asyncio.Future[Seat[T]]]) -> int:
            return 0 if each[0] and each[0] == seat.work else 2 if each[0] in elsewhere else 1

        chosen = min(self._waiting, key=order)
        self._waiting.remove(chosen)
        chosen[1].set_result(seat)
