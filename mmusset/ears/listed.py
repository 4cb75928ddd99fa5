"""The list of ears, and those that a recipe names."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mmusset.errors import MmussetError, UsageError

from .declaration import Ear
from .listener import LISTENER
from .musicnn.ear import MUSICNN

EARS: list[Ear] = [MUSICNN, LISTENER]
_PACKAGE = __name__.partition(".")[0]


def named(name: str) -> Ear | None:
    """The ear of that name; None where there is none."""
    return next((ear for ear in EARS if ear.name == name), None)


def ears_named(names: Iterable[str]) -> tuple[Ear, ...]:
    """The ears of these names, in the order of the list, so that a recipe's own does not matter.

    Raises UsageError for a name that none has.
    """
    wanted = set(names)
    for name in sorted(wanted):
        if named(name) is None:
            known = [ear.name for ear in EARS]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            raise UsageError(f"no ear is called {name!r}; {hint}")
    return tuple(ear for ear in EARS if ear.name in wanted)


def check_there(names: Iterable[str]) -> None:
    """Raises MmussetError, with the command that mends it, where a named ear can't listen here."""
    for ear in ears_named(names):
        if not ear.is_there:
            raise MmussetError(
                f"the recipe's ear {ear.name} is not on this machine: run"
                f" `mmusset ears get {ear.name}`, which shows its licence first"
            )


def add(ear: Ear) -> None:
    """List an ear that another package declares, before a recipe or a dataset is read.

    Whatever listens does so in a process of its own, which imports the module that `listen`
    stands in and looks there for the declaration. Raises ValueError where the name is taken, or
    where that process could not find the module.
    """
    if named(ear.name):
        raise ValueError(f"there is an ear {ear.name} already")
    if ear.listen and ear.listen.__module__ == "__main__":
        raise ValueError(
            f"ear {ear.name}: declare it in a module of its own, which the process that listens"
            " can import; this one is the program itself"
        )
    EARS.append(ear)


@contextmanager
def added(ear: Ear) -> Iterator[None]:
    """List an ear for a while."""
    add(ear)
    try:
        yield
    finally:
        EARS.remove(ear)


@contextmanager
def in_place(ears: Iterable[Ear]) -> Iterator[None]:
    """For a while, list these ears in place of those of their names: calibrated ones, say."""
    before = list(EARS)
    by_name = {ear.name: ear for ear in ears}
    EARS[:] = [by_name.get(ear.name, ear) for ear in before]
    try:
        yield
    finally:
        EARS[:] = before


def foreign_modules() -> list[str]:
    """The modules outside this package that hold what listens."""
    modules = (ear.listen.__module__ for ear in EARS if ear.listen)
    return [name for name in modules if name.partition(".")[0] != _PACKAGE]


def add_from(module: str) -> None:
    """List the ears that a module declares, as `foreign_modules` gave it."""
    import importlib

    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, Ear) and value not in EARS:
            add(value)
