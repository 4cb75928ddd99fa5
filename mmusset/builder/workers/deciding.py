"""One block decided and sealed on this machine's disk, by the code that builds a whole dataset."""

from dataclasses import dataclass, replace
from pathlib import Path

from mmusset.builder.builder import Builder
from mmusset.builder.job import BuildJob
from mmusset.builder.ledger.segment import Segment
from mmusset.builder.media import Media
from mmusset.builder.progress import BuildProgress
from mmusset.builder.same_job import check_recipe
from mmusset.builder.workspace import open_workspace
from mmusset.shards.tar import Shard

from .board import SharedJob


@dataclass(frozen=True, slots=True)
class DecidedBlock:
    """What became of a block: what was learnt of it, and its shard once all of it is decided.

    Where it is not, the user stopped the build, something could not be read, or `error` ended it.
    """

    learnt: Segment
    shard: Shard | None
    is_interrupted: bool = False
    error: Exception | None = None


class BlockProgress(BuildProgress):
    """What a worker shows of one block: that it is sealed here is not yet worth a line."""

    def sealed(self, name: str, done: int, total: int) -> None:
        """Nothing: a block counts when it is handed in."""


async def decide(
    out: Path, job: BuildJob, shared: SharedJob, known: Segment, progress: BuildProgress
) -> DecidedBlock:
    """Build the dataset `out` of one block, of which so much is known.

    Raises Refused where this process would build otherwise than the job says.
    """
    job = replace(job, out=out)
    async with open_workspace(job.source, out, job.recipe) as workspace:
        ledger = workspace.ledger
        with ledger.transaction():
            ledger.job.note(shared.facts)
            ledger.segments.begin_with(known)
        check_recipe(job.recipe, job.speaker.name, "", job.agents, ledger, (), job.eye)
        (block,) = ledger.plan.blocks()
        is_interrupted, raised = False, None
        try:
            result = await Builder(job, workspace, Media(workspace), progress, None).run()
            is_interrupted = result.interrupted
        except Exception as error:  # noqa: BLE001 - who hands over what was learnt raises it again
            raised = error
        learnt, shard = ledger.segments.of(block.n), ledger.shards.of(block.n)
        return DecidedBlock(learnt, shard, is_interrupted, raised)
