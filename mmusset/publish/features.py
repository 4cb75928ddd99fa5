"""The types of a dataset's columns, as the front matter of its card spells them.

`load_dataset` guesses types from the first samples where a card has none, and then breaks on
later ones. These are derived from the model that the JSON member is written by.
"""

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from mmusset.sample import MusicEvidence, Quadruple

Feature = dict[str, Any]

SCALARS = {str: "string", int: "int64", float: "float64", bool: "bool"}


def features() -> list[Feature]:
    """`dataset_info.features`: the five members, and what `datasets` adds of each sample."""
    return [
        {"name": "image.jpg", "dtype": "image"},
        {"name": "music.flac", "dtype": "audio"},
        {"name": "story.txt", "dtype": "string"},
        {"name": "caption.txt", "dtype": "string"},
        {"name": "json", "struct": fields_of(Quadruple)},
        {"name": "__key__", "dtype": "string"},
        {"name": "__url__", "dtype": "string"},
    ]


def fields_of(model: type[BaseModel]) -> list[Feature]:
    """The typed fields of a model. Raises TypeError for a type that has no column of its own."""
    if issubclass(model, MusicEvidence):
        model = model.flat()
    return [
        {"name": name, **_feature(field.annotation)} for name, field in model.model_fields.items()
    ]


def _feature(annotation: Any) -> Feature:
    if annotation in SCALARS:
        return {"dtype": SCALARS[annotation]}
    if get_origin(annotation) is Literal:
        (kind,) = {type(value) for value in get_args(annotation)}
        return {"dtype": SCALARS[kind]}
    if get_origin(annotation) is tuple:
        inner, _ = get_args(annotation)
        feature = _feature(inner)
        return {"list": feature.get("dtype") or feature["struct"]}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {"struct": fields_of(annotation)}
    raise TypeError(f"no column can be of type {annotation}")
