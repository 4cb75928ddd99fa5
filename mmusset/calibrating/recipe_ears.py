"""The ears that a recipe names, each worth what its calibration card says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.ears.calibration import CalibrationCard, calibrated, probes_of, read_card
from mmusset.ears.card_folder import usual_folder
from mmusset.ears.clap.ear import NAME as CLAP
from mmusset.ears.clap.ear import with_weights
from mmusset.ears.declaration import Ear
from mmusset.ears.listed import EARS, check_there, ears_named, of_recipe
from mmusset.ears.listener import LISTENER
from mmusset.errors import UsageError
from mmusset.recipe import Recipe

if TYPE_CHECKING:
    from mmusset.speakers.vllm.listener import ListenerExam

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RecipeEars:
    """The ears of a recipe: those that a card calibrates, and what a listener has to pass."""

    calibrated: tuple[Ear, ...] = ()
    exam: "ListenerExam | None" = None

    @contextmanager
    def listed(self) -> Iterator[None]:
        """Have all rooms know them by their calibration."""
        with EARS.in_place(self.calibrated):
            yield


def ears_of(recipe: Recipe, log: Log) -> RecipeEars:
    """The ears that a recipe names.

    Raises MmussetError where one can't listen here, UsageError for a card that can't be used.
    """
    with EARS.in_place(of_recipe(recipe)):
        check_there(recipe.ears)
    if recipe.clip.choose == "voice" and not any(e.hears_voices for e in ears_named(recipe.ears)):
        raise UsageError(
            "clip.choose: voice needs an ear that listens for voices on this machine, as musicnn"
            " does; a listener on a server is asked about clips that are cut already"
        )
    of_cards, exam = list[Ear](), None
    if CLAP in recipe.ears:
        of_cards.append(_clap(recipe, log))
    if LISTENER.name in recipe.ears:
        ear, exam = _listener(recipe, log)
        of_cards.append(ear)
    return RecipeEars(tuple(of_cards), exam)


def _clap(recipe: Recipe, log: Log) -> Ear:
    """The ear `clap` with a recipe's weights, worth what the card of these weights says."""
    ear = with_weights(recipe.clap)
    card = _card(ear, recipe.clap.card, log)
    if card is None:
        return ear
    if card.model != ear.version:
        raise UsageError(
            f"the ear clap is {ear.version}, and its calibration card is of {card.model}: run"
            f" `mmusset ears calibrate {ear.name}` again, or name another card in clap.card"
        )
    return calibrated(ear, card)


def _listener(recipe: Recipe, log: Log) -> "tuple[Ear, ListenerExam | None]":
    """The listener, worth what its card says, and what its server has to pass for that."""
    from mmusset.speakers.vllm.deaf import ProbeSound
    from mmusset.speakers.vllm.listener import ListenerExam

    part = recipe.listener
    card = _card(LISTENER, part.card, log)
    if card is None:
        return LISTENER, None
    licences = (f"{card.model}, {part.licence}",) if part.licence else ()
    probes = tuple(
        ProbeSound(wav, frozenset(probe.there), frozenset(probe.absent), frozenset(probe.heard))
        for probe, wav in probes_of(_card_folder(LISTENER, part.card), card)
    )
    # The exam is by clips that the card keeps: another model behind the same name fails it.
    return calibrated(LISTENER, card, licences), ListenerExam(card.model, probes)


def _card(ear: Ear, folder: str, log: Log) -> CalibrationCard | None:
    """An ear's calibration card; without one, the log says what that means."""
    where = _card_folder(ear, folder)
    card = read_card(where)
    if card is None:
        log(
            f"the ear {ear.name} has no calibration card in {where}: what it hears is kept, and"
            f" nothing of it is said; `mmusset ears calibrate {ear.name}` makes one"
        )
    return card


def _card_folder(ear: Ear, folder: str) -> Path:
    return Path(folder) if folder else usual_folder("ears", ear.name)
