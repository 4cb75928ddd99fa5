"""How a build is shared with workers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from mmusset.errors import UsageError
from mmusset.shards.manifest import FOLDER
from mmusset.shards.mirror import mirror_in
from mmusset.stores.choose import is_url, store_of

from .board import Board
from .starting import Starter

# Who decides: this process, workers that the user starts, or workers on a cluster.
Engine = Literal["local", "workers", "ray", "slurm"]
ENGINES: tuple[Engine, ...] = get_args(Engine)


def engine_of(name: str) -> Engine:
    """Who decides. Raises UsageError for a name that there is not."""
    for engine in ENGINES:
        if engine == name:
            return engine
    raise UsageError(f"--engine is one of {', '.join(ENGINES)}, not {name!r}")


@dataclass(frozen=True, slots=True)
class Sharing:
    """Where workers meet a build, the text that names its source to them, and who starts them."""

    board: Board
    source: str
    starter: Starter


def board_of(place: str | Path) -> Board:
    """Where workers meet: in the folder of their dataset, which they share, or at a URL, such as
    that of a dataset in a bucket.

    Raises MmussetError where a URL needs a library that is not installed.
    """
    mirror = None if is_url(str(place)) else mirror_in(Path(place))
    name = mirror.url if mirror else str(place)
    return Board(store_of(name, f"{FOLDER}/shared"), name, is_remote=is_url(name))
