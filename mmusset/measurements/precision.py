"""How often each attribute was right where it was sure enough to be said: what "agrees" is worth.

That a caption agrees with what was measured is true only as far as the measurement is. Measured by
`benchmarks/calibrate.py try`, on clips that share neither sound font nor score with those that
the confidences were fitted on. They are rendered: expect less of recordings (docs/benchmarks.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .tried import RIGHT_OF_SAID

RENDERED = "on rendered scores"
# The border between two words is a definition, which nothing but the clip's own limits can cross.
CUT_AGAIN = "the same word half a second later"


@dataclass(frozen=True, slots=True)
class Precision:
    """Of `said` findings at a certainty of 0.9, `right` were right; `on` says on what."""

    right: int
    said: int
    on: str

    @property
    def share(self) -> float:
        return self.right / self.said


_JUDGED_BY_SCORE = {"tempo", "pulse", "key", "mode", "percussion"}
PRECISION: Mapping[str, Precision] = MappingProxyType(
    {
        name: Precision(*counts, RENDERED if name in _JUDGED_BY_SCORE else CUT_AGAIN)
        for name, counts in RIGHT_OF_SAID.items()
    }
    # Of whole pieces, within a second: benchmarks/sections.py try.
    | {"drums in": Precision(31, 34, RENDERED), "drums out": Precision(16, 17, RENDERED)}
)


def rightness(attribute: str) -> str:
    """In a few words, how often what is said of an attribute was right; "" where unknown."""
    if attribute not in PRECISION:
        return ""
    measured = PRECISION[attribute]
    return f"{measured.right} of {measured.said}, {measured.on}"
