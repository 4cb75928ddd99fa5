"""The licences of pretrained models, from their cards, before anything is loaded."""

import re
from collections.abc import Callable
from pathlib import Path

from mmusset.bounded import MOST_TEXT, open_regular

from .pretrained import hub_file
from .recipe import MusFlowRecipe

UNKNOWN = "not stated; look at the model's page before you publish what it makes"


def licences_of(recipe: MusFlowRecipe) -> dict[str, str]:
    """The licence of each pretrained model of a recipe, by its folder or Hub name.

    Raises MmussetError where a name is neither a folder nor on the Hub, or the Hub can't be
    reached.
    """
    codec, encoders = recipe.codec, recipe.encoders
    parts = (codec, encoders.image, encoders.story, encoders.caption, encoders.audio)
    models = [part.model for part in parts if part.kind != "bundled"]
    if codec.kind != "bundled":
        models.insert(1, codec.vocoder)
    return {model: licence_of(model) for model in models if model}


def show_licences(recipe: MusFlowRecipe, log: Callable[[str], None]) -> None:
    """Log the licence of each pretrained model. Raises MmussetError as `licences_of` does."""
    for model, licence in licences_of(recipe).items():
        log(f"{model}: licence {licence}")


def licence_of(model: str) -> str:
    """The licence in the card of a folder or a Hub repository; no weight is read."""
    card = Path(model) / "README.md" if Path(model).is_dir() else hub_file(model, "README.md")
    if card is None or not card.is_file():
        return UNKNOWN
    with open_regular(card) as file:
        text = file.read(MOST_TEXT).decode(errors="replace")
    head = text.removeprefix("---").split("---")[0]
    fields: dict[str, str] = dict(
        re.findall(r"^(license|license_name):[ \t]*(\S.*?)\s*$", head, re.MULTILINE)
    )
    licence = fields.get("license", UNKNOWN)
    return fields.get("license_name", licence) if licence == "other" else licence
