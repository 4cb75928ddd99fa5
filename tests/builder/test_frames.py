"""The frames of a video are an extra: they cost its item nothing."""

import asyncio
from pathlib import Path

import numpy as np

from mmusset.builder.media import Media
from mmusset.builder.workspace import open_workspace
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import ClipPart
from mmusset.sample_parts.media import NO_FRAMES
from mmusset.sources.folder import FolderSource
from tests.evidence.test_sound import steps
from tests.support.cards import card
from tests.support.films import damage
from tests.support.sounds import filmed

from .test_machine_trouble import plan


def test_a_damaged_video_and_one_that_was_prepared_without(tmp_path: Path) -> None:
    pictures = [np.asarray(card((160, 120)).rotate(9 * n)) for n in range(30)]
    (tmp_path / "source").mkdir()
    damage(filmed(tmp_path / "source/x.mov", steps(3), pictures), 1.15, 1.75)
    folder, recipe = FolderSource(tmp_path / "source"), Recipe(clip=ClipPart(seconds=3))

    async def prepared() -> None:
        async with open_workspace(folder, tmp_path / "out", recipe) as workspace:
            await plan(workspace, list(folder.entries()))
            first = workspace.ledger.verdicts.next_undecided(0)
            assert first
            media, ledger = Media(workspace), workspace.ledger
            now = await media.prepare(first)
            assert now.media.frames.count == 3
            assert len(list(media.cache.glob("*.frames.jpg"))) == 1

            # As by a version that kept no frames; and what was stored is lost.
            still = now.media.model_copy(update={"frames": NO_FRAMES})
            before = now.model_copy(update={"media": still})
            with ledger.transaction():
                ledger.media.keep_prepared(first.idx, before)
            for path in media.cache.iterdir():
                path.unlink()
            assert await media.ensure(first) == before
            assert media.load(first.item.key, before).frames == b""
            assert not list(media.cache.glob("*.frames.jpg"))

    asyncio.run(prepared())
