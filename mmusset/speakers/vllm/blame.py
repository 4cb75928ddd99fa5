"""Which item is to blame for calls that get no reply.

A call may be lost because the server, or the way to it, is flaky: then the item is innocent,
however often that happens. Or the item kills the server each time: then it has to be given up,
or the build would never end. One rule tells them apart:

    An item whose calls were lost while others were in flight too, more often than chance has it,
    is a suspect. A suspect is asked about alone, after at least CONTROLS other calls or probes
    since it was last lost, of which the last is a probe that was answered just before. It is
    blamed only when its calls were lost alone so often in a row that an item of no guilt would
    have such luck once in a million: n times, where the share of other calls that are lost,
    to the power of n, is under 1e-6.

So with a server that answers all else, the fourth or fifth call that is lost alone is the last;
where half of all calls are lost, it takes about twenty, which no innocent item sees. One answer
clears an item. As at most MOST_CHANCE of the calls are taken to be lost by chance, the
number of tries has a bound, whatever the server does.

What is counted: calls that flew with others, and the probes before a suspect's call, each kind
by itself, since a probe is small; the higher share of the two is taken. What was lost in the same
outage as a call on the suspect does not count: that may be its work. Where an outage took all that
flew, it is one loss: a server that dies takes everything with it.
"""

import math
from collections import Counter, deque

# This many calls lost beside others, at least, make a suspect, if the chance of that is lower.
COMPANY, SUSPICIOUS = 2, 0.01
# An item is blamed when the chance that it is innocent is lower than this.
CERTAIN = 1e-6
# Calls and probes between two calls on suspects: they show whether the server is well.
CONTROLS = 16
# How many outcomes are remembered; before there are any, one loss in 24 is expected.
REMEMBERED, EXPECTED = 200, 24
# The highest share of losses that is taken for chance: it bounds the tries on an item, to 270.
MOST_CHANCE = 0.95


class _Outcomes:
    """How the last calls of one kind ended: for each that was lost, the items lost with it."""

    def __init__(self) -> None:
        self._ended: deque[frozenset[str] | None] = deque(maxlen=REMEMBERED)

    def add(self, lost: frozenset[str] | None) -> None:
        """One more has ended; None where it was answered."""
        self._ended.append(lost)

    def count(self, key: str) -> tuple[int, int]:
        """How many were lost, and of how many, without what was lost together with an item."""
        ended = [lost for lost in self._ended if lost is None or key not in lost]
        return len(ended) - ended.count(None), len(ended)

    def chance(self, key: str) -> float:
        """The share that is lost, counting one loss more than there was: to be on the safe side."""
        lost, ended = self.count(key)
        return (lost + 1) / (ended + EXPECTED)


class Blame:
    """Counts in `strikes`: up to COMPANY losses beside other calls, above that losses alone."""

    def __init__(self, strikes: dict[str, int]) -> None:
        self.strikes = strikes
        self._in_company = Counter[str]()
        self._calls, self._probes = _Outcomes(), _Outcomes()
        self._lost_together: list[str] = []
        self._some_answered = False
        self._controls = CONTROLS

    def chance(self, key: str) -> float:
        """How likely a call on this item is lost, if it is innocent."""
        return min(MOST_CHANCE, max(self._calls.chance(key), self._probes.chance(key)))

    @property
    def probes_due(self) -> int:
        """How many probes must be answered or lost before a suspect may be asked about."""
        return max(1, CONTROLS - self._controls)

    def is_suspect(self, key: str) -> bool:
        """Whether the item has to be asked about alone."""
        strikes = self.strikes.get(key, 0)
        lost = max(strikes, self._in_company[key])
        return strikes > COMPANY or (lost >= COMPANY and self.chance(key) ** lost < SUSPICIOUS)

    def probed(self, lost: bool) -> None:
        """A probe before a suspect's call has ended."""
        self._probes.add(frozenset() if lost else None)
        self._controls += 1

    def answered(self, key: str, *, alone: bool) -> None:
        """A call on the item was answered: it is innocent."""
        self.strikes.pop(key, None)
        self._in_company.pop(key, None)
        if not alone:
            self._some_answered = True
            self._calls.add(None)
            self._controls += 1

    def lost(self, key: str, *, alone: bool) -> str:
        """A call on the item was lost. Returns why the item is to blame, "" if it is not."""
        strikes = self.strikes.get(key, 0)
        if not alone:
            self._in_company[key] += 1
            self.strikes[key] = max(strikes, min(strikes + 1, COMPANY))
            self._lost_together.append(key)
            return ""
        self.strikes[key] = max(strikes, COMPANY) + 1
        self._controls = 0
        alone_lost = self.strikes[key] - COMPANY
        if alone_lost < math.log(CERTAIN) / math.log(self.chance(key)):
            return ""
        self.strikes.pop(key)
        self._in_company.pop(key, None)
        lost = [kind.count(key) for kind in (self._calls, self._probes)]
        others = sum(ended for _, ended in lost)
        answered = others - sum(lost for lost, _ in lost)
        return f"{alone_lost} calls alone ended so, while {answered} of {others} others did not"

    def settle(self) -> None:
        """The server is up again: count what was lost since it was last seen up."""
        keys = frozenset(self._lost_together)
        for _ in self._lost_together if self._some_answered else self._lost_together[:1]:
            self._calls.add(keys)
            self._controls += 1
        self._lost_together, self._some_answered = [], False
