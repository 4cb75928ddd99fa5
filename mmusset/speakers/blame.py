"""Which item is to blame for calls that get no answer.

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
by itself, since a probe is small; the higher share of the two is taken. Calls that are all lost
at one moment are one loss: a server that dies takes all of them with it.
"""

import math
from collections import Counter, deque

# So many calls lost in company, at least, make a suspect; and chance must be under this.
COMPANY, SUSPICIOUS = 2, 0.01
# Chance must be under this for an item to be blamed.
CERTAIN = 1e-6
CONTROLS = 16
# So many outcomes are remembered; before there are any, one loss in so many is expected.
REMEMBERED, EXPECTED = 200, 24
MOST_CHANCE = 0.95


class _Outcomes:
    """How calls of one kind ended of late."""

    def __init__(self) -> None:
        self._lost: deque[bool] = deque(maxlen=REMEMBERED)

    def add(self, lost: bool) -> None:
        self._lost.append(lost)

    @property
    def lost(self) -> int:
        return sum(self._lost)

    def __len__(self) -> int:
        return len(self._lost)

    @property
    def chance(self) -> float:
        """The share that is lost, with one loss more than was seen: to be on the safe side."""
        return (self.lost + 1) / (len(self) + EXPECTED)


class Blame:
    """Keeps count in `strikes`: up to COMPANY losses in company, beyond that those alone."""

    def __init__(self, strikes: dict[str, int]) -> None:
        self.strikes = strikes
        self._in_company = Counter[str]()
        self._calls, self._probes = _Outcomes(), _Outcomes()
        self._lost_together, self._some_answered = 0, False
        self._controls = CONTROLS

    @property
    def chance(self) -> float:
        """How likely a call of an innocent item is lost."""
        return min(MOST_CHANCE, max(self._calls.chance, self._probes.chance))

    @property
    def probes_due(self) -> int:
        """How many probes must be answered or lost before a suspect may be asked about."""
        return max(1, CONTROLS - self._controls)

    def is_suspect(self, key: str) -> bool:
        """Whether the item has to be asked about alone."""
        strikes = self.strikes.get(key, 0)
        lost = max(strikes, self._in_company[key])
        return strikes > COMPANY or (lost >= COMPANY and self.chance**lost < SUSPICIOUS)

    def probed(self, lost: bool) -> None:
        """A probe before a suspect's call has ended."""
        self._probes.add(lost)
        self._controls += 1

    def answered(self, key: str, *, alone: bool) -> None:
        """A call on the item was answered: it is innocent."""
        self.strikes.pop(key, None)
        self._in_company.pop(key, None)
        if not alone:
            self._some_answered = True
            self._calls.add(False)
            self._controls += 1

    def lost(self, key: str, *, alone: bool) -> str:
        """A call on the item was lost. Gives why the item is to blame for it, "" if it is not."""
        strikes = self.strikes.get(key, 0)
        if not alone:
            self._in_company[key] += 1
            self.strikes[key] = max(strikes, min(strikes + 1, COMPANY))
            self._lost_together += 1
            return ""
        self.strikes[key] = max(strikes, COMPANY) + 1
        self._controls = 0
        alone_lost = self.strikes[key] - COMPANY
        if alone_lost < math.log(CERTAIN) / math.log(self.chance):
            return ""
        self.strikes.pop(key)
        self._in_company.pop(key, None)
        others = len(self._calls) + len(self._probes)
        answered = others - self._calls.lost - self._probes.lost
        return f"{alone_lost} calls alone ended so, while {answered} of {others} others did not"

    def settle(self) -> None:
        """The server is there again: count what was lost since it was seen to be there last."""
        if self._lost_together:
            for _ in range(self._lost_together if self._some_answered else 1):
                self._calls.add(True)
                self._controls += 1
        self._lost_together, self._some_answered = 0, False
