"""How often a measurement is right where it is sure enough to be said: what "agrees" is worth.

That a caption agrees with what was measured is true only as far as the measurement is. These are
the figures of `benchmarks/README.md`, and are changed with it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Precision:
    """The share that was right of so many statements, and on what that was counted."""

    share: float
    of: int
    on: str

    def __str__(self) -> str:
        return f"{self.share:.0%} of {self.of} {self.on}"


_RENDERED = "rendered clips"
# Loudness, dynamics, brightness, density and width are their numbers: the words are defined by
# borders, and nothing but an error of the program could make them wrong.
PRECISION = {
    "tempo": Precision(0.92, 53, _RENDERED),
    "pulse": Precision(0.98, 54, _RENDERED),
    "key": Precision(0.96, 58, _RENDERED),
    "mode": Precision(0.99, 96, _RENDERED),
    "percussion": Precision(0.94, 98, _RENDERED),
}
BY_DEFINITION = frozenset({"loudness", "dynamics", "brightness", "density", "width", "energy"})


def rightness(attribute: str) -> str:
    """In a few words, how often what is measured of an attribute is right; "" where unknown."""
    if attribute in PRECISION:
        return str(PRECISION[attribute])
    return "by definition of the word" if attribute in BY_DEFINITION else ""
