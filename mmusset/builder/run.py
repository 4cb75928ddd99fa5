"""The build: a source in, shards out. Run it again to go on; run it again to find it done."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from mmusset.errors import UsageError
from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.scores.synthesis import check_plays
from mmusset.sources.choose import address_of
from mmusset.sources.source import MUSICAL, Source

from .apply_marks import apply_marks
from .builder import Builder
from .carried_words import carry, words_in
from .job import BuildJob, BuildResult
from .ledger.copy import LedgerCopy
from .ledger.file import open_to_read
from .manifest import write_manifest
from .media import Media
from .planning.candidates import Candidates
from .planning.inventory import MOST_DECODED, Inventory, take_inventory, without_removed
from .planning.plan import freeze
from .planning.provisional import planning
from .planning.retry import retry_failed
from .planning.spool import Spool
from .progress import BuildProgress
from .reasons import commonest
from .same_job import check_recipe
from .seal import Sealer
from .workers.driver import Driver, TakenOver
from .workers.sharing import board_of
from .workspace import Workspace, open_workspace, passing_workspace


async def build(job: BuildJob, progress: BuildProgress) -> BuildResult:
    """Do all of the job that is not done yet.

    Raises UsageError, Refused and MmussetError as their names say; OSError where writing
    fails. After any of them the same command goes on.
    """
    if job.sharing and (job.composer or job.quota):
        raise UsageError(
            "--accept and music.from: generate decide one by one what comes next: such a build has"
            " no workers; leave --engine out"
        )
    if job.sample is not None and (job.composer or job.quota or job.limit is not None):
        raise UsageError("--sample excludes --limit, --accept and music.from: generate")
    words = words_in(job.words_from, job.out) if job.words_from else []
    entries = Spool(job.source.entries(job.out))
    offering = MUSICAL | {"image"} if job.composer else MUSICAL
    if job.recipe.scores.soundfont:
        check_plays(Path(job.recipe.scores.soundfont))
        offering |= {"score"}
    if not any(e.unread or (e.kind in offering and not e.skip) for e in entries):
        why = commonest(Counter(e.skip for e in entries if e.skip))
        is_mostly = f", but {why}" if why else ""
        raise UsageError(
            f"no music and no video in {job.source}{is_mostly}; `mmusset scan` shows what is"
        )
    async with open_workspace(job.source, job.out, job.recipe) as workspace:
        ledger = workspace.ledger
        check_recipe(
            job.recipe,
            job.speaker.name,
            job.composer_name,
            job.agents,
            ledger,
            job.re_run,
            job.eye,
            job.model_licences,
        )
        with ledger.transaction():
            ledger.job.note_source(address_of(job.source))
        marked = apply_marks(ledger) if job.apply_marks else 0
        inventory = await take_inventory(workspace, entries, progress.surveyed, progress.matched)
        beyond = "beyond --limit" if job.sample is None else "beyond --sample"
        beyond = "not needed for --accept" if job.quota else beyond
        studio = job.studio(workspace)
        if studio:
            most = job.quota.budget if job.quota else job.limit
            inventory = await studio.supply(inventory, most, beyond, progress.composed)
        inventory = without_removed(inventory, ledger)
        candidates = _plan(job, workspace, inventory, beyond)
        carried = carry(ledger, words, job.words_from) if job.words_from else None
        media = Media(workspace, studio)
        async with LedgerCopy(job.out, ledger, progress.log) as copy:
            shared = await _shared(job, workspace, progress)
            result = await Builder(job, workspace, media, progress, candidates).run()
            result = replace(
                result, new=result.new + shared.items, sealed=result.sealed + shared.sealed
            )
            if not result.interrupted:
                await copy.make()
        refused = len(ledger.marks.refused()) if job.apply_marks else 0
        return replace(result, marked=marked, refused=refused, words=carried)


async def _shared(job: BuildJob, workspace: Workspace, progress: BuildProgress) -> TakenOver:
    """Have workers decide what is undecided, where the job says so. What they have handed in is
    taken over in any case."""
    board = job.sharing.board if job.sharing else board_of(job.out)
    driver = Driver(workspace, board, job.re_run, progress)
    if job.sharing:
        return await driver.run(job.sharing)
    return await driver.collect()


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
            most = job.limit if job.sample is None else job.sample
            freeze(inventory, workspace, most, beyond, at_random=job.sample is not None)
    failpoint("plan_frozen")
    if job.retry_failed:
        retry_failed(inventory, workspace)
    return candidates


async def replay(job: BuildJob, progress: BuildProgress) -> int:
    """Write every sealed shard again, from the ledger and the source; gives how many.

    No speaker is called. Raises MmussetError where other bytes come out, or where
    there is no dataset.
    """
    with open_to_read(job.out):
        pass
    async with open_workspace(job.source, job.out, job.recipe) as workspace:
        ledger = workspace.ledger
        check_recipe(
            job.recipe, job.speaker.name, job.composer_name, job.agents, ledger, (), job.eye
        )
        sealer = Sealer(workspace, Media(workspace, job.studio(workspace)))
        sealed = [block for block in ledger.plan.blocks() if ledger.shards.of(block.n)]
        for done, block in enumerate(sealed, start=1):
            progress.sealed((await sealer.rewrite(block)).name, done, len(sealed))
        if len(sealed) == len(ledger.plan.blocks()):
            write_manifest(job.out, ledger)
            sealer.remove_replaced()
        return len(sealed)


async def survey_only(source: Source, recipe: Recipe, progress: BuildProgress) -> Inventory:
    """What a build would find, without an output folder; of many files, what a glance tells."""
    entries = source.entries()
    async with passing_workspace(source, recipe) as workspace:
        return await take_inventory(
            workspace, entries, progress.surveyed, progress.matched, MOST_DECODED
        )
