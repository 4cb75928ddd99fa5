"""The next step's batch, read while this one is computed."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Calls `read(step)` in a thread of its own, one step ahead, for the steps before `steps`.

    One thread and one step are enough: reading a batch takes a fraction of computing it, and
    the meter's `waiting` tells where it does not.
    """

    def __init__(self, read: Callable[[int], T], steps: int) -> None:
        self._read, self._steps = read, steps
        self._thread = ThreadPoolExecutor(1)
        self._next: tuple[int, Future[T]] | None = None

    def __enter__(self) -> "Prefetcher[T]":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def take(self, step: int) -> tuple[T, float]:
        """The batch of a step, and the seconds that it was waited for. Steps come in order."""
        number, future = self._next or self._submit(step)
        assert number == step
        begun_s = time.monotonic()
        batch = future.result()
        waited_s = time.monotonic() - begun_s
        self._next = self._submit(step + 1) if step + 1 < self._steps else None
        return batch, waited_s

    def _submit(self, step: int) -> tuple[int, Future[T]]:
        return step, self._thread.submit(self._read, step)
