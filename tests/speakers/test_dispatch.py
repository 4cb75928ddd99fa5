"""Which call is sent when: the dispatcher, its throttles, and the breaker."""

import asyncio
import random
from collections.abc import Coroutine
from itertools import count
from typing import Any

import pytest

from mmusset.errors import ServerGone, Stopped
from mmusset.speakers.vllm.breaker import Breaker, RetryWindow
from mmusset.speakers.vllm.dispatch import Dispatcher
from mmusset.speakers.vllm.gauges import Gauges, read
from mmusset.speakers.vllm.throttle import LatencyThrottle, QueueThrottle


def run(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 20))


def dispatcher_of(limit: int) -> Dispatcher:
    throttle = LatencyThrottle(1000)
    throttle.limit = limit
    return Dispatcher(throttle)


async def turns(number: int = 5) -> None:
    """Let everything that can move, move."""
    for _ in range(number):
        await asyncio.sleep(0)


def test_no_more_fly_than_the_limit_and_begun_samples_go_first() -> None:
    async def scene() -> None:
        dispatcher, left = dispatcher_of(1), []

        async def call(name: str, order: int) -> None:
            await dispatcher.acquire(order)
            left.append(name)

        await call("first", 3)
        calls = [asyncio.create_task(call(*c)) for c in (("new", 3), ("newer", 3), ("begun", 1))]
        for _ in range(3):
            await turns()
            assert dispatcher.in_flight == 1
            dispatcher.release()
        await asyncio.gather(*calls)
        assert left == ["first", "begun", "new", "newer"]

    run(scene())


def test_a_suspect_leaves_alone_and_nobody_leaves_with_it() -> None:
    async def scene() -> None:
        dispatcher = dispatcher_of(8)
        await dispatcher.acquire(0)
        suspect = asyncio.create_task(dispatcher.acquire(0, alone=True))
        other = asyncio.create_task(dispatcher.acquire(0))
        await turns()
        assert not suspect.done()
        assert not other.done(), "nothing new leaves while a suspect waits"
        dispatcher.release()
        await suspect
        await turns()
        assert dispatcher.in_flight == 1
        assert not other.done()
        dispatcher.release()
        await other

    run(scene())


def test_who_is_cancelled_while_waiting_or_leaving_takes_no_place() -> None:
    async def scene() -> None:
        dispatcher = dispatcher_of(1)
        await dispatcher.acquire(0)
        waiting = asyncio.create_task(dispatcher.acquire(0))
        await turns()
        waiting.cancel()
        leaving = asyncio.create_task(dispatcher.acquire(0))
        await turns()
        dispatcher.release()
        leaving.cancel()
        await asyncio.gather(waiting, leaving, return_exceptions=True)
        assert dispatcher.in_flight == 0
        await dispatcher.acquire(0)

    run(scene())


def test_what_is_held_or_shut_waits_and_what_is_ended_is_told_why() -> None:
    async def scene() -> None:
        dispatcher = dispatcher_of(8)
        dispatcher.pause(0.01)
        dispatcher.pause(0.001)
        await dispatcher.acquire(0)
        dispatcher.release()
        dispatcher.close()
        waiting = asyncio.create_task(dispatcher.acquire(0))
        await turns()
        assert not waiting.done()
        dispatcher.stop(Stopped())
        with pytest.raises(Stopped):
            await waiting
        with pytest.raises(Stopped):
            await dispatcher.acquire(0)

    run(scene())


def breaker_of(
    dispatcher: Dispatcher, probes: list[str], wait_s: float = 10.0
) -> tuple[Breaker, list[str]]:
    notices: list[str] = []

    async def probe() -> str:
        return probes.pop(0) if probes else ""

    return Breaker(
        dispatcher, probe, RetryWindow("here", wait_s), notices.append, first_probe_s=0.001
    ), notices


def test_a_loss_opens_the_breaker_until_a_probe_is_answered() -> None:
    async def scene() -> None:
        dispatcher = dispatcher_of(100)
        breaker, notices = breaker_of(dispatcher, ["no", "no"])
        breaker.lost("reset")
        breaker.lost("reset too")
        leaving = asyncio.create_task(dispatcher.acquire(0))
        await turns()
        assert not leaving.done()
        await leaving
        assert notices == [
            "the server does not answer (reset); waiting for it",
            "the server is back",
        ]
        assert dispatcher.throttle.limit <= 8, "it begins small again"
        await breaker.close()

    run(scene())


def test_a_loss_of_which_the_server_knows_nothing_is_not_spoken_of() -> None:
    async def scene() -> None:
        dispatcher = dispatcher_of(100)
        breaker, notices = breaker_of(dispatcher, [])
        breaker.lost("reset")
        await dispatcher.acquire(0)
        assert notices == []
        assert dispatcher.throttle.limit == 100
        await breaker.close()

    run(scene())


def test_a_server_that_does_nothing_but_send_away_is_given_up() -> None:
    async def scene() -> None:
        dispatcher = dispatcher_of(100)
        breaker, notices = breaker_of(dispatcher, [], wait_s=0.2)
        while not notices:
            breaker.busy()
            await turns()
        assert notices == ["the server refuses every call; asking again more and more slowly"]
        breaker.answered()
        with pytest.raises(ServerGone, match="refuses every call"):
            while True:
                breaker.busy()
                await dispatcher.acquire(0)
                dispatcher.release()
        assert len(notices) == 2

    run(scene())


def test_a_server_that_stays_away_ends_the_flow_with_exit_code_3() -> None:
    async def scene() -> None:
        dispatcher = dispatcher_of(100)
        breaker, _ = breaker_of(dispatcher, ["no"] * 10_000, wait_s=0.02)
        breaker.lost("refused")
        with pytest.raises(ServerGone, match="nothing is lost") as gone:
            await dispatcher.acquire(0)
        assert gone.value.exit_code == 3
        await breaker.close()

    run(scene())


@pytest.mark.parametrize("slots", [1, 5, 40, 200])
def test_the_queue_throttle_fills_the_server_and_keeps_its_queue_short(slots: int) -> None:
    throttle = QueueThrottle(256)
    for _ in range(40):
        in_flight = throttle.limit
        running = min(in_flight, slots)
        throttle.observe(running, in_flight - running, 0.2, in_flight)
    assert slots <= throttle.limit <= slots + max(4, slots // 5) + 1
    throttle.observe(slots // 2, throttle.limit - slots // 2, 0.2, throttle.limit)
    assert throttle.limit <= slots // 2 + max(4, slots // 5) + 1, "capacity fell: cut at once"


def test_a_queue_that_drains_slowly_is_taken_off_once() -> None:
    """What was sent can't be called back: the server is still to be busy once it has drained."""
    throttle = QueueThrottle(256)
    throttle.limit = 144
    for _ in range(20):  # looks while one call lasts
        throttle.observe(running=64, waiting=80, kv_share=0.2, in_flight=144)
    assert 64 <= throttle.limit <= 64 + 2 * 64 // 10


def test_a_burst_after_a_lull_takes_nothing_off() -> None:
    """The server has calls that it has not begun yet, and is far from full."""
    throttle = QueueThrottle(256)
    throttle.limit = 200
    throttle.observe(running=4, waiting=8, kv_share=0.1, in_flight=12)
    assert throttle.limit == 200


def test_the_queue_throttle_does_not_grow_into_a_full_memory() -> None:
    throttle = QueueThrottle(256)
    before = throttle.limit
    throttle.observe(before, 0, 0.97, before)
    assert throttle.limit == before


def fly(throttle: LatencyThrottle, slots: int, calls: int, refuse_beyond: int = 10**9) -> int:
    """Send calls to a server of `slots`, 0.2 s each, that queues the rest or refuses them."""
    noise, now, refused = random.Random(0), 0.0, 0
    for _ in count():
        in_flight = throttle.limit
        for n in range(in_flight):
            if n >= refuse_beyond:
                throttle.refused(now, now + 0.01)
                refused += 1
            else:
                latency = 0.2 * noise.uniform(0.9, 1.1) * max(1.0, in_flight / slots)
                throttle.answered(now, now + latency)
        now += 0.2 * max(1.0, in_flight / slots)
        calls -= in_flight
        if calls < 0:
            return refused
    return refused


@pytest.mark.parametrize("slots", [4, 20, 64])
def test_the_latency_throttle_finds_the_point_where_calls_begin_to_wait(slots: int) -> None:
    throttle = LatencyThrottle(1024)
    fly(throttle, slots, 60 * slots)
    assert 0.7 * slots <= throttle.limit <= 1.7 * slots


def test_the_latency_throttle_takes_refusals_as_a_limit() -> None:
    throttle = LatencyThrottle(1024)
    refused = fly(throttle, 1000, 4000, refuse_beyond=40)
    assert 25 <= throttle.limit <= 45
    assert refused < 4000 * 0.05


def test_gauges_are_read_from_what_vllm_prints() -> None:
    text = (
        "# HELP vllm:num_requests_running Number of requests\n"
        'vllm:num_requests_running{engine="0",model_name="m"} 3.0\n'
        'vllm:num_requests_running{engine="1",model_name="m"} 4.0\n'
        'vllm:num_requests_waiting{engine="0",model_name="m"} 2.0\n'
        'vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 2.0\n'
        'vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25\n'
    )
    assert read(text.encode()) == Gauges(running=7, waiting=2, kv_share=0.25)
    assert read(b"<html>not found</html>") is None
