"""One run over a frozen plan: decide, seal, and stop cleanly when told to."""

import asyncio
import os
import shutil
import signal
import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace

from mmusset.errors import MmussetError, Stopped, Unfit, Unread, Unusable, first_error
from mmusset.files import failpoint
from mmusset.safe_text import show_path
from mmusset.sample import Outcome, Revision, Verdict
from mmusset.sample_parts.piece import Item
from mmusset.sample_parts.turns import Turn
from mmusset.sources.remote import RemoteSource
from mmusset.speakers.asking import Asker

from .apply_marks import revision
from .fitness import check_quality
from .job import BuildJob, BuildResult
from .ledger.left_out import MOST_RUNS, REASON
from .ledger.plan import PlannedBlock, PlannedItem
from .manifest import write_manifest
from .media import Media, fit_by, material_of
from .next_match import Tried, choices_of, keep_tried
from .planning.candidates import Candidates
from .planning.surveys import MOST_UNREAD_IN_A_ROW, still_reads
from .process import calm_the_collector, use_one_malloc_arena
from .progress import BuildProgress
from .reply_store import LedgerReplies
from .same_job import check_models
from .seal import Sealer
from .workspace import Workspace

# Of the last 100 items (and of 20 at least), this share may fail because of the speaker's replies.
MOST_FAILING = 0.5
# How long a build that is stopped waits for calls and decoders in flight; the next run repeats
# what they did not finish.
DRAIN_S = 5.0
# Of one piece: where there are more, another decoder may as well begin it too.
MOST_CLIPS_AT_ONCE = 8
SPEAKERS_FAULT = {"no usable answer", "refused by the server", "kills the server"}


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
        self._source = workspace.source
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

        After SIGINT or SIGTERM it waits at most DRAIN_S for what is in flight.
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
            pass  # by the user, before any item was begun
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
        """Enter the speaker, and work on as many items at once as it makes use of."""
        speaker = self._job.speaker
        # Not before there is something to decide: loading the agents takes a second.
        self._asker = Asker(speaker, self._replies, fit_by(self._job.eye, self._media))
        self._asker.left = self._tally.undecided
        self._annotate = self._job.make_graph(self._asker, self._job.recipe)
        calm_the_collector()
        use_one_malloc_arena()
        speaker.strikes.update(self._ledger.calls.strikes())
        async with speaker:
            check_models(speaker, self._job.agents, self._ledger, self._job.re_run)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(self._decoded_at_once() + speaker.in_flight):
                        group.create_task(self._work())
            finally:
                with self._ledger.transaction():
                    self._ledger.calls.keep_strikes(speaker.strikes)

    def _decoded_at_once(self) -> int:
        """Twice as many pieces as there are decoders, so that none waits for an agent; with all
        their clips, or a decoder without a piece of its own would hear another's again. But files
        from elsewhere are fetched before a decoder is free: as few of them as can be."""
        recipe, is_remote = self._job.recipe, isinstance(self._source, RemoteSource)
        clips = 1 if is_remote else min(recipe.clip.per_track, MOST_CLIPS_AT_ONCE)
        return 2 * recipe.limits.workers * clips

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
                outcome, tried = await self._decide(planned)
            except Stopped:
                return
            except Unread as error:
                await self._leave_undecided(planned, error.why)
                continue
            self._unread_in_a_row = 0
            with self._ledger.quick_transaction():
                if tried:
                    keep_tried(self._ledger, planned, tried)
                self._ledger.media.keep_heard(planned.idx, outcome.heard)
                self._ledger.verdicts.decide(planned.idx, outcome)
            failpoint("verdict_kept")
            await self._ledger.on_disk()
            self._new += 1
            if outcome.verdict.status != "accepted":
                self._media.forget(planned.item.key)
            self._tally = self._tally.after(outcome.verdict)
            self._asker.left = self._tally.undecided
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
                f" {verdict.detail}; fix that before more is spent, then run the command again"
            )

    def _take(self) -> PlannedItem | None:
        planned = self._ledger.verdicts.next_undecided(self._last_idx)
        if planned:
            self._last_idx = planned.idx
        return planned

    async def _decide(self, planned: PlannedItem) -> tuple[Outcome, Tried | None]:
        """What becomes of an item, and with which picture where it is not the one that is planned.

        Whatever an earlier run came to, it begins with the best.
        """
        try:
            if asked_for := revision(self._ledger, planned.idx):
                return await self._annotated(await self._tried(planned), asked_for), None
            outcome, tried = None, None
            choices = choices_of(self._ledger, planned.item)
            for left, item in reversed(list(enumerate(reversed(choices)))):
                if outcome and not outcome.asks_for_another:
                    break
                tried = await self._tried(planned, item)
                earlier = outcome.turns if outcome else ()
                outcome = await self._annotated(tried, None, left, earlier)
            assert outcome and tried
            return outcome, tried if tried.item != planned.item else None
        except Unread:
            # SIGTERM to all processes of a service ends the decoders too: no fault of the file.
            if self._stopping:
                raise Stopped from None
            raise
        except Unfit as error:
            return _ended("rejected", error), None
        except Unusable as error:
            return _ended("failed", error), None

    async def _tried(self, planned: PlannedItem, item: Item | None = None) -> Tried:
        """An item with its media as they are planned, or with another picture."""
        if item is None or item == planned.item:
            prepared = await self._media.ensure(planned)
        else:
            prepared = await self._media.listened(item)
        check_quality(prepared.media.quality, self._job.recipe.quality)
        return Tried(item or planned.item, prepared)

    async def _annotated(
        self,
        tried: Tried,
        asked_for: Revision | None,
        others: int = 0,
        earlier: tuple[Turn, ...] = (),
    ) -> Outcome:
        seed = self._job.recipe.speaker.seed
        material = material_of(
            tried.item, tried.prepared, self._media, seed, asked_for, others, earlier
        )
        return await self._annotate(material)

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
                f" ({why}); fix that and run the same command again"
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
                # The second signal: leave now. The ledger is whole at any moment.
                self._progress.stop()
                os._exit(130)
            self._stopping = True
            self._job.speaker.stop()
            with suppress(RuntimeError):  # all is done already
                self._drain.reschedule(loop.time() + DRAIN_S)
            self._progress.stopping()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)


def _ended(status: str, error: Unusable) -> Outcome:
    verdict = Verdict.model_validate(
        {"status": status, "reason": error.reason, "detail": error.detail}
    )
    return Outcome(verdict=verdict, caption=None, story=None, turns=())
