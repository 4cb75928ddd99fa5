"""One item on trial: decoded into a folder that goes away again, for people who tune prompts."""

import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mmusset.errors import UsageError
from mmusset.eyes.eye import Eye
from mmusset.recipe import Recipe
from mmusset.sample import Material
from mmusset.sample_parts.piece import Item
from mmusset.sources.folder import FolderSource
from mmusset.sources.source import MUSICAL, Entry, Source
from mmusset.speakers.asking import Fit

from .media import Media, fit_by, material_of
from .planning.inventory import Inventory, take_inventory
from .planning.plan import drop_short, items_of
from .workspace import passing_workspace


@dataclass(frozen=True, slots=True)
class Trial:
    """An item, what the agents are given of it, and what sees how well stories go with it."""

    item: Item
    material: Material
    fit: Fit | None


@asynccontextmanager
async def trial_of_file(path: Path, recipe: Recipe, eye: Eye | None = None) -> AsyncIterator[Trial]:
    """The first clip of a piece of music or a video, with the picture that a build would take.

    Raises UsageError where there is no such file, or nothing that pairs with it.
    """
    if not path.is_file():
        raise UsageError(f"no file {path}")
    source, name = FolderSource(path.parent), os.fsencode(path.name)
    entries = [entry for entry in source.entries() if _is_of(entry, name)]
    async with _trial(source, entries, 1, recipe, eye) as trial:
        yield trial


@asynccontextmanager
async def trial_of_source(source: Source, place: int, recipe: Recipe) -> AsyncIterator[Trial]:
    """The item at a place, from 1, in the order of a build's plan."""
    async with _trial(source, source.entries(), place, recipe) as trial:
        yield trial


@asynccontextmanager
async def _trial(
    source: Source, entries: Iterable[Entry], place: int, recipe: Recipe, eye: Eye | None = None
) -> AsyncIterator[Trial]:
    async with passing_workspace(source, recipe) as workspace:
        inventory = await take_inventory(workspace, entries, lambda done, total: None)
        items = list(islice(_items(inventory, recipe), place))
        if len(items) < place:
            reasons = {s.reason for s in inventory.skipped} | {u.why for u in inventory.undecided}
            why = "; ".join(sorted(reasons))
            raise UsageError(
                f"{source} gives {len(items)} items, no item {place} ({why or 'nothing is there'})"
            )
        item, media = items[place - 1], Media(workspace)
        prepared = await media.listened(item)
        yield Trial(
            item, material_of(item, prepared, media, recipe.speaker.seed), fit_by(eye, media)
        )


def _is_of(entry: Entry, name: bytes) -> bool:
    """Whether an entry lies beside the file on trial and is no other music."""
    return b"/" not in entry.path and (entry.path == name or entry.kind not in MUSICAL)


def _items(inventory: Inventory, recipe: Recipe) -> Iterator[Item]:
    offers, _ = drop_short(inventory.offers, recipe.clip)
    for offer in offers:
        yield from items_of(offer.piece, recipe.clip, "trial", "train")
