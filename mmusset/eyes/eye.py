"""A CLIP that a recipe has compare stories with their pictures, and what its word is worth."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmusset.ears.card_folder import usual_folder
from mmusset.errors import UsageError
from mmusset.installed import check_installed
from mmusset.pretrained.weights import identity_of, licence_of, locate
from mmusset.recipe import Recipe
from mmusset.sample_parts.texts import PictureFit

from .card import EyeCard, read_card
from .model import NEEDED


@dataclass(frozen=True, slots=True)
class Eye:
    """A CLIP with its card: `model` is a folder or a name in the Hub's cache."""

    model: str
    version: str  # what tells its weights from others
    licence: str
    card: EyeCard

    @property
    def identity(self) -> str:
        """Its version, and a hash of the card: a changed calibration shows."""
        return f"{self.version}, calibration {self.card.sha256[:12]}"

    def fit(self, cosine: float) -> PictureFit:
        """What it is worth that a story is so near."""
        return PictureFit(by=self.version, cosine=cosine, probability=self.card.probability(cosine))


def version_of(model: str) -> str:
    """What tells a model's weights from others: a hash of a folder's files, or the Hub's revision.

    Raises MmussetError where what runs it is not installed, or there is no such model.
    """
    check_installed("pairing.clip", *NEEDED)
    return identity_of("clip", locate(model, "")).replace("/", " ", 1)


def eye_of(recipe: Recipe, log: Callable[[str], None]) -> Eye | None:
    """The eye of a recipe, its licence shown; None where stories are compared with no picture.

    Raises MmussetError where the model can't be used, UsageError without a card of it.
    """
    if not recipe.critic.least_picture_fit:
        return None
    model, card_folder = recipe.pairing.clip, recipe.critic.picture_fit_card
    folder = Path(card_folder or usual_folder("eyes", "clip"))
    version, card = version_of(model), read_card(folder)
    if card is None:
        raise UsageError(
            f"critic.least_picture_fit needs a calibration card of {model}, and there is none in"
            f" {folder}: `mmusset eyes calibrate` makes one of pictures with their stories"
        )
    if card.model != version:
        raise UsageError(
            f"pairing.clip is {version}, and the calibration card in {folder} is of {card.model}:"
            " run `mmusset eyes calibrate` again, or name another in critic.picture_fit_card"
        )
    licence = licence_of(model)
    log(f"{model}: licence {licence}")
    return Eye(model, version, licence, card)
