"""What long work shows while it runs: a bar on a terminal, lines in a log, JSON for programs.

    with for_terminal(log_json) as progress:
        progress.stage("training", total=1000)
        for step in range(1000):
            ...
            progress.step(step + 1, f"loss {loss:.3f}")

All of it goes to stderr, so that stdout holds the result alone.
"""

import json
import sys
import time
from collections.abc import Sequence
from typing import Self, TextIO

from .text import byte_size, duration

EVERY_S = 5.0  # between two lines in a log
FRAMES_PER_S = 2  # more would cost a share of a core for nothing
BAR_COLUMNS = 24


class Meter:
    """How far a stage is and how fast, counted from when it began in this process."""

    def __init__(self, name: str, total: int, done: int, unit: str) -> None:
        self.name, self.total, self.done = name, total, done
        self._unit, self._done_before = unit, done
        self._begun_s = time.monotonic()

    def line(self) -> str:
        """`120 of 1000 files, 3.1 a second, 4 min left`"""
        seconds = time.monotonic() - self._begun_s
        counts = f"{self.done} of {self.total}{self._unit and ' '}{self._unit}"
        if self.done == self.total and seconds < 1 and self._unit != "bytes":
            return counts  # the rate of a moment says nothing
        rate = (self.done - self._done_before) / seconds if seconds > 0 else 0.0
        left = f"{duration((self.total - self.done) / rate)} left" if rate else "time left unknown"
        if self._unit == "bytes":
            far = f"{byte_size(self.done)} of {byte_size(self.total)}"
            return f"{far}, {byte_size(rate)}/s, {left}"
        # Below one a second, seconds are easier to read than a fraction.
        pace = f"{rate:.1f} a second" if rate >= 1 or not rate else f"{1 / rate:.1f} s each"
        return f"{counts}, {pace}, {left}"


class Progress:
    """Shows nothing. The displays below override what they show."""

    def __init__(self) -> None:
        self._meter = Meter("", 0, 0, "")

    def stage(self, name: str, total: int, done: int = 0, unit: str = "") -> None:
        """A stage of `total` units begins, of which an earlier run has done some.

        The unit `bytes` is shown as kB, MB or GB.
        """
        self._meter = Meter(name, total, done, unit)

    def step(
        self,
        done: int,
        note: str = "",
        *,
        total: int | None = None,
        below: Sequence[str] = (),
        event: str = "step",
        **facts: object,
    ) -> None:
        """`done` units of the stage are done; `note` says how it goes.

        `total` replaces that of the stage. A terminal shows the lines `below` under the bar.
        For programs it is an `event` with these facts.
        """
        self._meter.done = done
        if total is not None:
            self._meter.total = total
        self._show(note, below, event, facts)

    def add(self, count: int) -> None:
        """So many more units are done."""
        self.step(self._meter.done + count)

    def log(self, line: str, event: str = "log", **facts: object) -> None:
        """Something that the user should know; for programs an `event` with these facts."""

    def event(self, name: str, **facts: object) -> None:
        """Something for programs alone."""

    def stop(self) -> None:
        """No more will come: the terminal is given back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _show(self, note: str, below: Sequence[str], event: str, facts: dict[str, object]) -> None:
        """Show the meter as it is now."""


class PlainProgress(Progress):
    """A line every five seconds, and at the end of a stage."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        # Not as a default: that would be the stderr of when this module was imported.
        self._stream = stream or sys.stderr
        self._last_s = 0.0

    def stage(self, name: str, total: int, done: int = 0, unit: str = "") -> None:
        super().stage(name, total, done, unit)
        self._last_s = time.monotonic()

    def log(self, line: str, event: str = "log", **facts: object) -> None:
        print(line, file=self._stream, flush=True)

    def _show(self, note: str, below: Sequence[str], event: str, facts: dict[str, object]) -> None:
        now_s = time.monotonic()
        if self._meter.done == self._meter.total or now_s - self._last_s >= EVERY_S:
            self._last_s = now_s
            line = f"{self._meter.name}: {self._meter.line()}"
            self.log(f"{line}, {note}" if note else line)


class JsonProgress(Progress):
    """An event a line, for programs."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        # Not as a default: that would be the stderr of when this module was imported.
        self._stream = stream or sys.stderr

    def stage(self, name: str, total: int, done: int = 0, unit: str = "") -> None:
        super().stage(name, total, done, unit)
        self.event("stage", stage=name, total=total, done=done)

    def log(self, line: str, event: str = "log", **facts: object) -> None:
        self.event(event, line=line, **facts)

    def event(self, name: str, **facts: object) -> None:
        print(json.dumps({"event": name} | facts), file=self._stream, flush=True)

    def _show(self, note: str, below: Sequence[str], event: str, facts: dict[str, object]) -> None:
        meter = self._meter
        far = {"stage": meter.name, "done": meter.done, "total": meter.total, "note": note}
        self.event(event, **far, **facts)


class LiveProgress(Progress):
    """A bar that stays at the foot of the terminal, the note under it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        super().__init__()
        # A line may quote a file's name, which is not markup.
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=BAR_COLUMNS),
            TextColumn("{task.fields[pace]}", markup=False),
            console=self._console,
        )
        self._bar = self._bars.add_task("", visible=False, pace="")
        self._live = Live(
            self._bars, console=self._console, refresh_per_second=FRAMES_PER_S, transient=True
        )

    def log(self, line: str, event: str = "log", **facts: object) -> None:
        self._console.print(line)

    def stop(self) -> None:
        self._live.stop()

    def _show(self, note: str, below: Sequence[str], event: str, facts: dict[str, object]) -> None:
        from rich.console import Group
        from rich.text import Text

        meter = self._meter
        self._bars.update(
            self._bar,
            description=meter.name,
            completed=meter.done,
            total=max(meter.total, 1),
            pace=meter.line(),
            visible=True,
        )
        # Not before there is something to show: a bar would write over a question to the user.
        self._live.start()
        lines = [Text(f"  {line}") for line in (note, *below) if line]
        self._live.update(Group(self._bars, *lines))


def for_terminal(log_json: bool = False, first: bool = True) -> Progress:
    """The progress that suits where stderr goes; of several processes only the first shows it."""
    if not first:
        return Progress()
    if log_json:
        return JsonProgress()
    return LiveProgress() if sys.stderr.isatty() else PlainProgress()
