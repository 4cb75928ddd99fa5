"""The build: a folder in, shards out. Run it again to go on; run it again to find it done."""

import asyncio
import ctypes
import gc
import os
import shutil
import signal
import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace

from mmusset.errors import MmussetError, Stopped, Unfit, Unread, Unusable, UsageError, first_error
from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.sample import Outcome, Verdict
from mmusset.sources.source import MUSICAL, Source
from mmusset.speakers.asking import Asker

from .apply_marks import apply_marks, revision
from .job import BuildJob, BuildResult
from .ledger.copy import LedgerCopy
from .ledger.file import open_to_read
from .ledger.left_out import MOST_RUNS, REASON
from .ledger.plan import PlannedBlock, PlannedItem
from .manifest import write_manifest
from .media import Media, material_of
from .planning.candidates import Candidates
from .planning.inventory import Inventory, take_inventory
from .planning.plan import freeze
from .planning.provisional import planning
from .planning.retry import retry_failed
from .planning.surveys import MOST_UNREAD_IN_A_ROW, still_reads
from .progress import BuildProgress
from .reply_store import LedgerReplies
from .same_job import check_models, check_recipe
from .seal import Sealer
from .workspace import Workspace, open_workspace, passing_workspace

# Of the last 100 items (and of 20 at least), so many may fail by their speaker's answers.
MOST_FAILING = 0.5
# Who stops a build waits so long at most for calls and decoders; their work is asked for again.
DRAIN_S = 5.0
SPEAKERS_FAULT = {"no usable answer", "refused by the server", "kills the server"}


async def build(job: BuildJob, progress: BuildProgress) -> BuildResult:
    """Do all of the job that is not done yet.

    Raises UsageError, Refused and MmussetError as their names say; OSError where writing
    fails. After any of them the same command goes on.
    """
    entries = job.source.entries(job.out)
    offering = MUSICAL | {"image"} if job.composer else MUSICAL
    if not any(e.unread or (e.kind in offering and not e.skip) for e in entries):
        raise UsageError(f"no music and no video in {job.source}; `mmusset scan` shows what is")
    async with open_workspace(job.source, job.out, job.recipe) as workspace:
        ledger = workspace.ledger
        check_recipe(
            job.recipe, job.speaker.name, job.composer_name, job.agents, ledger, job.re_run
        )
        marked = apply_marks(ledger) if job.apply_marks else 0
        inventory = await take_inventory(workspace, entries, progress.surveyed)
        beyond = "not needed for --accept" if job.quota else "beyond --limit"
        studio = job.studio(workspace)
        if studio:
            most = job.quota.budget if job.quota else job.limit
            inventory = await studio.supply(inventory, most, beyond, progress.composed)
        candidates = _plan(job, workspace, inventory, beyond)
        media = Media(workspace, studio)
        async with LedgerCopy(job.out, ledger, progress.log) as copy:
            result = await Builder(job, workspace, media, progress, candidates).run()
            if not result.interrupted:
                await copy.make()
        refused = len(ledger.marks.refused()) if job.apply_marks else 0
        return replace(result, marked=marked, refused=refused)


def _plan(
    job: BuildJob, workspace: Workspace, inventory: Inventory, beyond: str
) -> Candidates | None:
    """Write the plan into the ledger, all or nothing; gives what it may still grow by."""
    ledger, candidates = workspace.ledger, None
    with planning(ledger) as restore:
        if job.retry_failed:
            ledger.left_out.retry_unread_files()
        if job.quota:
            freeze(inventory, workspace, 0, beyond)
            candidates = Candidates(inventory, workspace, job.quota)
            while candidates.fill():
                restore()  # what was decided before may ask for one more
        else:
            freeze(inventory, workspace, job.limit, beyond)
    failpoint("plan_frozen")
    if job.retry_failed:
        retry_failed(inventory, workspace)
    return candidates


async def replay(job: BuildJob, progress: BuildProgress) -> int:
    """Write every sealed shard again, from the ledger and the source; gives how many.

    Nobody is asked anything. Raises MmussetError where other bytes come out, or where
    there is no dataset.
    """
    with open_to_read(job.out):
        pass
    async with open_workspace(job.source, job.out, job.recipe) as workspace:
        ledger = workspace.ledger
        check_recipe(job.recipe, job.speaker.name, job.composer_name, job.agents, ledger, ())
        sealer = Sealer(workspace, Media(workspace, job.studio(workspace)))
        sealed = [block for block in ledger.plan.blocks() if ledger.shards.of(block.n)]
        for done, block in enumerate(sealed, start=1):
            progress.sealed((await sealer.rewrite(block)).name, done, len(sealed))
        if len(sealed) == len(ledger.plan.blocks()):
            write_manifest(job.out, ledger)
            sealer.remove_replaced()
        return len(sealed)


async def survey_only(source: Source, recipe: Recipe, progress: BuildProgress) -> Inventory:
    """What a build would find, without an output folder."""
    entries = source.entries()
    async with passing_workspace(source, recipe) as workspace:
        return await take_inventory(workspace, entries, progress.surveyed)


class Builder:
    """One run over a frozen plan, which only `candidates` may make grow."""

    def __init__(
        self,
        job: BuildJob,
        workspace: Workspace,
        media: Media,
        progress: BuildProgress,
        candidates: Candidates | None,
    ) -> None:
        self._job = job
        self._ledger = ledger = workspace.ledger
        self._progress = progress
        self._candidates = candidates
        self._media = media
        self._sealer = Sealer(workspace, media)
        self._replies = LedgerReplies(ledger)
        self._blocks = {block.n: block for block in ledger.plan.blocks()}
        self._undecided = {n: ledger.verdicts.undecided_in(n) for n in self._blocks}
        self._last_idx = 0
        self._new = 0
        self._sealed = 0
        self._recent: deque[bool] = deque(maxlen=100)
        self._unread: dict[int, str] = {}
        self._unread_in_a_row = 0
        self._stopping = False
        self._drain = asyncio.timeout(None)

    async def run(self) -> BuildResult:
        """Decide every undecided item, seal every decided block, write the manifest.

        Who asks it to stop waits DRAIN_S at most for what has begun; the rest is done again.
        """
        self._sealer.sweep()
        self._listen_for_stop()
        self._tally = self._ledger.verdicts.tally()
        self._progress.start(self._tally, self._replies.costs)
        try:
            async with asyncio.timeout(None) as self._drain:
                await self._make_whole()
                if self._ledger.verdicts.undecided_count():
                    await self._decide_all()
                    await self._count_the_unread()
                if not self._ledger.verdicts.tally().undecided:
                    await self._finish()
        except* Stopped:
            pass  # the user's wish, before any item was on its way
        except* TimeoutError as errors:
            if not self._drain.expired():
                raise first_error(errors) from None
        except* Exception as errors:  # noqa: BLE001 - all of them are raised again
            raise first_error(errors) from None
        finally:
            self._progress.stop()
        tally = self._ledger.verdicts.tally()
        stopped = self._stopping and (tally.undecided > 0 or self._drain.expired())
        # What is undecided may still be accepted.
        quota = self._job.quota if not tally.undecided else None
        short_by = max(0, quota.accept - tally.accepted) if quota else 0
        upsampled = self._ledger.media.upsampled_count()
        return BuildResult(tally, self._new, self._sealed, stopped, upsampled, short_by)

    async def _finish(self) -> None:
        """Seal what is not sealed yet; the manifest is the last word."""
        await self._seal_the_rest()
        write_manifest(self._job.out, self._ledger)
        self._sealer.remove_replaced()
        shutil.rmtree(self._media.cache, ignore_errors=True)

    async def _decide_all(self) -> None:
        """Enter the speaker, and put as many items on their way as it is worth having there."""
        speaker = self._job.speaker
        # Not before there is something to decide: a second goes by until the agents are loaded.
        self._annotate = self._job.make_graph(Asker(speaker, self._replies), self._job.recipe)
        calm_the_collector()
        use_one_malloc_arena()
        speaker.strikes.update(self._ledger.calls.strikes())
        async with speaker:
            check_models(speaker, self._job.agents, self._ledger, self._job.re_run)
            try:
                async with asyncio.TaskGroup() as group:
                    # Twice as many as there are decoders, so that none waits for an agent.
                    for _ in range(2 * self._job.recipe.limits.workers + speaker.in_flight):
                        group.create_task(self._work())
            finally:
                with self._ledger.transaction():
                    self._ledger.calls.keep_strikes(speaker.strikes)

    async def _make_whole(self) -> None:
        """Seal what was decided before a kill; write again what was damaged since."""
        for block in self._blocks.values():
            if self._ledger.shards.of(block.n) is None:
                await self._seal_if_decided(block)
            elif not self._sealer.is_intact(block, self._job.check):
                await self._sealer.rewrite(block)

    async def _work(self) -> None:
        while not self._stopping and (planned := self._take()):
            try:
                outcome = await self._decide(planned)
            except Stopped:
                return
            except Unread as error:
                await self._leave_undecided(planned, error.why)
                continue
            self._unread_in_a_row = 0
            with self._ledger.transaction():
                self._ledger.verdicts.decide(planned.idx, outcome)
            failpoint("verdict_kept")
            self._new += 1
            if outcome.verdict.status != "accepted":
                self._media.forget(planned.item.key)
            self._tally = self._tally.after(outcome.verdict)
            self._undecided[planned.block] -= 1
            if self._candidates:
                self._grow(self._candidates)
            self._progress.decided(self._tally, planned.item, outcome.verdict)
            self._stop_if_all_fail(outcome.verdict)
            await self._seal_if_decided(self._blocks[planned.block])

    def _grow(self, candidates: Candidates) -> None:
        for block in candidates.fill():
            self._blocks[block.n] = block
            self._undecided[block.n] = self._undecided.get(block.n, 0) + 1
            self._tally = replace(self._tally, undecided=self._tally.undecided + 1)

    def _stop_if_all_fail(self, verdict: Verdict) -> None:
        """Raises MmussetError where the speaker, not the items, is what fails."""
        self._recent.append(verdict.reason in SPEAKERS_FAULT)
        failing = sum(self._recent)
        if len(self._recent) >= 20 and failing > MOST_FAILING * len(self._recent):
            raise MmussetError(
                f"{failing} of the last {len(self._recent)} items failed: {verdict.reason}:"
                f" {verdict.detail}; mend that before more is spent, then run the command again"
            )

    def _take(self) -> PlannedItem | None:
        planned = self._ledger.verdicts.next_undecided(self._last_idx)
        if planned:
            self._last_idx = planned.idx
        return planned

    async def _decide(self, planned: PlannedItem) -> Outcome:
        try:
            prepared = await self._media.ensure(planned)
            picture = self._media.picture(planned.item.key)
            seed = self._job.recipe.speaker.seed
            wish = revision(self._ledger, planned.idx)
            material = material_of(planned.item, prepared, picture, seed, wish)
            return await self._annotate(material)
        except Unread:
            # Who stops the build may have stopped its decoders too.
            if self._stopping:
                raise Stopped from None
            raise
        except Unfit as error:
            return _ended("rejected", error)
        except Unusable as error:
            return _ended("failed", error)

    async def _leave_undecided(self, planned: PlannedItem, why: str) -> None:
        """The next run tries again. Raises MmussetError where nothing can be read any more."""
        name = show_path(planned.item.piece.music.path)
        self._unread[planned.idx] = why
        self._unread_in_a_row += 1
        if self._unread_in_a_row == MOST_UNREAD_IN_A_ROW:
            self._unread_in_a_row = 0
            known = self._ledger.verdicts.first_accepted() or planned.item.piece.music.path
            if await still_reads(self._job.source, known):
                return
            raise MmussetError(
                f"{MOST_UNREAD_IN_A_ROW} items in a row could not be read, the last of them {name}"
                f" ({why}); mend that and run the same command again"
            )
        self._progress.log(f"{name} could not be read ({why}); it stays undecided")

    async def _count_the_unread(self) -> None:
        """Note what this run could not read; what several runs could not read has failed."""
        if self._stopping:
            return
        given_up = []
        with self._ledger.transaction():
            for idx, why in sorted(self._unread.items()):
                if self._ledger.left_out.count_unread_item(idx, why) >= MOST_RUNS:
                    self._ledger.verdicts.decide(idx, _ended("failed", Unusable(REASON, why)))
                    given_up.append(idx)
        for block in self._blocks.values():
            self._undecided[block.n] = self._ledger.verdicts.undecided_in(block.n)
            if given_up and self._ledger.shards.of(block.n) is None:
                await self._seal_if_decided(block)

    async def _seal_if_decided(self, block: PlannedBlock) -> None:
        """Seal a block once: a plan that may still grow holds those open that have room."""
        if self._undecided[block.n] or block.provisional:
            return
        if (
            self._candidates
            and self._ledger.plan.size_of(block.n) < self._job.recipe.limits.block_size
        ):
            return
        await self._seal(block)

    async def _seal_the_rest(self) -> None:
        for block in self._blocks.values():
            if self._ledger.shards.of(block.n) is None:
                await self._seal(block)

    async def _seal(self, block: PlannedBlock) -> None:
        shard = await self._sealer.seal(block)
        self._sealed += 1
        sealed = sum(1 for b in self._blocks if self._ledger.shards.of(b))
        self._progress.sealed(shard.name, sealed, len(self._blocks))

    def _listen_for_stop(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # signals reach the main thread alone, which is a notebook's here
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if self._stopping:
                # Asked twice: leave now. The ledger is whole at any moment.
                self._progress.stop()
                os._exit(130)
            self._stopping = True
            self._job.speaker.stop()
            with suppress(RuntimeError):  # all is done already
                self._drain.reschedule(loop.time() + DRAIN_S)
            self._progress.stopping()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)


def calm_the_collector() -> None:
    """What is loaded by now stays: to look at it again and again took a seventh of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def use_one_malloc_arena() -> None:
    """Keep a long build's memory flat, where the C library is glibc; elsewhere, do nothing.

    glibc gives each thread a heap of its own and returns little of it: with the threads that write
    shards and copy the ledger, a build of 20,000 items grew by 30 MB; with one heap nothing grows.
    Sharing it costs no time, since Python runs one thread at a time anyway.
    """
    arena_max = -8  # M_ARENA_MAX in malloc.h
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(arena_max, 1)


def _ended(status: str, error: Unusable) -> Outcome:
    verdict = Verdict.model_validate(
        {"status": status, "reason": error.reason, "detail": error.detail}
    )
    return Outcome(verdict=verdict, caption=None, story=None, turns=())
