"""Whose turn it is at the decoders: clips of a piece go where the piece was heard."""

import asyncio

import pytest

from mmusset.builder.decoding.seats import WORTH_SHARING, Seat, Seats


def served(works: list[bytes], seats: int) -> list[tuple[int, bytes]]:
    """Which seat each task took, in the order in which they came to it."""
    taken: list[tuple[int, bytes]] = []

    async def task(all_seats: Seats[int], work: bytes) -> None:
        async with all_seats.seat(work) as seat:
            seat.holder = seat.holder or len({number for number, _ in taken}) + 1
            taken.append((seat.holder, work))
            await asyncio.sleep(0)

    async def run() -> None:
        here = Seats[int](seats)
        await asyncio.gather(*(task(here, work) for work in works))
        assert len(here.free) == seats

    asyncio.run(run())
    return taken


def test_what_a_seat_had_last_goes_on_there() -> None:
    taken = served([b"one", b"two", b"one", b"three", b"two", b"one"], seats=2)
    assert {seat for seat, work in taken if work == b"one"} == {1}
    assert {seat for seat, work in taken if work == b"two"} == {2}


def test_a_seat_that_is_free_is_left_to_what_no_other_seat_has() -> None:
    taken = served([b"one", b"one", b"one", b"two"], seats=2)
    assert sorted(taken) == [(1, b"one"), (1, b"one"), (1, b"one"), (2, b"two")]


def test_what_many_wait_for_is_begun_by_a_second_seat_too() -> None:
    assert {seat for seat, _ in served([b"one"] * (2 * WORTH_SHARING), seats=2)} == {1, 2}
    assert {seat for seat, _ in served([b"one"] * WORTH_SHARING, seats=2)} == {1}


def test_what_belongs_to_nothing_takes_its_turn() -> None:
    assert [work for _, work in served([b"", b"", b""], seats=1)] == [b"", b"", b""]


def test_who_gives_up_waiting_leaves_the_seat_to_the_next() -> None:
    async def run() -> None:
        seats = Seats[int](1)
        async with seats.seat(b"one"):
            waiting = [asyncio.create_task(_sit(seats)) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting[0]
        assert isinstance(await waiting[1], Seat)
        assert len(seats.free) == 1

    asyncio.run(run())


async def _sit(seats: Seats[int]) -> Seat[int]:
    async with seats.seat(b"two") as seat:
        return seat
