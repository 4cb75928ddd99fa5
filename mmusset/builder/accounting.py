"""The accounting: what became of every item, and what the answers have cost."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mmusset.sample import Verdict


@dataclass(frozen=True, slots=True)
class Tally:
    """The accounting: found = accepted + rejected + failed + skipped + undecided."""

    accepted: int
    rejected: int
    failed: int
    skipped: int
    undecided: int

    @property
    def found(self) -> int:
        return self.accepted + self.rejected + self.failed + self.skipped + self.undecided

    @property
    def decided(self) -> int:
        """How many items have the verdict of the agents, or failed."""
        return self.accepted + self.rejected + self.failed

    def after(self, verdict: Verdict) -> "Tally":
        """The accounting once one more undecided item has this verdict."""
        return self.plus(verdict.status, 1)

    def plus(self, status: str, count: int) -> "Tally":
        """The accounting once so many more undecided items have a verdict of this status."""
        more = {status: getattr(self, status) + count, "undecided": self.undecided - count}
        return replace(self, **more)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one agent's answers have cost so far. `cached_tokens` are part of `prompt_tokens`."""

    agent: str
    calls: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    seconds: float

    def plus(self, other: "Cost") -> "Cost":
        """Both together, under this one's name."""
        return Cost(
            self.agent,
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
            self.seconds + other.seconds,
        )


def total_cost(costs: Iterable[Cost]) -> Cost:
    """The costs of all agents as one, of no agent's name."""
    total = Cost("", 0, 0, 0, 0, 0.0)
    for cost in costs:
        total = total.plus(cost)
    return total
