"""The list of measurements, in the order in which all of the house goes through them.

The order is that of the evidence's fields, of what may be said, and of the pages.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .brightness import BRIGHTNESS
from .declaration import Measurement
from .density import DENSITY
from .dynamics import DYNAMICS
from .energy import ENERGY
from .key import KEY
from .loudness import LOUDNESS
from .mode import MODE
from .percussion import PERCUSSION
from .pulse import PULSE
from .tempo import TEMPO
from .width import WIDTH

MEASUREMENTS: list[Measurement[Any]] = [
    TEMPO,
    PULSE,
    KEY,
    MODE,
    LOUDNESS,
    DYNAMICS,
    BRIGHTNESS,
    DENSITY,
    PERCUSSION,
    WIDTH,
    ENERGY,
]
_PACKAGE = __name__.partition(".")[0]


def named(name: str) -> Measurement[Any] | None:
    """The measurement of that name; None where there is none."""
    for each in MEASUREMENTS:
        if each.name == name:
            return each
    return None


def add(measurement: Measurement[Any]) -> None:
    """List a measurement that another package declares, before a recipe or a dataset is read.

    Whoever measures does so in a process of its own, which imports the module that `measure`
    stands in and looks there for the declaration. Raises ValueError where the name or the field
    is taken, or where that process could not find the module.
    """
    for each in MEASUREMENTS:
        if measurement.name == each.name or (measurement.field and measurement.field == each.field):
            raise ValueError(f"there is a measurement {each.name} already ({each.field})")
    if measurement.measure and measurement.measure.__module__ == "__main__":
        raise ValueError(
            f"measurement {measurement.name}: declare it in a module of its own, which the"
            " process that measures can import; this one is the program itself"
        )
    MEASUREMENTS.append(measurement)


@contextmanager
def added(measurement: Measurement[Any]) -> Iterator[None]:
    """List a measurement for a while."""
    add(measurement)
    try:
        yield
    finally:
        MEASUREMENTS.remove(measurement)


def foreign_modules() -> list[str]:
    """The modules outside this package that hold what is to be measured."""
    modules = (each.measure.__module__ for each in MEASUREMENTS if each.measure)
    return [name for name in modules if name.partition(".")[0] != _PACKAGE]


def add_from(module: str) -> None:
    """List the measurements that a module declares, as `foreign_modules` gave it."""
    import importlib

    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, Measurement) and value not in MEASUREMENTS:
            add(value)
