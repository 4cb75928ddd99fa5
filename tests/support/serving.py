"""A stub server in a thread of its own, for builds that run as processes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mmusset.agents import AGENTS
from mmusset.speakers.stub.plan import PlannedFault, StubPlan
from mmusset.speakers.stub.server import StubServer


@contextmanager
def serving(*faults: PlannedFault, **changes: object) -> Iterator[StubServer]:
    """A running server; its loop is at `loop_of(stub)`."""
    plan = StubPlan.model_validate({"latency_s": 0.01, "faults": faults} | changes)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stub = StubServer(plan, AGENTS)
    asyncio.run_coroutine_threadsafe(stub.__aenter__(), loop).result(30)
    try:
        _LOOPS[id(stub)] = loop
        yield stub
    finally:
        asyncio.run_coroutine_threadsafe(stub.__aexit__(None, None, None), loop).result(30)
        del _LOOPS[id(stub)]
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def go_down(stub: StubServer) -> None:
    """Break every connection, and be gone."""
    asyncio.run_coroutine_threadsafe(stub.go_down(), _LOOPS[id(stub)]).result(30)


def come_back(stub: StubServer) -> None:
    """Be there again, on the same port."""
    asyncio.run_coroutine_threadsafe(stub.come_back(), _LOOPS[id(stub)]).result(30)


_LOOPS: dict[int, asyncio.AbstractEventLoop] = {}
