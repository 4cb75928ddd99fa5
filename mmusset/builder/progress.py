"""What a build says of itself while it runs: pace, accepted share, tokens and what they cost."""

import time
from collections.abc import Mapping
from dataclasses import asdict

from mmusset.progress import Progress
from mmusset.sample import Verdict
from mmusset.sample_parts.piece import Item

from .accounting import Cost, Tally, total_cost

Costs = Mapping[str, Cost]


class BuildProgress:
    """The stages of a build, put into words for a display."""

    def __init__(self, display: Progress) -> None:
        self._display = display
        self._stage = ""
        self._spending = Spending({})

    def surveyed(self, done: int, total: int) -> None:
        """`done` of `total` files have been read."""
        self._enter("reading the source", total, 0, "files")
        self._display.step(done, total=total, event="surveyed")

    def matched(self, done: int, total: int) -> None:
        """`done` of the `total` files that nothing pairs have been measured."""
        self._enter("measuring what is to be matched", total, 0, "files")
        self._display.step(done, total=total, event="matched")

    def composed(self, done: int, total: int) -> None:
        """Music is made for `done` of the `total` pictures that lack it."""
        # The pace counts from the first piece on: a model is loaded before it.
        self._enter("making music for pictures", total, done, "pieces")
        self._display.step(done, event="composed")

    def start(self, tally: Tally, costs: Costs) -> None:
        """The plan stands; items come now. `costs` goes on changing as they do."""
        self._spending = Spending(costs)
        self._enter("building", tally.decided + tally.undecided, tally.decided, "items")
        self._display.event("started", undecided=tally.undecided)

    def decided(self, tally: Tally, item: Item, verdict: Verdict) -> None:
        """One more item has a verdict."""
        note = f"{tally.accepted / tally.decided:.0%} accepted"
        if cost := self._spending.line(tally.decided):
            note = f"{note}; {cost}"
        self._display.step(
            tally.decided,
            note,
            total=tally.decided + tally.undecided,
            below=self._spending.by_agent(),
            event="decided",
            key=item.key,
            path=item.piece.music.path.decode("utf-8", "backslashreplace"),
            undecided=tally.undecided,
            **verdict.model_dump(),
        )

    def sealed(self, name: str, done: int, total: int) -> None:
        """A shard is written; `done` of `total` blocks are sealed."""
        facts: dict[str, object] = {"shard": name, "done": done, "total": total}
        if name:
            self._display.log(f"wrote {name} ({done} of {total})", "sealed", **facts)
        else:  # nothing of this block was accepted: there is no shard to speak of
            self._display.event("sealed", **facts)
        for cost in self._spending.costs.values():
            self._display.event("cost", **asdict(cost))

    def taken_over(self, tally: Tally, name: str, done: int, total: int) -> None:
        """A block that a worker has decided is in the dataset."""
        note = f"{tally.accepted / max(tally.decided, 1):.0%} accepted"
        self._display.step(tally.decided, note, total=tally.decided + tally.undecided)
        self.sealed(name, done, total)

    def log(self, line: str) -> None:
        """Something that the user should know, such as a server that went away."""
        self._display.log(line)

    def stopping(self) -> None:
        """The user asked to stop; what has begun is brought to its end."""
        line = "stopping: what has begun is finished first (again to leave at once)"
        self._display.log(line, event="stopping")

    def stop(self) -> None:
        """No more will come."""
        self._display.stop()

    def _enter(self, stage: str, total: int, done: int, unit: str) -> None:
        if stage != self._stage:
            self._stage = stage
            self._display.stage(stage, total, done, unit)


class Spending:
    """Tokens: all that the ledger counts, and how many this run writes a second."""

    def __init__(self, costs: Costs) -> None:
        self.costs = costs
        self._begun_s = time.monotonic()
        self._before = dict(costs)

    def line(self, decided: int) -> str:
        """What `cost_line` says of this run and those before, or "" where no tokens are counted."""
        total = total_cost(self.costs.values())
        if not total.prompt_tokens:
            return ""
        each = total.calls / max(decided, 1)
        return f"{cost_line(total, self._per_second(list(self.costs)))}, {each:.1f} calls an item"

    def by_agent(self) -> list[str]:
        """A line for each agent that has cost tokens."""
        return [
            f"{cost.agent:13s}{cost_line(cost, self._per_second([cost.agent]))}"
            for cost in self.costs.values()
            if cost.prompt_tokens
        ]

    def _per_second(self, agents: list[str]) -> float:
        """Tokens that this run has written per second."""
        now = total_cost(self.costs[agent] for agent in agents)
        before = total_cost(self._before[agent] for agent in agents if agent in self._before)
        written = now.completion_tokens - before.completion_tokens
        return written / max(time.monotonic() - self._begun_s, 1e-3)


def cost_line(cost: Cost, per_second: float | None = None) -> str:
    """`41 calls, 9.1k tokens in (62 % from the cache), 2.0k out, 310 a second`"""
    cached = cost.cached_tokens / max(cost.prompt_tokens, 1)
    text = (
        f"{cost.calls} calls, {thousands(cost.prompt_tokens)} tokens in"
        f" ({cached:.0%} from the cache), {thousands(cost.completion_tokens)} out"
    )
    return text if per_second is None else f"{text}, {per_second:.0f} a second"


def thousands(count: int) -> str:
    """`512`, `9.1k`"""
    return f"{count / 1000:.1f}k" if count >= 1000 else str(count)
