"""Numbers sorted into ranges, as a histogram counts them."""

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bins:
    """Ranges with these borders, as labels; what lies outside falls into the first or the last."""

    borders: tuple[int, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        inner = zip(self.borders, self.borders[1:], strict=False)
        first, last = f"under {self.borders[0]}", f"{self.borders[-1]} and more"
        return (first, *(f"{low} to {high}" for low, high in inner), last)

    def label(self, value: float) -> str:
        return self.labels[bisect_right(self.borders, value)]
