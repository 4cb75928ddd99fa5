"""A lease: one worker's claim on one block, for as long as it goes on renewing it.

Each claim is an object of its own, made only where there is none of its name, so of many who try
one succeeds: `BLOCK.000001` is the first, and who takes over from an owner that is silent, or gave
the block back, makes the next. An owner writes its object again to renew it, and notices by the
next one that it was given up. It may finish nevertheless: the first marker counts, not the lease.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mmusset.errors import MmussetError
from mmusset.files import failpoint

from .board import BlockLease, Board, lease_name

# An owner renews so often in a lease's time: two renewals may fail.
RENEWALS = 3


@dataclass(frozen=True, slots=True)
class Lease:
    """A block that is this worker's. `begun` is the segment of somebody who gave it back half
    done; "" where nobody did."""

    block: str
    term: int
    begun: str


def is_to_be_had(lease: BlockLease | None, now_s: float, lease_s: float) -> bool:
    """Whether a block is nobody's: by its lease, and the time of the store."""
    return lease is None or lease.is_free or now_s - lease.written_s > lease_s


def take(board: Board, worker: str, block: str, before: BlockLease | None) -> Lease | None:
    """Claim a block whose lease `before` is over; None where somebody else was faster."""
    term = before.term + 1 if before else 1
    if not board.store.create(lease_name(block, term), worker.encode()):
        return None
    failpoint("lease_taken")
    return Lease(block, term, _begun(board, block, term))


def _begun(board: Board, block: str, term: int) -> str:
    """What the last who gave the block back had of it by then."""
    for earlier in range(term - 1, 0, -1):
        if (data := board.store.read(f"{lease_name(block, earlier)}.free")) is not None:
            return str(json.loads(data)["segment"])
    return ""


def give_back(board: Board, lease: Lease, segment: str) -> None:
    """Leave the block to others, with the segment of what is decided of it, "" for nothing."""
    name = f"{lease_name(lease.block, lease.term)}.free"
    board.store.put(name, json.dumps({"segment": segment}).encode())


@asynccontextmanager
async def renewed(
    board: Board, worker: str, lease: Lease, lease_s: float, tell: Callable[[str], None]
) -> AsyncIterator[None]:
    """Renew a lease as long as the context lasts. `tell` gets a line where that can't be done, or
    where another has taken the block over."""
    task = asyncio.create_task(_renew(board, worker, lease, lease_s / RENEWALS, tell))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _renew(
    board: Board, worker: str, lease: Lease, every_s: float, tell: Callable[[str], None]
) -> None:
    name, following = lease_name(lease.block, lease.term), lease_name(lease.block, lease.term + 1)
    while True:
        await asyncio.sleep(every_s)
        try:
            if await asyncio.to_thread(board.store.read, following) is not None:
                tell(f"block {lease.block} was taken over by another worker; it is finished anyway")
                return
            if await asyncio.to_thread(board.store.read, name) is None:
                return  # the build is over, or has no use for the block
            await asyncio.to_thread(board.store.put, name, worker.encode())
        except (OSError, MmussetError) as error:
            tell(f"the lease of block {lease.block} could not be renewed: {error}")
