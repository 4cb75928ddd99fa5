"""Every file of a source read once for what it says of itself; the ledger keeps it."""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from mmusset.builder.decoding.tasks import Survey, Surveyed, SurveyTask
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.workspace import Workspace
from mmusset.errors import MmussetError, Unread, Unusable, first_error
from mmusset.safe_text import show_path
from mmusset.sources.remote import RemoteSource
from mmusset.sources.source import Entry, Source, rights_kind

# Surveys per commit, or more where many decoders share them: after a kill, at most so many files
# are read again.
BATCH = 64
# Files that one decoder is asked to glance at by one message, which costs as much as a glance.
GLANCES = 16
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
        self._source = source = workspace.source
        # What is read whole takes long enough, and a decoder's time limit is for one such file;
        # what is elsewhere is fetched side by side.
        self._at_once = 1 if hash_whole or isinstance(source, RemoteSource) else GLANCES
        self._batch = max(BATCH, self._at_once * workspace.recipe.limits.workers)
        self._hash_whole = hash_whole
        self._unread_in_a_row = 0
        self._read: list[tuple[Entry, Survey]] = []  # not kept yet
        self._surveys = surveys

    async def survey_all(self, entries: Iterable[Entry], total: int, step: Step) -> None:
        """Read entries and keep what they say, batch by batch."""
        if total:
            step(0, total)  # the pace counts from here
        left, done = iter(entries), 0
        while batch := list(islice(left, self._batch)):
            try:
                async with asyncio.TaskGroup() as group:
                    for start in range(0, len(batch), self._at_once):
                        group.create_task(self._survey(batch[start : start + self._at_once]))
            except BaseExceptionGroup as errors:
                raise first_error(errors) from None
            self._keep()
            done += len(batch)
            step(done, total)

    async def _survey(self, entries: Sequence[Entry]) -> None:
        """Read some entries, by one decoder."""
        asked: list[tuple[Entry, SurveyTask]] = []
        async with AsyncExitStack() as opened:
            for entry in entries:
                if self._is_known(entry):
                    self._surveys.count_read(entry.path)
                    continue
                try:
                    file = await opened.enter_async_context(self._source.open(entry.path))
                    asked.append((entry, self._task(entry, file)))
                except Unusable as error:
                    await self._note(entry, Surveyed(unusable=(error.reason, error.detail)))
                except Unread as error:
                    await self._note(entry, Surveyed(unread=error.why))
            tasks = [task for _, task in asked]
            found = await self._workspace.sandbox.survey_all(tasks) if tasks else ()
        for (entry, _), surveyed in zip(asked, found, strict=True):
            await self._note(entry, surveyed)

    def _is_known(self, entry: Entry) -> bool:
        known = self._workspace.ledger.media
        glanced = self._surveys.glanced
        return not glanced and known.is_surveyed(entry.path, entry.size, entry.mtime_ns)

    def _task(self, entry: Entry, file: Path) -> SurveyTask:
        recipe = self._workspace.recipe
        return SurveyTask(
            file=os.fsencode(file),
            kind=entry.kind,
            rights=rights_kind(entry.path),
            max_side_px=recipe.image.max_side_px,
            min_side_px=recipe.image.min_side_px,
            stretch=entry.row.stretch,
            soundfont=os.fsencode(recipe.scores.soundfont),
            glance=self._surveys.glanced,
            hash_whole=self._hash_whole,
        )

    async def _note(self, entry: Entry, surveyed: Surveyed) -> None:
        """Keep what an entry says of itself, or why it says nothing."""
        surveys = self._surveys
        if surveyed.survey:
            self._read.append((entry, surveyed.survey))
            surveys.count_read(entry.path)
        else:
            self._source.check()
        if surveyed.unusable:
            surveys.unusable[entry.path] = surveyed.unusable
        if surveyed.unread:
            surveys.unread[entry.path] = surveyed.unread
            await self._count_unread(entry, surveyed.unread)
        else:
            self._unread_in_a_row = 0

    async def _count_unread(self, entry: Entry, why: str) -> None:
        self._unread_in_a_row += 1
        if self._unread_in_a_row < MOST_UNREAD_IN_A_ROW:
            return
        self._unread_in_a_row = 0
        if not await still_reads(self._source, self._surveys.last):
            raise nothing_read(self._source, {entry.path: why})

    def _keep(self) -> None:
        if not self._read:
            return
        ledger = self._workspace.ledger
        with ledger.transaction():
            for entry, survey in self._read:
                ledger.media.keep_survey(entry.path, entry.size, entry.mtime_ns, survey)
        self._read.clear()
