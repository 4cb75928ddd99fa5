"""The next step's data, read while this one is computed."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """`read` makes the data of a step, in a thread of its own, one step ahead."""

    def __init__(self, read: Callable[[int], T]) -> None:
        self._read = read
        self._thread = ThreadPoolExecutor(1)
        self._next: tuple[int, Future[T]] | None = None

    def __enter__(self) -> "Prefetcher[T]":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def take(self, step: int) -> tuple[T, float]:
        """The data of a step, and how many seconds they were waited for. Steps come in order."""
        number, coming = self._next or self._ask(step)
        assert number == step
        begun_s = time.monotonic()
        data = coming.result()
        waited_s = time.monotonic() - begun_s
        self._next = self._ask(step + 1)
        return data, waited_s

    def _ask(self, step: int) -> tuple[int, Future[T]]:
        return step, self._thread.submit(self._read, step)
