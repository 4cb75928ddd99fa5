"""How many calls may fly: as many as keep the server busy, and hardly more.

A local vLLM never refuses a call: it queues it, and gets slow. So where its own queue
can be read, that is held just above empty (`QueueThrottle`); elsewhere latency and
refusals tell (`LatencyThrottle`).
"""

from typing import Protocol


class Throttle(Protocol):
    """Moves `limit`, the number of calls that may fly at once, from 1 to `most`."""

    limit: int

    def landed(self, begun_s: float, landed_s: float) -> None:
        """A call that left at `begun_s` has its answer."""
        ...

    def refused(self, begun_s: float, now_s: float) -> None:
        """A call that left at `begun_s` was sent away, or had no answer in time.

        All refusals of one moment are one: what left before the last move tells nothing.
        """
        ...

    def restart(self) -> None:
        """The server is back from being away: what was learnt of it may hold no longer."""
        ...


class QueueThrottle:
    """Follows the queue that the server itself reports."""

    FIRST_LIMIT = 32
    # Above this share of its KV memory in use, vLLM puts off what it has begun.
    FULL_KV = 0.95

    def __init__(self, most: int) -> None:
        self.limit = min(self.FIRST_LIMIT, most)
        self.searching = True
        self._most = most
        self._cut_s = 0.0

    def seen(self, running: int, waiting: int, kv_share: float, flying: int) -> None:
        """Move by what the server reports while `flying` calls of ours are on their way.

        Up to the first queue the limit doubles, later it creeps; a queue of more
        than a fifth of what runs is taken off at once.
        """
        spare = max(2, running // 10)
        if waiting > 2 * spare:
            self._move(self.limit - (waiting - spare))
            self.searching = False
        elif waiting <= spare and flying >= self.limit and kv_share < self.FULL_KV:
            arrived = 2 * (running + waiting) >= flying
            if self.searching and waiting == 0 and arrived:
                self._move(2 * self.limit)
            elif waiting < spare:
                self._move(self.limit + max(1, self.limit // 20))

    def landed(self, begun_s: float, landed_s: float) -> None:
        """Its queue says it better."""

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
    """AIMD: a little more while answers come as fast as before, a quarter less when refused.

    First it climbs by halves, until latency grows as the limit does: by Little's law
    the calls beyond that only wait.
    """

    # Fewer than any server's slots: what begins in a queue can't see one grow.
    FIRST_LIMIT = 2

    def __init__(self, most: int) -> None:
        self.limit = self.FIRST_LIMIT
        self._most = most
        self._climbing = True
        self._usual_s = 0.0  # mean latency at the last limit that was no queue
        self._usual_limit = 0
        self._changed_s = 0.0
        self._count, self._sum_s = 0, 0.0

    def landed(self, begun_s: float, landed_s: float) -> None:
        if begun_s < self._changed_s:
            return
        self._count += 1
        self._sum_s += landed_s - begun_s
        if self._count >= self.limit:
            mean_s = self._sum_s / self._count
            if self._climbing:
                self._climb(mean_s, landed_s)
            else:
                self._creep(mean_s, landed_s)

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
        if self._usual_limit and slowed > 0.6 * growth:
            self._climbing = False
            self._move(self._usual_limit, now_s)
            return
        self._usual_s, self._usual_limit = mean_s, self.limit
        self._move(max(self.limit + 1, self.limit * 3 // 2), now_s)

    def _creep(self, mean_s: float, now_s: float) -> None:
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
