"""A worker: takes blocks that a build offers, decides and seals each, and hands it in."""

import asyncio
import os
import random
import secrets
import signal
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mmusset.builder.job import BuildJob
from mmusset.builder.ledger.segment import Segment
from mmusset.builder.same_job import models_of
from mmusset.builder.seal import NO_SHARD
from mmusset.errors import Refused, UsageError
from mmusset.files import failpoint
from mmusset.progress import Progress
from mmusset.shards.tar import Shard
from mmusset.speakers.entered import EnteredSpeaker
from mmusset.temporary_folder import TemporaryFolder

from . import lease as leases
from .board import SHARDS, Board, Marker, SharedJob, number_of
from .deciding import BlockProgress, decide
from .lease import Lease

# How long a worker that finds all blocks taken waits until it looks again: at first so long, each
# time twice as long as before, and at most this share of a lease, and so many seconds.
FIRST_WAIT_S, LOOKS, LONGEST_WAIT_S = 0.5, 1 / 4, 15.0


@dataclass(frozen=True, slots=True)
class Worked:
    """What a worker did: how many blocks it handed in, how many of those another had handed in
    before it, and how many it gave back undecided."""

    done: int
    too_late: int
    given_back: int
    interrupted: bool

    def __str__(self) -> str:
        """`12 blocks handed in`"""
        late = f" ({self.too_late} after another worker)" if self.too_late else ""
        back = (
            f", {self.given_back} given back: some files could not be read"
            if self.given_back
            else ""
        )
        return f"{self.done} blocks handed in{late}{back}"

    @property
    def exit_code(self) -> int:
        if self.interrupted:
            return 130
        return 4 if self.given_back else 0


class Worker:
    """One worker. `job` says how it builds; its `out` counts for nothing. `scratch` is a folder on
    a disk of this machine; None for the system's own. It ends after `most` blocks, if any are
    given."""

    def __init__(
        self,
        board: Board,
        job: BuildJob,
        scratch: Path | None,
        display: Progress,
        most: int | None = None,
    ) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._board = board
        self._job = job
        self._scratch = scratch
        self._display = display
        self._most = most
        self._given_back: set[str] = set()
        self._done = self._too_late = self._waited = 0
        self._stopping = asyncio.Event()

    async def run(self) -> Worked:
        """Work until every block that is offered is decided, but for those that this worker gave
        back.

        Raises UsageError where no build offers any, Refused where this worker would build
        otherwise than that one, and what a build raises; then its block is left to others.
        """
        shared = await asyncio.to_thread(shared_job, self._board)
        self._listen_for_stop()
        async with self._job.speaker as speaker:
            models = models_of(speaker, self._job.agents)
            await asyncio.to_thread(self._agree_on_models, models)
            entered = EnteredSpeaker(speaker)
            self._job = replace(self._job, speaker=entered, re_run=shared.re_run)
            while not self._stopping.is_set() and await self._go_on(shared):
                pass
        return Worked(self._done, self._too_late, len(self._given_back), self._stopping.is_set())

    def _agree_on_models(self, models: dict[str, str]) -> None:
        """Raises Refused where the other workers of the build speak through other models."""
        if (theirs := self._board.agree_on_models(models)) != models:
            raise Refused(
                f"the workers of this build speak through {', '.join(sorted({*theirs.values()}))},"
                f" and this one through {', '.join(sorted({*models.values()}))}: name a server"
                " that has the same"
            )

    async def _go_on(self, shared: SharedJob) -> bool:
        """Take a block and work on it, or wait for one; False where nothing is left to do."""
        undecided = await asyncio.to_thread(self._board.undecided)
        left = [block for block in undecided if block not in self._given_back]
        if not left or (self._done + len(self._given_back)) == self._most:
            return False
        if taken := await asyncio.to_thread(self._take, left, shared.lease_s):
            await self._work_on(taken, shared)
            self._waited = 0
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait_s(self._waited, shared.lease_s))
            self._waited += 1
        return True

    def _take(self, blocks: list[str], lease_s: float) -> Lease | None:
        """One of the blocks that nobody has; looked for in an order of its own, so that many
        workers do not all try the same."""
        known = self._board.leases()
        now_s = self._board.store.now_s(self.name)
        for block in random.SystemRandom().sample(blocks, len(blocks)):
            before = known.get(block)
            if leases.is_to_be_had(before, now_s, lease_s) and (
                taken := leases.take(self._board, self.name, block, before)
            ):
                return taken
        return None

    async def _work_on(self, lease: Lease, shared: SharedJob) -> None:
        """Decide a block and hand it in; leave it to others where that can't be done now."""
        with TemporaryFolder(self._scratch) as folder:
            out, tell = Path(folder, "out"), self._display.log
            async with leases.renewed(self._board, self.name, lease, shared.lease_s, tell):
                known = await asyncio.to_thread(self._known_of, lease)
                if known is None:
                    return  # decided meanwhile, or the build is over
                try:
                    progress = BlockProgress(self._display)
                    decided = await decide(out, self._job, shared, known, progress)
                except Exception:
                    await asyncio.to_thread(leases.give_back, self._board, lease, lease.begun)
                    raise
                finally:
                    self._listen_for_stop()
                if decided.shard is not None:
                    await asyncio.to_thread(
                        self._hand_in, lease, decided.learnt, decided.shard, out
                    )
                else:
                    await asyncio.to_thread(self._leave, lease, decided.learnt)
        if decided.error:
            raise decided.error
        if decided.is_interrupted:
            self._stopping.set()
        elif decided.shard is None:
            self._given_back.add(lease.block)

    def _known_of(self, lease: Lease) -> Segment | None:
        """What is known of a block: by who gave it back, or by the build."""
        if lease.begun and (segment := self._board.segment(lease.begun)):
            return segment
        return self._board.offered(lease.block)

    def _hand_in(self, lease: Lease, learnt: Segment, shard: Shard, out: Path) -> None:
        if shard != NO_SHARD:
            self._board.store.put_file(SHARDS + shard.sha256, out / shard.name)
        failpoint("shard_handed_in")
        self._board.put_segment(learnt)
        failpoint("segment_handed_in")
        self._done += 1
        models = models_of(self._job.speaker, self._job.agents)
        marker = Marker(lease.block, shard, learnt.sha256, self.name, models)
        is_first = self._board.hand_in(marker)
        failpoint("marker_handed_in")
        self._too_late += not is_first
        late = "" if is_first else ", after another worker had"
        self._display.log(f"handed in block {number_of(lease.block)}{late}")

    def _leave(self, lease: Lease, learnt: Segment) -> None:
        """Leave a block to others, with what is decided of it."""
        self._board.put_segment(learnt)
        leases.give_back(self._board, lease, learnt.sha256)

    def _listen_for_stop(self) -> None:
        """Stop after the block at hand. While one is decided, its builder listens, and drains."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)


def wait_s(waited: int, lease_s: float) -> float:
    """How long to wait until blocks are looked for again, after so many looks in vain before.

    The last blocks of others take seconds or hours: who looks soon ends with them, and who has
    waited for long asks a store of many workers no more than it has to.
    """
    longest_s = min(LOOKS * lease_s, LONGEST_WAIT_S)
    doublings = min(waited, 16)  # far beyond the longest
    return min(FIRST_WAIT_S * 2.0**doublings, longest_s)


def shared_job(board: Board) -> SharedJob:
    """What is built in a store. Raises UsageError where nothing is, Refused where another version
    of mmusset builds it."""
    job = board.job()
    if job is None:
        raise UsageError(
            f"no build offers blocks in {board}; begin one with `mmusset build --engine workers`"
        )
    return job
