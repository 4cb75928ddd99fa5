"""How many calls may be in flight: as many as keep the server busy, and hardly more.

A local vLLM never refuses a call: its queue has no bound, and it only gets slow. So where its
own queue can be read, that is held just above empty (`QueueThrottle`); elsewhere latency and
refusals have to tell (`LatencyThrottle`).
"""

from typing import Protocol


class Throttle(Protocol):
    """Moves `limit`, the number of calls that may be in flight at once, from 1 to `most`.

    Times are of the monotonic clock, in seconds.
    """

    limit: int

    def answered(self, begun_s: float, now_s: float) -> None:
        """A call that was sent at `begun_s` has its reply."""
        ...

    def refused(self, begun_s: float, now_s: float) -> None:
        """A call that was sent at `begun_s` was refused, or had no reply in time.

        All refusals of one moment count as one: a call that was sent before the last move says
        nothing about the limit that holds now.
        """
        ...

    def restart(self) -> None:
        """The server is back after an outage: what was learnt of it may hold no longer."""
        ...


class QueueThrottle:
    """Follows the queue that the server itself reports."""

    # vLLM's usual batch is larger, and the limit doubles at every look until there is a queue.
    FIRST_LIMIT = 32
    # Above this share of its KV memory in use, vLLM preempts what it has begun.
    FULL_KV = 0.95

    def __init__(self, most: int) -> None:
        self.limit = min(self.FIRST_LIMIT, most)
        self.searching = True
        self._most = most
        self._cut_s = 0.0

    def observe(self, running: int, waiting: int, kv_share: float, in_flight: int) -> None:
        """Move by what the server reports while `in_flight` calls of ours are out.

        Until the first queue the limit doubles; later it grows by a twentieth. A tenth of what
        runs may wait, so that a slot that gets free is filled at once; a queue of more than
        twice that is taken off in one step: from what is out, not from the limit, or a queue
        that takes several looks to drain would be taken off at each. While less is out than the
        limit allows, a queue is no news: a burst of calls has just arrived.
        """
        spare = max(2, running // 10)
        if waiting > spare:
            self.searching = False
        if waiting > 2 * spare and in_flight >= self.limit:
            self._move(min(self.limit, in_flight - (waiting - spare)))
        elif waiting <= spare and in_flight >= self.limit and kv_share < self.FULL_KV:
            # While most calls are still on the network, in neither of the server's counts, an
            # empty queue says nothing.
            arrived = 2 * (running + waiting) >= in_flight
            if self.searching and waiting == 0 and arrived:
                self._move(2 * self.limit)
            elif waiting < spare:
                self._move(self.limit + max(1, self.limit // 20))

    def answered(self, begun_s: float, now_s: float) -> None:
        """Nothing: the queue says more than latency can."""

    def refused(self, begun_s: float, now_s: float) -> None:
        if begun_s >= self._cut_s:
            self.searching = False
            self._cut_s = now_s
            self._move(self.limit * 3 // 4)

    def restart(self) -> None:
        self.searching = True
        self._move(min(self.limit, self.FIRST_LIMIT))

    def _move(self, limit: int) -> None:
        self.limit = max(1, min(limit, self._most))


class LatencyThrottle:
    """AIMD (additive increase, multiplicative decrease), as TCP does it.

    The limit grows by a tenth while replies come as fast as before, and falls by a quarter when
    the server refuses: gentler than TCP's half, because the refusals of one moment count as one.
    Before that it climbs by halves until latency grows as the limit does: by Little's law (calls
    in flight = rate x latency) the calls beyond that point only wait.
    """

    # Fewer than any server's slots: what begins in a queue can't see one grow.
    FIRST_LIMIT = 2

    def __init__(self, most: int) -> None:
        self.limit = self.FIRST_LIMIT
        self._most = most
        self._climbing = True
        self._usual_s = 0.0  # mean latency at the last limit that had no queue
        self._usual_limit = 0
        self._changed_s = 0.0
        self._count, self._sum_s = 0, 0.0

    def answered(self, begun_s: float, now_s: float) -> None:
        if begun_s < self._changed_s:
            return
        self._count += 1
        self._sum_s += now_s - begun_s
        # One whole round at this limit, so that the mean is over all slots.
        if self._count >= self.limit:
            mean_s = self._sum_s / self._count
            if self._climbing:
                self._climb(mean_s, now_s)
            else:
                self._creep(mean_s, now_s)

    def refused(self, begun_s: float, now_s: float) -> None:
        if begun_s >= self._changed_s:
            self._climbing = False
            self._usual_s = self._usual_s or self._sum_s / max(self._count, 1)
            self._move(self.limit * 3 // 4, now_s)

    def restart(self) -> None:
        self._climbing = True
        self._usual_s, self._usual_limit = 0.0, 0
        self._move(min(self.limit, self.FIRST_LIMIT), 0.0)

    def _climb(self, mean_s: float, now_s: float) -> None:
        growth = self.limit / self._usual_limit - 1 if self._usual_limit else 0.0
        slowed = mean_s / self._usual_s - 1 if self._usual_s else 0.0
        # With free slots latency hardly grows, with none as fast as the limit: 0.6 of that is
        # nearer to the second, and above what a batch slows down by being larger.
        if self._usual_limit and slowed > 0.6 * growth:
            self._climbing = False
            self._move(self._usual_limit, now_s)
            return
        self._usual_s, self._usual_limit = mean_s, self.limit
        self._move(max(self.limit + 1, self.limit * 3 // 2), now_s)

    def _creep(self, mean_s: float, now_s: float) -> None:
        # Between 1.1 and 1.3 times the usual latency lies noise: the limit stays.
        if not self._usual_s or mean_s < 1.1 * self._usual_s:
            self._move(self.limit + max(1, self.limit // 10), now_s)
        elif mean_s > 1.3 * self._usual_s:
            self._move(self.limit * 9 // 10, now_s)
        else:
            self._move(self.limit, now_s)

    def _move(self, limit: int, now_s: float) -> None:
        self.limit = max(1, min(limit, self._most))
        self._changed_s = now_s
        self._count, self._sum_s = 0, 0.0
