"""Every file of a source read once for what it says of itself; the ledger keeps it."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from mmusset.builder.decoding.tasks import Survey
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.workspace import Workspace
from mmusset.errors import MmussetError, Unread, Unusable, first_error
from mmusset.safe_text import show_path
from mmusset.sources.source import Entry, Source, rights_kind

# Surveys per commit: after a kill, at most so many files are read again.
BATCH = 64
# After so many in a row that can't be read, one that could be is tried: is it the whole source?
MOST_UNREAD_IN_A_ROW = 10
Step = Callable[[int, int], None]


@dataclass(slots=True)
class Surveys:
    """Which files of a source could be read, and why the others say nothing, by path.

    `unusable` are reasons and details of files that are at fault themselves, `unread` what kept
    the machine from reading one. `count` is how many were read, `last` the path of the last of
    them. What they say of themselves the ledger keeps. Where they were only `glanced` at, nothing
    was decoded.
    """

    unusable: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    unread: dict[bytes, str] = field(default_factory=dict)
    count: int = 0
    last: bytes | None = None
    glanced: bool = False

    def count_read(self, path: bytes) -> None:
        """One more could be read."""
        self.count += 1
        self.last = path

    def read(self, entries: Iterable[Entry], ledger: Ledger) -> dict[bytes, Survey]:
        """What those of these files that could be read say of themselves, by path."""
        known = (
            (entry.path, ledger.media.survey(entry.path, entry.size, entry.mtime_ns))
            for entry in entries
            if entry.path not in self.unusable and entry.path not in self.unread
        )
        return {path: survey for path, survey in known if survey}


async def survey_all(
    workspace: Workspace, entries: Iterable[Entry], total: int, step: Step, glance: bool = False
) -> Surveys:
    """Read the entries that the ledger does not know as they are now, or `glance` at them.

    `step(done, total)` is called as files are read. Raises MmussetError where the source has
    gone, or where nothing of it can be read any more.
    """
    surveys = Surveys(glanced=glance)
    await _Surveyor(workspace, surveys, hash_whole=not glance).survey_all(entries, total, step)
    return surveys


async def tell_apart(
    workspace: Workspace, entries: Iterable[Entry], surveys: Surveys, step: Step
) -> None:
    """Hash all bytes of those entries that a glance can't tell from one another.

    Raises as `survey_all` does.
    """
    same = workspace.ledger.media.paths_of_same_hash()
    surveyor = _Surveyor(workspace, surveys, hash_whole=True)
    await surveyor.survey_all((e for e in entries if e.path in same), len(same), step)


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
    def __init__(self, workspace: Workspace, surveys: Surveys, hash_whole: bool) -> None:
        self._workspace = workspace
        self._hash_whole = hash_whole
        self._unread_in_a_row = 0
        self._read: list[tuple[Entry, Survey]] = []  # not kept yet
        self._surveys = surveys

    async def survey_all(self, entries: Iterable[Entry], total: int, step: Step) -> None:
        """Read entries and keep what they say, batch by batch."""
        if total:
            step(0, total)  # the pace counts from here
        left, done = iter(entries), 0
        while batch := list(islice(left, BATCH)):
            try:
                async with asyncio.TaskGroup() as group:
                    for entry in batch:
                        group.create_task(self._survey(entry))
            except BaseExceptionGroup as errors:
                raise first_error(errors) from None
            self._keep()
            done += len(batch)
            step(done, total)

    async def _survey(self, entry: Entry) -> None:
        work, surveys = self._workspace, self._surveys
        known = work.ledger.media
        if not surveys.glanced and known.is_surveyed(entry.path, entry.size, entry.mtime_ns):
            surveys.count_read(entry.path)
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
                    surveys.glanced,
                    self._hash_whole,
                )
            self._read.append((entry, survey))
            surveys.count_read(entry.path)
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
        if not await still_reads(source, self._surveys.last):
            raise nothing_read(source, {entry.path: why})

    def _keep(self) -> None:
        if not self._read:
            return
        ledger = self._workspace.ledger
        with ledger.transaction():
            for entry, survey in self._read:
                ledger.media.keep_survey(entry.path, entry.size, entry.mtime_ns, survey)
        self._read.clear()
