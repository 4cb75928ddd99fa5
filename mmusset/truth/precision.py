"""How often each attribute was right where it was said, on clips whose truth is known.

Measured by `benchmarks/calibrate.py try`, on 99 clips that share neither sound font nor score with
those that the confidences were fitted on. They are rendered: expect less of recordings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

RENDERED = "rendered scores of known truth, worn by reverb, codecs and other tunings"
CUT_AGAIN = "the same clips cut half a second later, before they were worn: the word stays"


@dataclass(frozen=True, slots=True)
class Precision:
    """Of `said` findings at a certainty of 0.9, `right` were right; `on` says on what."""

    right: int
    said: int
    on: str

    @property
    def share(self) -> float:
        return self.right / self.said


PRECISION: Mapping[str, Precision] = MappingProxyType(
    {
        "tempo": Precision(32, 32, RENDERED),
        "pulse": Precision(20, 20, RENDERED),
        "key": Precision(30, 31, RENDERED),
        "mode": Precision(33, 34, RENDERED),
        "percussion": Precision(77, 78, RENDERED),
        "loudness": Precision(85, 90, CUT_AGAIN),
        "dynamics": Precision(87, 88, CUT_AGAIN),
        "brightness": Precision(78, 78, CUT_AGAIN),
        "density": Precision(58, 59, CUT_AGAIN),
        "width": Precision(77, 82, CUT_AGAIN),
        "energy": Precision(59, 59, CUT_AGAIN),
    }
)
