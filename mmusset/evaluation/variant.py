"""A row of the table that another checkpoint or sampler makes of the same conditions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmusset.musflow.recipe import SamplerPart


@dataclass(frozen=True, slots=True)
class Variant:
    """A training's folder by the name of its row, and what is changed of its sampler."""

    name: str
    about: str
    run: Path
    change: "Callable[[SamplerPart], SamplerPart] | None" = None
