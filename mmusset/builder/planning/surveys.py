"""Every file of a source read once for what it says of itself; the ledger keeps it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mmusset.builder.decoding.tasks import Survey
from mmusset.builder.workspace import Workspace
from mmusset.errors import MmussetError, Unread, Unusable, first_error
from mmusset.safe_text import show_path
from mmusset.sources.source import Entry, Source, rights_kind

# Surveys per commit: after a kill, at most so many files are read again.
BATCH = 64
# After so many in a row that can't be read, one that could be is tried: is it the whole source?
MOST_UNREAD_IN_A_ROW = 10
Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Surveys:
    """What the files of a source say of themselves, and why the others say nothing, by path.

    `unusable` are reasons and details of files that are at fault themselves, `unread` what kept
    the machine from reading one.
    """

    read: dict[bytes, Survey] = field(default_factory=dict)
    unusable: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    unread: dict[bytes, str] = field(default_factory=dict)


async def survey_all(workspace: Workspace, entries: Sequence[Entry], step: Step) -> Surveys:
    """Read the entries that the ledger does not know as they are now.

    `step(done, total)` is called as files are read. Raises MmussetError where the source has
    gone, or where nothing of it can be read any more.
    """
    surveyor = _Surveyor(workspace)
    if entries:
        step(0, len(entries))  # the pace counts from here
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        try:
            async with asyncio.TaskGroup() as group:
                for entry in batch:
                    group.create_task(surveyor.survey(entry))
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        surveyor.keep(batch)
        step(start + len(batch), len(entries))
    return surveyor.surveys


async def still_reads(source: Source, path: bytes | None) -> bool:
    """Whether a file of the source that could be read before can be read now."""
    if path is None:
        return False
    try:
        async with source.open(path) as local:
            with local.open("rb") as file:
                return bool(file.read(1))
    except (OSError, Unread, Unusable):
        return False


def nothing_read(source: Source, unread: dict[bytes, str]) -> MmussetError:
    """The error to raise where no file of a source could be read."""
    path, why = next(iter(unread.items()))
    return MmussetError(
        f"nothing in {source} could be read ({show_path(path)}: {why}); fix that and run the same"
        " command again"
    )


class _Surveyor:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._unread_in_a_row = 0
        self.surveys = Surveys()

    async def survey(self, entry: Entry) -> None:
        work, surveys = self._workspace, self.surveys
        known = work.ledger.media.survey(entry.path, entry.size, entry.mtime_ns)
        if known:
            surveys.read[entry.path] = known
            return
        try:
            async with work.source.open(entry.path) as file:
                image, scores = work.recipe.image, work.recipe.scores
                says = rights_kind(entry.path)
                survey = await work.sandbox.survey(
                    file,
                    entry.kind,
                    image.max_side_px,
                    image.min_side_px,
                    entry.row.stretch,
                    says,
                    scores.soundfont,
                )
            surveys.read[entry.path] = survey
        except Unusable as error:
            work.source.check()
            surveys.unusable[entry.path] = (error.reason, error.detail)
        except Unread as error:
            work.source.check()
            surveys.unread[entry.path] = error.why
            await self._count_unread(entry, error.why)
            return
        self._unread_in_a_row = 0

    async def _count_unread(self, entry: Entry, why: str) -> None:
        self._unread_in_a_row += 1
        if self._unread_in_a_row < MOST_UNREAD_IN_A_ROW:
            return
        self._unread_in_a_row = 0
        source = self._workspace.source
        if not await still_reads(source, next(reversed(self.surveys.read), None)):
            raise nothing_read(source, {entry.path: why})

    def keep(self, batch: Sequence[Entry]) -> None:
        """Keep what the files of a batch said."""
        ledger = self._workspace.ledger
        with ledger.transaction():
            for entry in batch:
                if survey := self.surveys.read.get(entry.path):
                    ledger.media.keep_survey(entry.path, entry.size, entry.mtime_ns, survey)
                    # The ledger holds it now: in memory it would be most of what is read.
                    self.surveys.read[entry.path] = survey.without_fingerprint()
