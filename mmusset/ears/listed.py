"""The list of ears, and those that a recipe names."""

from collections.abc import Iterable

from mmusset.declared import Declarations
from mmusset.errors import MmussetError, UsageError
from mmusset.installed import check_installed
from mmusset.recipe import Recipe
from mmusset.text import nearest

from .clap.ear import CLAP, with_weights
from .clap.ear import NAME as CLAP_NAME
from .clap.weights import NEEDED
from .declaration import Ear
from .listener import LISTENER
from .musicnn.ear import MUSICNN

EARS = Declarations(
    "an ear",
    [MUSICNN, CLAP, LISTENER],
    type_=Ear,
    names=lambda ear: [ear.name],
    work=lambda ear: ear.listen or ear.opens,
)


def ears_named(names: Iterable[str]) -> tuple[Ear, ...]:
    """The ears of these names, in the order of the list, so that a recipe's own does not matter.

    Raises UsageError for a name that none has.
    """
    chosen = set(names)
    for name in sorted(chosen):
        if EARS.named(name) is None:
            raise UsageError(f"no ear named {name!r}.{nearest(name, [ear.name for ear in EARS])}")
    return tuple(ear for ear in EARS if ear.name in chosen)


def of_recipe(recipe: Recipe) -> tuple[Ear, ...]:
    """All ears; one that a recipe has, and whose weights it names, with these weights."""
    named = {CLAP_NAME: with_weights(recipe.clap)} if CLAP_NAME in recipe.ears else {}
    return tuple(named.get(ear.name, ear) for ear in EARS)


def check_there(names: Iterable[str]) -> None:
    """Raises MmussetError, with the command that mends it, where a named ear can't listen here."""
    for ear in ears_named(names):
        if ear.name == CLAP_NAME:
            check_installed(f"the recipe's ear {ear.name}", *NEEDED)
        if not ear.is_there:
            raise MmussetError(
                f"the recipe's ear {ear.name} is not on this machine: run"
                f" `mmusset ears get {ear.name}`, which shows its licence first"
            )
