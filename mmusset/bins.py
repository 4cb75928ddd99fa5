"""Numbers sorted into ranges, as a histogram counts them."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Bins:
    """Ranges with these borders, as labels; what lies outside falls into the first or the last."""

    borders: tuple[int, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return _labels(self.borders)

    def label(self, value: float) -> str:
        return self.labels[bisect_right(self.borders, value)]


@cache
def _labels(borders: tuple[int, ...]) -> tuple[str, ...]:
    inner = (f"{low} to {high}" for low, high in pairwise(borders))
    return (f"under {borders[0]}", *inner, f"{borders[-1]} and more")
