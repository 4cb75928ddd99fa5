"""The rows of sounds that a table is of, before anybody listens to them."""

import re
from dataclasses import dataclass
from pathlib import Path

from .made import Files
from .table import RowKind

FOR_OTHERS = "for another group"


@dataclass(frozen=True, slots=True)
class SoundRow:
    """Sounds for clips of the reference: a dictionary from the clip's key for each seed.

    `for_others`: judged by what was asked of another group's clip. `folder` is where the page finds
    the files, "" of those that lie elsewhere. `seconds` are how long each took to make.
    """

    name: str
    kind: RowKind
    about: str
    files: Files
    system: str = ""
    is_main: bool = False
    for_others: bool = False
    folder: str = ""
    seconds: dict[str, float] | None = None

    @property
    def slug(self) -> str:
        """Its name, as a part of a file's."""
        return slug(self.name)

    def paths(self, seed: int) -> list[Path]:
        """Its files for a seed, in the order of the clips' keys."""
        return [path for _, path in sorted(self.files[seed].items())]


def slug(name: str) -> str:
    """A name of lower letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "row"
