"""Bytes that are sent or fetched, as a terminal or a log shows them."""

import sys
import time

from mmusset.text import duration

EVERY_S = 5.0


def size(count: float) -> str:
    """`812 B`, `1.2 kB`, `34.0 MB`, `5.6 GB`"""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


class Bytes:
    """Shows nothing. The others show what they are told."""

    def begin(self, what: str, total: int) -> None:
        """So many bytes are to come."""

    def add(self, count: int) -> None:
        """So many more have come."""

    def told(self, line: str) -> None:
        """Something that the user should know."""

    def stop(self) -> None:
        """No more will come."""


class PlainBytes(Bytes):
    """A line every five seconds, and when all have come."""

    def begin(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._begun_s = self._last_s = time.monotonic()

    def add(self, count: int) -> None:
        self._done += count
        now_s = time.monotonic()
        if self._done == self._total or now_s - self._last_s >= EVERY_S:
            self._last_s = now_s
            rate = self._done / max(now_s - self._begun_s, 1e-3)
            left = f"{duration((self._total - self._done) / rate)} left" if rate else "waiting"
            told = f"{size(self._done)} of {size(self._total)}, {size(rate)}/s, {left}"
            self.told(f"{self._what}: {told}")

    def told(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class LiveBytes(Bytes):
    """A bar that stays on the terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )

    def begin(self, what: str, total: int) -> None:
        self._task = self._bar.add_task(what, total=total)
        self._bar.start()

    def add(self, count: int) -> None:
        self._bar.advance(self._task, count)

    def told(self, line: str) -> None:
        self._bar.console.print(line, highlight=False, markup=False)

    def stop(self) -> None:
        self._bar.stop()


def for_terminal() -> Bytes:
    """The progress that suits where stderr goes."""
    return LiveBytes() if sys.stderr.isatty() else PlainBytes()
