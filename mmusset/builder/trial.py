"""One item on trial: decoded into a folder that goes away again, for people who tune prompts."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mmusset.errors import UsageError
from mmusset.recipe import Recipe
from mmusset.sample import Item, Material, Prepared
from mmusset.sources.walk import MUSICAL, Entry, walk

from .decoding.sandbox import Sandbox
from .look import Found, look
from .media import material_of, request_for
from .plan import drop_short, items_of


@dataclass(frozen=True, slots=True)
class Trial:
    """An item, what was measured on it, and what the agents are given."""

    item: Item
    prepared: Prepared
    material: Material


@asynccontextmanager
async def trial_of_file(path: Path, recipe: Recipe) -> AsyncIterator[Trial]:
    """The first clip of a piece of music or a video, with the picture that a build would take.

    Raises UsageError where there is no such file, or nothing that pairs with it.
    """
    if not path.is_file():
        raise UsageError(f"no file {path}")
    name = os.fsencode(path.name)
    entries = [e for e in walk(path.parent) if _is_of(e, name)]
    async with _trial(path.parent, entries, 1, recipe) as trial:
        yield trial


@asynccontextmanager
async def trial_of_source(source: Path, place: int, recipe: Recipe) -> AsyncIterator[Trial]:
    """The item at a place, from 1, in the order of a build's plan."""
    async with _trial(source, walk(source), place, recipe) as trial:
        yield trial


@asynccontextmanager
async def _trial(
    source: Path, entries: list[Entry], place: int, recipe: Recipe
) -> AsyncIterator[Trial]:
    async with Sandbox(recipe.limits) as sandbox:
        found = await look(source, entries, recipe, sandbox, None, lambda done, total: None)
        items = _items(found, recipe)
        if len(items) < place:
            reasons = {s.reason for s in found.skipped} | {u.why for u in found.undecided}
            why = "; ".join(sorted(reasons))
            raise UsageError(
                f"{source} gives {len(items)} items, no item {place} ({why or 'nothing is there'})"
            )
        item = items[place - 1]
        with tempfile.TemporaryDirectory() as folder:
            stem = Path(folder) / item.key
            prepared = await sandbox.prepare(request_for(item, source, recipe, stem))
            picture = stem.with_suffix(".model.jpg")
            yield Trial(item, prepared, material_of(item, prepared, picture, recipe.speaker.seed))


def _is_of(entry: Entry, name: bytes) -> bool:
    """Whether an entry lies beside the file on trial and is no other music."""
    return b"/" not in entry.path and (entry.path == name or entry.kind not in MUSICAL)


def _items(found: Found, recipe: Recipe) -> list[Item]:
    pieces, _ = drop_short(list(found.pieces), recipe.clip)
    return [item for piece in pieces for item in items_of(piece, recipe.clip, "trial", "train")]
