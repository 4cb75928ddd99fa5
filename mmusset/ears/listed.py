"""The list of ears, and those that a recipe names."""

from collections.abc import Iterable

from mmusset.declared import Declarations
from mmusset.errors import MmussetError, UsageError
from mmusset.text import nearest

from .declaration import Ear
from .listener import LISTENER
from .musicnn.ear import MUSICNN

EARS = Declarations(
    "an ear",
    [MUSICNN, LISTENER],
    type_=Ear,
    names=lambda ear: [ear.name],
    work=lambda ear: ear.listen,
)


def ears_named(names: Iterable[str]) -> tuple[Ear, ...]:
    """The ears of these names, in the order of the list, so that a recipe's own does not matter.

    Raises UsageError for a name that none has.
    """
    wanted = set(names)
    for name in sorted(wanted):
        if EARS.named(name) is None:
            raise UsageError(f"no ear named {name!r}.{nearest(name, [ear.name for ear in EARS])}")
    return tuple(ear for ear in EARS if ear.name in wanted)


def check_there(names: Iterable[str]) -> None:
    """Raises MmussetError, with the command that mends it, where a named ear can't listen here."""
    for ear in ears_named(names):
        if not ear.is_there:
            raise MmussetError(
                f"the recipe's ear {ear.name} is not on this machine: run"
                f" `mmusset ears get {ear.name}`, which shows its licence first"
            )
