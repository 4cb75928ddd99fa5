"""A scan of many files reads their headers alone, and says so."""

import asyncio
import io
import os
import shutil
import signal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmusset.agents import AGENTS
from mmusset.builder import report, show
from mmusset.builder.decoding.sandbox import Sandbox
from mmusset.builder.decoding.tasks import Surveyed, SurveyTask
from mmusset.builder.planning.inventory import Inventory, take_inventory
from mmusset.builder.planning.surveys import GLANCES
from mmusset.builder.workspace import passing_workspace
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import LimitsPart
from mmusset.sources.folder import FolderSource
from tests.builder.test_recordings import as_mp3, pieces
from tests.support.media import picture, piece

RECIPE = Recipe(limits=LimitsPart(workers=1))
FILES = 8


class Looks(NamedTuple):
    """The same source decoded, and glanced at."""

    whole: Inventory
    glance: Inventory


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Looks:
    """Of three recordings one is there as an mp3 too, one twice."""
    source = pieces(tmp_path_factory.mktemp("many") / "source", 1, 2)
    as_mp3(source, 1)
    shutil.copytree(source / "lossless 2", source / "twice")
    return Looks(found(source, FILES), found(source, FILES - 1))


def found(source: Path, most_decoded: int) -> Inventory:
    """What is found where of more files than so many none is decoded."""

    async def look() -> Inventory:
        async with passing_workspace(FolderSource(source), RECIPE) as workspace:
            entries = workspace.source.entries()
            return await take_inventory(
                workspace, entries, lambda done, total: None, most_decoded=most_decoded
            )

    return asyncio.run(look())


def test_what_headers_tell_is_found_at_a_glance(looks: Looks) -> None:
    whole, glance = looks
    assert (whole.glanced, glance.glanced) == (False, True)
    assert [each.reason for each in glance.skipped] == ["same bytes as another"]
    assert glance.skipped == whole.skipped

    def told(inventory: Inventory) -> list[tuple[bytes, float]]:
        return [(each.piece.music.path, each.piece.duration_s) for each in inventory.offers]

    assert told(glance) == told(whole)


def test_what_sounds_the_same_is_left_to_the_build(looks: Looks) -> None:
    whole, glance = looks
    assert (whole.alike, glance.alike) == (1, 0)
    note = "with more than 200 files, scan reads only tags and headers"
    assert note in show.survey(report.survey(glance, RECIPE, AGENTS))
    assert note not in show.survey(report.survey(whole, RECIPE, AGENTS))


def test_files_alike_at_both_ends_and_in_the_middle_are_different_ones(tmp_path: Path) -> None:
    """Stems of one length, silent where a glance looks, are not the same bytes; a copy is."""
    for number in range(3):
        (tmp_path / f"{number}.wav").write_bytes(alike(number))
        picture(tmp_path / f"{number}.png", number)
    shutil.copy(tmp_path / "1.wav", tmp_path / "copy.wav")
    picture(tmp_path / "copy.png", 4)
    glance = found(tmp_path, 0)
    assert glance.glanced
    skipped = [(each.path, each.reason) for each in glance.skipped]
    assert (b"copy.wav", "same bytes as another") in skipped
    assert [each.piece.music.path for each in glance.offers] == [b"0.wav", b"1.wav", b"2.wav"]


def decoders_at_work(source: Path, workers: int) -> int:
    """How many decoders a glance at a source takes, of so many that it may."""
    recipe = Recipe(limits=LimitsPart(workers=workers))

    async def look() -> int:
        async with passing_workspace(FolderSource(source), recipe) as workspace:
            entries = workspace.source.entries()
            await take_inventory(workspace, entries, lambda done, total: None, most_decoded=0)
            return sum(seat.holder is not None for seat in workspace.sandbox._decoders.seats.free)

    return asyncio.run(look())


def test_every_decoder_has_a_message_of_each_batch(tmp_path: Path) -> None:
    """However many there are: of 64 files, four decoders would have sixteen each."""
    for number in range(5 * GLANCES):
        Image.new("L", (100 + number, 100)).save(tmp_path / f"{number}.png")
    assert decoders_at_work(tmp_path, 5) == 5


def test_what_is_hashed_whole_goes_one_by_one(tmp_path: Path) -> None:
    """A decoder's time limit is for one file: sixteen large ones may not share it."""
    for number in range(3):
        (tmp_path / f"{number}.wav").write_bytes(alike(number))
    assert decoders_at_work(tmp_path, 3) == 3


def alike(number: int) -> bytes:
    """A WAV silent where a glance looks, so that it is hashed whole."""
    sound, file = np.zeros(8000 * 13), io.BytesIO()
    sound[20000:40000] = 0.1 * np.random.default_rng(number).normal(size=20000)
    soundfile.write(file, sound, 8000, format="WAV")
    return file.getvalue()


def test_what_is_wrong_with_one_file_says_nothing_of_those_read_with_it(tmp_path: Path) -> None:
    """Whether it is gone, or the decoder dies over them."""
    for name in ("first.wav", "last.wav"):
        piece(tmp_path / name, 1)
    names = ("first.wav", "gone.wav", "last.wav")
    tasks = [
        SurveyTask(file=os.fsencode(tmp_path / name), kind="music", max_side_px=64, glance=True)
        for name in names
    ]

    async def read() -> list[tuple[Surveyed, ...]]:
        async with Sandbox(LimitsPart(workers=1)) as sandbox:
            found = await sandbox.survey_all(tasks)
            (seat,) = sandbox._decoders.seats.free
            assert seat.holder
            os.kill(seat.holder.pid, signal.SIGKILL)
            return [found, await sandbox.survey_all(tasks)]

    found, again = asyncio.run(read())
    assert again == found
    assert [bool(each.survey) for each in found] == [True, False, True]
    assert found[1].unusable
    assert found[1].unusable[0] == "file is gone"
