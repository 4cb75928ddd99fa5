"""What every part of a build works with, as one value."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mmusset.recipe import Recipe
from mmusset.shards.manifest import FOLDER
from mmusset.shards.shard_files import ShardFiles, shard_files
from mmusset.sources.source import Source
from mmusset.temporary_folder import TemporaryFolder

from .decoding.sandbox import Sandbox
from .ledger.file import open_to_write
from .ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Workspace:
    """A source, the dataset `out` that is built from it, and what is open while it is."""

    source: Source
    out: Path
    recipe: Recipe
    ledger: Ledger
    sandbox: Sandbox
    shards: ShardFiles

    @property
    def folder(self) -> Path:
        """Where the build keeps what is no part of the dataset: its ledger, and its cache."""
        return self.out / FOLDER


@asynccontextmanager
async def open_workspace(source: Source, out: Path, recipe: Recipe) -> AsyncIterator[Workspace]:
    """Open the ledger of `out`, to write, and the children that decode.

    Raises as `open_to_write` does, and MmussetError where the ledger turns out to be damaged.
    """
    ledger = open_to_write(out)
    try:
        async with Sandbox(recipe.limits) as sandbox:
            yield Workspace(source, out, recipe, ledger, sandbox, shard_files(out))
    except sqlite3.Error as error:
        raise ledger.broken(error) from None
    finally:
        ledger.close()


@asynccontextmanager
async def passing_workspace(source: Source, recipe: Recipe) -> AsyncIterator[Workspace]:
    """One that goes away again, ledger and all, for a look at a source without a build.

    A ledger for a moment costs milliseconds, and saves every part a second way of working.
    """
    with TemporaryFolder() as folder:
        async with open_workspace(source, Path(folder), recipe) as workspace:
            yield workspace
