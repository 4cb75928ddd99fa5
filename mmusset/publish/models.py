"""The pretrained models that a dataset was made with, beside its writers and ears: what each was
for, and its licence."""

from dataclasses import dataclass
from typing import Any

from mmusset.shards.manifest import Manifest

from .facts import public_name


@dataclass(frozen=True, slots=True)
class LicensedModel:
    """A model, the key of the recipe that it serves, and what it is licensed under."""

    key: str
    name: str
    licence: str


def licensed_models(manifest: Manifest) -> list[LicensedModel]:
    """What a manifest lists: by their keys, and the one that compared stories with pictures."""
    models = [
        LicensedModel(key, _named(manifest.recipe, key), licence)
        for key, licence in sorted(manifest.model_licences.items())
    ]
    eye = manifest.eye
    if eye:
        models.append(LicensedModel("critic.least_picture_fit", eye.identity, eye.licence))
    return models


def _named(recipe: dict[str, Any], key: str) -> str:
    """The model that a recipe names at a key such as `quality.aesthetics`."""
    part, _, name = key.partition(".")
    return public_name(str(recipe[part][name]))
