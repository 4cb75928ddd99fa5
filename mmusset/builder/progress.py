"""What a build shows while it runs: a display on a terminal, plain lines in a log, or JSON."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from mmusset.sample import Item, Verdict
from mmusset.text import duration

from .accounting import Cost, Tally, total_cost

if TYPE_CHECKING:
    from rich.console import Group

EVERY_S = 5.0
Costs = Mapping[str, Cost]


class Progress:
    """Shows nothing. The others show what it is told."""

    def surveyed(self, done: int, total: int) -> None:
        """`done` of `total` files have been read."""

    def composed(self, done: int, total: int) -> None:
        """Music is made for `done` of the `total` pictures that lack it."""

    def start(self, tally: Tally, costs: Costs) -> None:
        """The plan stands; items come now. `costs` goes on changing as they do."""

    def decided(self, tally: Tally, item: Item, verdict: Verdict) -> None:
        """One more item has a verdict."""

    def sealed(self, name: str, done: int, total: int) -> None:
        """A shard is written; `done` of `total` blocks are sealed."""

    def told(self, line: str) -> None:
        """Something happened that the user should know of, such as a server that went away."""

    def stopping(self) -> None:
        """The user asked to stop; what has begun is brought to its end."""

    def stop(self) -> None:
        """No more will come."""


class Pace:
    """Rate and time left, from what this run has decided; tokens, from what it has asked."""

    def __init__(self, tally: Tally, costs: Costs) -> None:
        self._begun_s = time.monotonic()
        self._costs = costs
        self._before = dict(costs)
        self._decided_before = tally.accepted + tally.rejected + tally.failed

    def line(self, tally: Tally) -> str:
        """`12 of 40 items, 3.1 a second, 92 % accepted, 9 s left`"""
        decided = tally.accepted + tally.rejected + tally.failed
        total = decided + tally.undecided
        rate = (decided - self._decided_before) / max(time.monotonic() - self._begun_s, 1e-3)
        accepted = f"{tally.accepted / decided:.0%} accepted" if decided else "none decided yet"
        left = f"{duration(tally.undecided / rate)} left" if rate > 0 else "time left unknown"
        return f"{decided} of {total} items, {rate:.1f} a second, {accepted}, {left}"

    def cost(self, tally: Tally) -> str:
        """What `cost_line` says of this run and those before, or "" where no tokens are counted."""
        total = total_cost(self._costs.values())
        if not total.prompt_tokens:
            return ""
        each = total.calls / max(tally.accepted + tally.rejected + tally.failed, 1)
        return f"{cost_line(total, self.per_second(''))}, {each:.1f} calls an item"

    def per_second(self, agent: str) -> float:
        """Tokens that this run has written per second, by one agent, or "" for all."""
        agents = [agent] if agent else list(self._costs)
        now = total_cost(self._costs[a] for a in agents)
        before = total_cost(self._before[a] for a in agents if a in self._before)
        written = now.completion_tokens - before.completion_tokens
        return written / max(time.monotonic() - self._begun_s, 1e-3)

    def by_agent(self) -> list[str]:
        """A line for each agent that has cost tokens."""
        return [
            f"  {cost.agent:13s}{cost_line(cost, self.per_second(cost.agent))}"
            for cost in self._costs.values()
            if cost.prompt_tokens
        ]


class Composing:
    """How fast music is made, from the first piece on: what came before that is not known."""

    def __init__(self) -> None:
        self._first_s = 0.0

    def line(self, done: int, total: int) -> str:
        """`3 of 12, 1.4 s each, 13 s left`"""
        if done == 1:
            self._first_s = time.monotonic()
            return f"{done} of {total}" + (", time left unknown" if total > 1 else "")
        each_s = (time.monotonic() - self._first_s) / (done - 1)
        return f"{done} of {total}, {each_s:.1f} s each, {duration(each_s * (total - done))} left"


def cost_line(cost: Cost, per_second: float | None = None) -> str:
    """`41 calls, 9.1k tokens in (62 % from the cache), 2.0k out, 310 a second`"""
    cached = cost.cached_tokens / max(cost.prompt_tokens, 1)
    text = (
        f"{cost.calls} calls, {thousands(cost.prompt_tokens)} tokens in"
        f" ({cached:.0%} from the cache), {thousands(cost.completion_tokens)} out"
    )
    return text if per_second is None else f"{text}, {per_second:.0f} a second"


class PlainProgress(Progress):
    """A line every five seconds, and one for each shard."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._last_s = time.monotonic()
        self._composing = Composing()
        self._pace: Pace | None = None

    def surveyed(self, done: int, total: int) -> None:
        if self._is_time() or done == total:
            self._say(f"reading the source: {done} of {total} files")

    def composed(self, done: int, total: int) -> None:
        line = self._composing.line(done, total)
        if self._is_time() or done == total:
            self._say(f"making music for pictures: {line}")

    def start(self, tally: Tally, costs: Costs) -> None:
        self._pace = Pace(tally, costs)

    def decided(self, tally: Tally, item: Item, verdict: Verdict) -> None:
        if self._pace and (self._is_time() or not tally.undecided):
            cost = self._pace.cost(tally)
            self._say(f"{self._pace.line(tally)}; {cost}" if cost else self._pace.line(tally))

    def sealed(self, name: str, done: int, total: int) -> None:
        if name:
            self._say(f"wrote {name} ({done} of {total})")

    def told(self, line: str) -> None:
        self._say(line)

    def stopping(self) -> None:
        self._say("stopping: what has begun is finished first (again to leave at once)")

    def _is_time(self) -> bool:
        if time.monotonic() - self._last_s < EVERY_S:
            return False
        self._last_s = time.monotonic()
        return True

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class JsonProgress(Progress):
    """An event a line, for programs."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._costs: Costs = {}

    def surveyed(self, done: int, total: int) -> None:
        self._say("surveyed", done=done, total=total)

    def composed(self, done: int, total: int) -> None:
        self._say("composed", done=done, total=total)

    def start(self, tally: Tally, costs: Costs) -> None:
        self._costs = costs
        self._say("started", undecided=tally.undecided)

    def decided(self, tally: Tally, item: Item, verdict: Verdict) -> None:
        self._say(
            "decided",
            key=item.key,
            path=item.piece.music.path.decode("utf-8", "backslashreplace"),
            **verdict.model_dump(),
            undecided=tally.undecided,
        )

    def sealed(self, name: str, done: int, total: int) -> None:
        self._say("sealed", shard=name, done=done, total=total)
        for cost in self._costs.values():
            self._say("cost", **asdict(cost))

    def told(self, line: str) -> None:
        self._say("told", line=line)

    def stopping(self) -> None:
        self._say("stopping")

    def _say(self, event: str, **facts: object) -> None:
        print(json.dumps({"event": event} | facts), file=self._stream, flush=True)


class LiveProgress(Progress):
    """One line that stays on the terminal: stage, done of total, rate, share, time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True)
        # Two frames a second: more would cost a share of a core for nothing.
        self._live = Live(console=self._console, refresh_per_second=2, transient=True)
        self._live.start()
        self._composing = Composing()
        self._pace: Pace | None = None
        self._note = ""

    def surveyed(self, done: int, total: int) -> None:
        self._show("reading the source", done, total, f"{done} of {total} files")

    def composed(self, done: int, total: int) -> None:
        line = self._composing.line(done, total)
        self._show("making music for pictures", done, total, line)

    def start(self, tally: Tally, costs: Costs) -> None:
        self._pace = Pace(tally, costs)

    def decided(self, tally: Tally, item: Item, verdict: Verdict) -> None:
        if self._pace:
            done = tally.accepted + tally.rejected + tally.failed
            text, costs = self._pace.line(tally) + self._note, self._pace.by_agent()
            if cost := self._pace.cost(tally):
                costs = [f"  {'all':13s}{cost}", *costs]
            self._show("building", done, done + tally.undecided, text, costs)

    def sealed(self, name: str, done: int, total: int) -> None:
        self._note = f", {done} of {total} shards"

    def told(self, line: str) -> None:
        self._console.print(line)

    def stopping(self) -> None:
        self._console.print("stopping: what has begun is finished first (again to leave at once)")

    def stop(self) -> None:
        self._live.stop()

    def _show(
        self, stage: str, done: int, total: int, text: str, costs: Sequence[str] = ()
    ) -> None:
        self._live.update(_rows(stage, done, total, text, costs))


def for_terminal(log_json: bool) -> Progress:
    """The progress that suits where stderr goes."""
    if log_json:
        return JsonProgress()
    return LiveProgress() if sys.stderr.isatty() else PlainProgress()


def _rows(stage: str, done: int, total: int, text: str, costs: Sequence[str]) -> "Group":
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    row = Table.grid(padding=(0, 1))
    row.add_row(stage, ProgressBar(total=max(total, 1), completed=done, width=24), text)
    return Group(row, *costs)


def thousands(count: int) -> str:
    """`512`, `9.1k`"""
    return f"{count / 1000:.1f}k" if count >= 1000 else str(count)
