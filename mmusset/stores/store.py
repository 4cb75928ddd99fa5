"""What a store can do. To add a kind of place, write a class of this form beside `folder.py`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object by its name, and when it was last written, in seconds by the store's clock."""

    name: str
    size: int
    written_s: float


class Store(Protocol):
    """Objects by name: parts of letters, digits, `.`, `_` and `-`, with `/` between them.

    Every method may raise StoreTrouble: the place can't be reached, or refuses.
    """

    def put(self, name: str, data: bytes) -> None:
        """Write an object, in place of the one that may be there."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Write an object if there is none of its name, whoever else tries; else give False."""
        ...

    def put_file(self, name: str, path: Path) -> None:
        """Write an object with the content of a file."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content of an object; None where there is none."""
        ...

    def fetch(self, name: str, path: Path) -> None:
        """Have a file of an object's content under `path`, whole and on the disk, in place of the
        one that may be there. Raises FileNotFoundError where there is no such object."""
        ...

    def objects(self, prefix: str) -> list[StoredObject]:
        """The objects whose names begin so, by name; `prefix` ends with `/`."""
        ...

    def delete(self, name: str) -> None:
        """Delete an object, if there is one."""
        ...

    def delete_all(self, prefix: str) -> None:
        """Delete the objects whose names begin so; `prefix` ends with `/`."""
        ...

    def now_s(self, who: str) -> float:
        """The time by the store's clock; `who` names the caller, and is unlike all others."""
        ...
