"""Who starts the workers of a build: nobody but the user, or a cluster's scheduler."""

from typing import Protocol


class Starter(Protocol):
    """Starts workers, and looks after them."""

    def look_after(self, undecided: int) -> None:
        """See to it that so many blocks are worked on. Called again and again.

        Raises MmussetError where workers can't be started, or end with an error of that kind.
        """
        ...

    def end(self) -> None:
        """Every block is decided, or the build ends: let go of what was started."""
        ...


class NoStarter:
    """The user runs `mmusset worker`."""

    def look_after(self, undecided: int) -> None:
        """Nothing: workers come by themselves."""

    def end(self) -> None:
        """Nothing: they go by themselves."""
