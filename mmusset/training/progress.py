"""What a training shows: its stage, how far it is, how fast, and what is left of it."""

import json
import sys
import time
from typing import Any, TextIO

from mmusset.text import duration

EVERY_S = 5.0


class Progress:
    """Shows nothing. The others show what they are told."""

    def __init__(self) -> None:
        self._stage, self._total, self._first, self._begun_s = "", 0, 0, 0.0

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """Something of `total` steps begins, of which `done` were made before."""
        self._stage, self._total, self._first = name, total, done
        self._begun_s = time.monotonic()

    def step(self, done: int, note: str = "") -> None:
        """`done` steps are made now; `note` says how it looks."""

    def told(self, line: str) -> None:
        """Something that the user should know."""

    def stop(self) -> None:
        """No more will come."""

    def _line(self, done: int, note: str) -> str:
        """`120 of 1000, 3.1 a second, 4 min left, loss 0.812`"""
        seconds = time.monotonic() - self._begun_s
        rate = (done - self._first) / seconds if seconds > 0 else 0.0
        pace = f"{rate:.1f} a second" if rate >= 1 or not rate else f"{1 / rate:.1f} s each"
        left = f"{duration((self._total - done) / rate)} left" if rate else "time left unknown"
        told = f"{done} of {self._total}, {pace}, {left}"
        return f"{told}, {note}" if note else told


class PlainProgress(Progress):
    """A line every five seconds, and at the end of a stage."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        super().__init__()
        self._stream = stream
        self._last_s = 0.0

    def stage(self, name: str, total: int, done: int = 0) -> None:
        super().stage(name, total, done)
        self._last_s = time.monotonic()

    def step(self, done: int, note: str = "") -> None:
        if done == self._total or time.monotonic() - self._last_s >= EVERY_S:
            self._last_s = time.monotonic()
            self.told(f"{self._stage}: {self._line(done, note)}")

    def told(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class JsonProgress(Progress):
    """An event a line, for programs."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        super().__init__()
        self._stream = stream

    def stage(self, name: str, total: int, done: int = 0) -> None:
        super().stage(name, total, done)
        self._say("stage", stage=name, total=total, done=done)

    def step(self, done: int, note: str = "") -> None:
        self._say("step", stage=self._stage, done=done, total=self._total, note=note)

    def told(self, line: str) -> None:
        self._say("told", line=line)

    def _say(self, event: str, **facts: Any) -> None:
        print(json.dumps({"event": event} | facts), file=self._stream, flush=True)


class LiveProgress(Progress):
    """A bar that stays on the terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__()
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=2, transient=True)
        self._live.start()

    def step(self, done: int, note: str = "") -> None:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        row = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(self._total, 1), completed=done, width=24)
        row.add_row(self._stage, bar, self._line(done, note))
        self._live.update(row)

    def told(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)

    def stop(self) -> None:
        self._live.stop()


def for_terminal(log_json: bool, first: bool = True) -> Progress:
    """The progress that suits where stderr goes; of several processes only the first shows it."""
    if not first:
        return Progress()
    if log_json:
        return JsonProgress()
    return LiveProgress() if sys.stderr.isatty() else PlainProgress()
