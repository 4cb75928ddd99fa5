"""Trouble of the machine stops a build; it is never an item's fault."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mmusset.builder.decoding.sandbox import Sandbox
from mmusset.builder.media import Media
from mmusset.builder.planning.inventory import take_inventory
from mmusset.builder.planning.plan import freeze
from mmusset.builder.progress import BuildProgress
from mmusset.builder.workspace import Workspace, open_workspace
from mmusset.errors import MmussetError, Unusable
from mmusset.progress import Progress
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import ClipPart, LimitsPart
from mmusset.sources.folder import FolderSource
from mmusset.sources.source import Entry
from tests.support.media import library, piece
from tests.support.thorough import slow

RECIPE = Recipe(clip=ClipPart(seconds=2))


def in_sandbox(task: Callable[[Sandbox], Awaitable[object]]) -> None:
    async def run() -> None:
        async with Sandbox(LimitsPart(workers=1)) as sandbox:
            await task(sandbox)

    asyncio.run(run())


def stop_of(task: Callable[[], object]) -> str:
    """What the error says that stops the build."""
    with pytest.raises(MmussetError) as raised:
        task()
    assert not isinstance(raised.value, Unusable)
    return str(raised.value)


async def plan(workspace: Workspace, entries: list[Entry]) -> None:
    step = BuildProgress(Progress()).surveyed
    freeze(await take_inventory(workspace, entries, step), workspace, None)


@pytest.mark.parametrize("empty", [False, *slow(True)])
def test_a_source_that_is_gone_stops_the_build(tmp_path: Path, empty: bool) -> None:
    """A pulled disk leaves no folder, or an empty one where it was mounted."""
    source = library(tmp_path / "source", 2)
    folder = FolderSource(source)

    async def lose() -> None:
        async with open_workspace(folder, tmp_path / "out", RECIPE) as workspace:
            await plan(workspace, folder.entries())
            source.rename(tmp_path / "pulled")
            if empty:
                source.mkdir()
            first = workspace.ledger.verdicts.next_undecided(0)
            assert first
            await Media(workspace).prepare(first)

    assert f"{source} is gone" in stop_of(lambda: asyncio.run(lose()))


@pytest.mark.slow
def test_a_source_that_goes_while_it_is_read_stops_the_build(tmp_path: Path) -> None:
    source = library(tmp_path / "source", 2)
    folder = FolderSource(source)
    entries = list(folder.entries())
    source.rename(tmp_path / "pulled")

    async def read() -> None:
        async with open_workspace(folder, tmp_path / "out", RECIPE) as workspace:
            await plan(workspace, entries)

    assert "is gone" in stop_of(lambda: asyncio.run(read()))


def test_a_disk_that_fails_stops_the_build() -> None:
    """Linux gives EIO, as a broken disk does, to who reads this file."""
    path = Path("/proc/self/mem")
    assert "Input/output error" in stop_of(
        lambda: in_sandbox(lambda s: s.survey(path, "music", 1024))
    )


@pytest.mark.parametrize("suffix", ["wav", "m4a"])
def test_too_many_open_files_are_not_the_files_fault(tmp_path: Path, suffix: str) -> None:
    piece(tmp_path / "x.wav", 1)
    (tmp_path / "x.wav").rename(tmp_path / f"x.{suffix}")
    code = (
        "import resource, sys; from pathlib import Path\n"
        "import av, soundfile; from mmusset.evidence.media_file import MediaFile\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "MediaFile(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / f"x.{suffix}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Unread: could not be read: Too many open files" in done.stderr


def test_a_file_that_is_gone_is_its_own_fault(tmp_path: Path) -> None:
    async def survey(sandbox: Sandbox) -> None:
        await sandbox.survey(tmp_path / "gone.wav", "music", 1024)

    with pytest.raises(Unusable, match="file is gone"):
        in_sandbox(survey)
