"""The folder of a calibration card, an ear's or an eye's, and the file in it."""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import ValidationError

from mmusset.bounded import MOST_FACTS, read_bounded
from mmusset.errors import UsageError
from mmusset.files import cache_folder
from mmusset.frozen import Frozen
from mmusset.safe_text import first_line

FILE = "card.json"
Card = TypeVar("Card", bound=Frozen)
Kind = Literal["ears", "eyes"]


def usual_folder(kind: Kind, name: str) -> Path:
    """Where a witness's card lies unless the recipe names another folder."""
    return cache_folder(kind) / name


def card_in(folder: Path, model: type[Card], kind: Kind) -> Card | None:
    """The card in a folder; None where there is none. Raises UsageError for one that is damaged."""
    try:
        return model.model_validate_json(read_bounded(folder / FILE, MOST_FACTS))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"the calibration card {folder / FILE} can't be read"
            f" ({first_line(str(error), 80)}); make it again with `mmusset {kind} calibrate`"
        ) from None


def write_card(folder: Path, card: Frozen) -> None:
    """Write a card; the clips of an ear's lie there already."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{FILE}.partial"
    partial.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    partial.replace(folder / FILE)
