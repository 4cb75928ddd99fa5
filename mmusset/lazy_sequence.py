"""A sequence whose values are read or worked out as they are asked for."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class LazySequence(Sequence[T]):
    """A subclass gives `__len__` and `value`; a slice is a list."""

    @abstractmethod
    def value(self, at: int) -> T:
        """The value at a place. Raises IndexError behind the last, where iterating ends."""

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        if isinstance(at, slice):
            return [self.value(place) for place in range(*at.indices(len(self)))]
        return self.value(at)
