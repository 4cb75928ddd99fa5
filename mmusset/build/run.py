"""The build: a folder in, shards out. Run it again to go on; run it again to find it done."""

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from mmusset.errors import Refused, Unfit, Unusable, UsageError
from mmusset.recipe import Recipe, differences
from mmusset.sample import Material, Outcome, Verdict
from mmusset.shards.durable import failpoint
from mmusset.sources.walk import MUSICAL, walk
from mmusset.speakers.base import Speaker

from .ledger import Block, Ledger, PlannedItem, Tally
from .ledger_file import open_to_write
from .manifest import versions, write_manifest
from .media import Media
from .plan import Found, freeze, look
from .progress import Progress
from .recorded import RecordedSpeaker
from .sandbox import Sandbox
from .seal import Sealer

Annotate = Callable[[Material], Awaitable[Outcome]]
MakeGraph = Callable[[Speaker, Recipe], Annotate]


@dataclass(frozen=True, slots=True)
class Job:
    """What to build, from what, with whom. `make_graph` gives the agents their speaker."""

    source: Path
    out: Path
    recipe: Recipe
    speaker: Speaker
    make_graph: MakeGraph
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a build ended. `new` counts the items that this run decided."""

    tally: Tally
    new: int
    interrupted: bool
    upsampled: int

    @property
    def exit_code(self) -> int:
        if self.interrupted:
            return 130
        return 4 if self.tally.failed else 0


async def build(job: Job, progress: Progress) -> Result:
    """Do all of the job that is not done yet.

    Raises UsageError, Refused and MmussetError as their names say; OSError and
    sqlite3.Error where writing fails. After any of them the same command goes on.
    """
    entries = walk(job.source)
    if not any(entry.kind in MUSICAL and not entry.skip for entry in entries):
        raise UsageError(f"no music and no video in {job.source}; `mmusset scan` shows what is")
    ledger = open_to_write(job.out)
    try:
        async with Sandbox(job.recipe.limits) as sandbox:
            _check_same_job(job, ledger)
            found = await look(job.source, entries, job.recipe, sandbox, ledger, progress.surveyed)
            freeze(found, job.recipe, ledger, job.limit)
            return await Builder(job, ledger, sandbox, progress).run()
    finally:
        ledger.close()


async def replay(job: Job, progress: Progress) -> int:
    """Write every sealed shard again, from the ledger and the source; gives how many.

    Nobody is asked anything. Raises MmussetError where other bytes come out.
    """
    ledger = open_to_write(job.out)
    try:
        async with Sandbox(job.recipe.limits) as sandbox:
            _check_same_job(job, ledger)
            media = Media(job.source, job.out, job.recipe, ledger, sandbox)
            sealer = Sealer(job.out, job.recipe, ledger, media)
            sealed = [block for block in ledger.blocks() if ledger.shard(block.n)]
            for done, block in enumerate(sealed, start=1):
                progress.sealed((await sealer.rewrite(block)).name, done, len(sealed))
            write_manifest(job.out, ledger)
            return len(sealed)
    finally:
        ledger.close()


async def survey_only(source: Path, recipe: Recipe, progress: Progress) -> Found:
    """What a build would find, without an output folder."""
    async with Sandbox(recipe.limits) as sandbox:
        return await look(source, walk(source), recipe, sandbox, None, progress.surveyed)


class Builder:
    """One run over a frozen plan."""

    def __init__(self, job: Job, ledger: Ledger, sandbox: Sandbox, progress: Progress) -> None:
        self._job = job
        self._ledger = ledger
        self._progress = progress
        self._media = Media(job.source, job.out, job.recipe, ledger, sandbox)
        self._sealer = Sealer(job.out, job.recipe, ledger, self._media)
        self._annotate = job.make_graph(RecordedSpeaker(job.speaker, ledger), job.recipe)
        self._blocks = {block.n: block for block in ledger.blocks()}
        self._undecided = {n: ledger.undecided_in(n) for n in self._blocks}
        self._last_idx = 0
        self._new = 0
        self._stopping = False

    async def run(self) -> Result:
        """Decide every undecided item, seal every decided block, write the manifest."""
        self._sealer.sweep()
        self._listen_for_stop()
        self._tally = self._ledger.tally()
        self._progress.start(self._tally)
        try:
            await self._make_whole()
            async with asyncio.TaskGroup() as group:
                # Twice as many as there are decoders, so that none waits for an agent.
                for _ in range(2 * self._job.recipe.limits.workers):
                    group.create_task(self._work())
        except* Exception as errors:  # noqa: BLE001 - all of them are raised again
            raise _first(errors) from None
        finally:
            self._progress.stop()
        tally = self._ledger.tally()
        if not tally.pending:
            write_manifest(self._job.out, self._ledger)
            shutil.rmtree(self._media.cache, ignore_errors=True)
        stopped = self._stopping and tally.pending > 0
        return Result(tally, self._new, stopped, self._ledger.upsampled())

    async def _make_whole(self) -> None:
        """Seal what was decided before a kill; write again what was damaged since."""
        for block in self._blocks.values():
            if self._undecided[block.n]:
                continue
            if self._ledger.shard(block.n) is None:
                await self._seal(block)
            elif not self._sealer.is_intact(block):
                await self._sealer.rewrite(block)

    async def _work(self) -> None:
        while not self._stopping and (planned := self._take()):
            outcome = await self._decide(planned)
            with self._ledger.transaction():
                self._ledger.decide(planned.idx, outcome)
            failpoint("verdict_kept")
            self._new += 1
            if outcome.verdict.status != "accepted":
                self._media.forget(planned.item.key)
            self._tally = self._tally.after(outcome.verdict)
            self._progress.decided(self._tally, planned.item, outcome.verdict)
            self._undecided[planned.block] -= 1
            if not self._undecided[planned.block]:
                await self._seal(self._blocks[planned.block])

    def _take(self) -> PlannedItem | None:
        planned = self._ledger.next_undecided(self._last_idx)
        if planned:
            self._last_idx = planned.idx
        return planned

    async def _decide(self, planned: PlannedItem) -> Outcome:
        try:
            prepared = await self._media.prepare(planned)
            material = Material(
                key=planned.item.key,
                seed=self._job.recipe.speaker.seed,
                music=prepared.music_evidence,
                image=prepared.image_evidence,
                image_sha256=prepared.image.sha256,
                tags=planned.item.tags,
                given_story=prepared.story,
            )
            return await self._annotate(material)
        except Unfit as error:
            return _ended("rejected", error)
        except Unusable as error:
            return _ended("failed", error)

    async def _seal(self, block: Block) -> None:
        shard = await self._sealer.seal(block)
        sealed = sum(1 for b in self._blocks if self._ledger.shard(b))
        self._progress.sealed(shard.name, sealed, len(self._blocks))

    def _listen_for_stop(self) -> None:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if self._stopping:
                # Asked twice: leave now. The ledger is whole at any moment.
                self._progress.stop()
                os._exit(130)
            self._stopping = True
            self._progress.stopping()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)


def _check_same_job(job: Job, ledger: Ledger) -> None:
    """Refuse to go on with another recipe, source, speaker or prompts; note them the first time."""
    now = versions(job.speaker)
    before = ledger.meta("recipe")
    if before is None:
        with ledger.transaction():
            ledger.set_meta("recipe", job.recipe.canonical())
            for name, value in now.items():
                ledger.set_meta(name, value)
        failpoint("job_noted")
        return
    changes = differences(before, job.recipe.canonical())
    changes += [
        f"{name}: {ledger.meta(name)} -> {value}"
        for name, value in now.items()
        if ledger.meta(name) != value
    ]
    if changes:
        raise Refused(
            f"{job.out} was begun with other settings ({'; '.join(changes)});"
            " use them again, or build into a new --out"
        )


def _ended(status: str, error: Unusable) -> Outcome:
    verdict = Verdict.model_validate(
        {"status": status, "reason": error.reason, "detail": error.detail}
    )
    return Outcome(verdict=verdict, caption=None, story=None, turns=())


def _first(group: BaseExceptionGroup) -> BaseException:
    """The first plain error of a group: the rest follow from it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
