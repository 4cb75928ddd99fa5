"""The driver: offers the blocks of a plan to workers, and takes over what they hand in.

It alone writes the dataset and its ledger. Killed at any moment it goes on when the same command is
run again, and workers go on without it meanwhile.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mmusset.builder.ledger.plan import PlannedBlock
from mmusset.builder.ledger.segment import DamagedSegment, Segment
from mmusset.builder.next_match import account_for_all
from mmusset.builder.progress import BuildProgress
from mmusset.builder.same_job import note_models
from mmusset.builder.seal import NO_SHARD
from mmusset.builder.workspace import Workspace
from mmusset.errors import MmussetError, Refused
from mmusset.files import failpoint
from mmusset.frozen import Name
from mmusset.shards.mirror import mirror_in
from mmusset.shards.shard_files import WrongBytes
from mmusset.shards.tar import Shard, shard_name

from .board import SHARDS, Board, Marker, SharedJob, block_id, number_of
from .sharing import Sharing

# How often the driver looks for what was handed in.
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What workers did in one run: items decided, shards sealed, blocks decided twice."""

    items: int = 0
    sealed: int = 0
    twice: int = 0


class _Damaged(Exception):
    """What was handed in can't be used; the message says why."""


class Driver:
    """Has the blocks of a frozen plan decided by workers. `re_run` names the agents whose models
    may differ from those that the dataset was begun with."""

    def __init__(
        self,
        workspace: Workspace,
        board: Board,
        re_run: tuple[Name, ...],
        progress: BuildProgress,
    ) -> None:
        self._workspace = workspace
        self._ledger = workspace.ledger
        self._board = board
        self._re_run = re_run
        self._progress = progress
        self._facts = self._ledger.job.facts()
        self._blocks = {block.n: block for block in self._ledger.plan.blocks()}
        self._tally = self._ledger.verdicts.tally()
        self._sealed = sum(1 for n in self._blocks if self._ledger.shards.of(n))
        self._taken = TakenOver()
        self._mirror = mirror_in(workspace.out)
        self._kept = set[str]()

    async def run(self, sharing: Sharing) -> TakenOver:
        """Offer what is undecided, and take over what is handed in until all of it is decided.

        Raises MmussetError where the plan may still change,
        Refused where another build is met at the same place.
        """
        await asyncio.to_thread(self._check_free)
        undecided = [block for block in self._blocks.values() if self._is_undecided(block)]
        if any(block.provisional for block in undecided):
            raise MmussetError(
                "some files could not be read, so the plan may still change and can't be shared;"
                " fix that and run the same command again (what can't be read in three runs"
                " counts as failed)"
            )
        waiting = set[str]()
        if undecided:
            waiting = await self._offer(undecided)
            await asyncio.to_thread(self._board.begin, self._job(sharing.source))
            failpoint("job_offered")
            self._progress.start(self._tally, {})
            self._progress.log(
                f"{len(waiting)} blocks wait for workers: run `mmusset worker {self._board.place}`"
                " on any machine that has it"
            )
        try:
            while waiting:
                sharing.starter.look_after(len(waiting))
                waiting -= await self._take_over_all(waiting)
                if waiting:
                    await asyncio.sleep(POLL_S)
        finally:
            sharing.starter.end()
        await self._close()
        if self._taken.twice:
            self._progress.log(f"{self._taken.twice} blocks were decided twice; the first counts")
        return self._taken

    async def collect(self) -> TakenOver:
        """Take over what was handed in since the last run, and offer nothing any more."""
        markers = await asyncio.to_thread(self._board.markers)
        there = {block for block in markers if self._offered_as(block)}
        await self._take_over_all(there)
        await self._close()
        return self._taken

    async def _close(self) -> None:
        """Delete what stands at the place, once what was learnt there is safe elsewhere."""
        for name in sorted(self._kept):
            await self._count_later(name)
        if self._mirror and self._kept:
            await asyncio.to_thread(self._mirror.put_ledger)
        await asyncio.to_thread(self._board.close)

    @property
    def _dataset(self) -> str:
        """Which dataset this is, to others that meet at the same place: its URL, or on which
        machine it is, where."""
        if self._mirror:
            return self._mirror.url
        return f"{socket.gethostname()}:{self._workspace.out.absolute()}"

    def _check_free(self) -> None:
        there = self._board.job()
        if self._board.is_remote and there and there.dataset != self._dataset:
            raise Refused(
                f"{self._board} is where the workers of {there.dataset} meet; name another --meet,"
                " or, if that build will not go on, delete what is there"
            )

    def _is_undecided(self, block: PlannedBlock) -> bool:
        """Whether anything of a block is to be decided; what only has to be sealed needs nobody."""
        return bool(
            self._ledger.shards.of(block.n) is None and self._ledger.verdicts.undecided_in(block.n)
        )

    def _offered_as(self, name: str) -> bool:
        """Whether a block is still undecided, and of that name."""
        block = self._blocks.get(number_of(name))
        if block is None or not self._is_undecided(block):
            return False
        return block_id(self._facts, self._ledger.segments.of(block.n)) == name

    async def _offer(self, blocks: Sequence[PlannedBlock]) -> set[str]:
        """Offer blocks, and nothing else, whatever an earlier run left there."""
        board, offered = self._board, set[str]()
        known = set(await asyncio.to_thread(board.blocks))
        for block in blocks:
            segment = self._ledger.segments.of(block.n)
            name = block_id(self._facts, segment)
            offered.add(name)
            if name not in known:
                await asyncio.to_thread(board.offer, name, segment)
        stale = {*known, *await asyncio.to_thread(board.markers)} - offered
        for name in sorted(stale):
            await asyncio.to_thread(board.forget, name)
        failpoint("blocks_offered")
        return offered

    def _job(self, source: str) -> SharedJob:
        return SharedJob(
            dataset=self._dataset,
            source=source,
            recipe=self._workspace.recipe.model_dump(mode="json"),
            # With --re-run the models may be others: those of the first worker, which notes them.
            facts=replace(self._facts, models={}) if self._re_run else self._facts,
            re_run=self._re_run,
        )

    async def _take_over_all(self, waiting: set[str]) -> set[str]:
        """Take over what was handed in of the blocks that are waited for; gives which those are."""
        board, taken = self._board, set[str]()
        for name in await asyncio.to_thread(board.markers):
            if name in self._kept:
                continue
            marker = await asyncio.to_thread(board.marker, name)
            if marker is None:
                continue
            if name in waiting:
                try:
                    await self._take_over(marker)
                except _Damaged as why:
                    self._progress.log(
                        f"block {marker.number}, handed in by {marker.worker}, can't be used"
                        f" ({why}); it is decided again"
                    )
                    await asyncio.to_thread(board.discard, marker)
                    continue
                taken.add(name)
                self._sealed += 1
                self._progress.taken_over(
                    self._tally, marker.shard.name, self._sealed, len(self._blocks)
                )
            else:
                self._count_twice(marker)
            await self._clear(marker)
        return taken

    async def _clear(self, marker: Marker) -> None:
        """Delete what was taken over; of a dataset in a bucket only the shard, which it has: the
        ledger that knows the rest may be lost with this machine."""
        if self._mirror:
            self._kept.add(marker.block)
            if marker.shard.sha256:
                name = SHARDS + marker.shard.sha256
                await asyncio.to_thread(self._board.store.delete, name)
            return
        await self._count_later(marker.block)
        await asyncio.to_thread(self._board.forget, marker.block)
        await asyncio.to_thread(self._board.delete_parts, marker)

    async def _count_later(self, block: str) -> None:
        for late in await asyncio.to_thread(self._board.later, block):
            self._count_twice(late)

    async def _take_over(self, marker: Marker) -> None:
        """The shard into the dataset, then what was learnt into the ledger, all or nothing."""
        block, shard, ledger = self._blocks[marker.number], marker.shard, self._ledger
        learnt = await asyncio.to_thread(self._learnt, marker)
        mtime_ns = 0
        if shard != NO_SHARD:
            if shard.name != shard_name(block.split, block.number):
                raise _Damaged(f"its shard is called {shard.name}")
            # Noted before the file is there, so that a kill leaves none that the ledger lacks.
            with ledger.transaction():
                ledger.shards.begin(block.n, shard.name)
            await asyncio.to_thread(self._take, shard)
            stamp = await asyncio.to_thread(self._workspace.shards.stamp, shard.name)
            mtime_ns = stamp.version if stamp else 0
            failpoint("shard_taken_over")
        before = ledger.verdicts.counts_in(block.n)
        with ledger.transaction():
            ledger.segments.learn(learnt)
            account_for_all(ledger)
            # Raised within the transaction, so that nothing of such a block is learnt.
            if ledger.verdicts.undecided_in(block.n):
                raise _Damaged("a part of it is undecided")
            if marker.models != ledger.job.facts().models:
                note_models(marker.models, ledger, self._re_run)
            ledger.shards.record(block.n, shard, mtime_ns)
        failpoint("block_taken_over")
        new = Counter(ledger.verdicts.counts_in(block.n))
        new.subtract(before)
        for status, count in new.items():
            self._tally = self._tally.plus(status, count)
        taken = self._taken
        self._taken = replace(taken, items=taken.items + new.total(), sealed=taken.sealed + 1)

    def _learnt(self, marker: Marker) -> Segment:
        try:
            learnt = self._board.segment(marker.segment)
        except DamagedSegment as error:
            raise _Damaged(str(error)) from None
        if learnt is None:
            raise _Damaged("its segment is gone")
        return learnt

    def _take(self, shard: Shard) -> None:
        try:
            self._workspace.shards.take(self._board.store, SHARDS + shard.sha256, shard)
        except FileNotFoundError:
            raise _Damaged("its shard is gone") from None
        except WrongBytes:
            raise _Damaged("its shard has other bytes") from None

    def _count_twice(self, late: Marker) -> None:
        """A block that was decided by two workers. The grammar writes the same both times."""
        self._taken = replace(self._taken, twice=self._taken.twice + 1)
        first = self._ledger.shards.of(late.number)
        if first and first.sha256 != late.shard.sha256 and self._facts.speaker == "offline":
            self._progress.log(
                f"{first.name} came out with other bytes where {late.worker} decided it as well;"
                " its libraries differ from those of the other workers, or this is a bug"
            )
