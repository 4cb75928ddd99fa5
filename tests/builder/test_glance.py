"""A scan of many files reads their headers alone, and says so."""

import asyncio
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from mmusset.agents import AGENTS
from mmusset.builder import report, show
from mmusset.builder.planning.inventory import Inventory, take_inventory
from mmusset.builder.workspace import passing_workspace
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import LimitsPart
from mmusset.sources.folder import FolderSource
from tests.builder.test_recordings import as_mp3, pieces

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
    note = "only tags and headers were read"
    assert note in show.survey(report.survey(glance, RECIPE, AGENTS))
    assert note not in show.survey(report.survey(whole, RECIPE, AGENTS))
