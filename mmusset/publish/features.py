"""The types of a dataset's columns, as the front matter of its card spells them.

`load_dataset` guesses types from the first samples where a card has none, and then breaks on
later ones. These are derived from the model that the JSON member is written by.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from mmusset.sample import HeardLabel, MusicEvidence, Quadruple

Feature = dict[str, Any]
Ears = Mapping[str, Sequence[str]]  # the labels of each

DEAF: Ears = MappingProxyType({})
SCALARS = {str: "string", int: "int64", float: "float64", bool: "bool"}


def features(ears: Ears = DEAF) -> list[Feature]:
    """`dataset_info.features`: the five members, and what `datasets` adds of each sample.

    `ears` are those that listened to the clips.
    """
    return [
        {"name": "image.jpg", "dtype": "image"},
        {"name": "music.flac", "dtype": "audio"},
        {"name": "story.txt", "dtype": "string"},
        {"name": "caption.txt", "dtype": "string"},
        {"name": "json", "struct": fields_of(Quadruple, ears)},
        {"name": "__key__", "dtype": "string"},
        {"name": "__url__", "dtype": "string"},
    ]


def fields_of(model: type[BaseModel], ears: Ears = DEAF) -> list[Feature]:
    """The typed fields of a model. Raises TypeError for a type that has no column of its own.

    A field that is left out where it is empty is there where ears have listened.
    """
    heard: list[Feature] = []
    if issubclass(model, MusicEvidence):
        model = model.flat()
        heard = [{"name": "heard", "struct": _heard(ears)}] if ears else []
    return [
        {"name": name, **_feature(field.annotation, ears)}
        for name, field in model.model_fields.items()
        if ears or field.exclude_if is None
    ] + heard


def _heard(ears: Ears) -> list[Feature]:
    label = fields_of(HeardLabel)
    return [
        {"name": ear, "struct": [{"name": name, "struct": label} for name in labels]}
        for ear, labels in ears.items()
    ]


def _feature(annotation: Any, ears: Ears) -> Feature:
    if annotation in SCALARS:
        return {"dtype": SCALARS[annotation]}
    if get_origin(annotation) is Literal:
        (kind,) = {type(value) for value in get_args(annotation)}
        return {"dtype": SCALARS[kind]}
    if get_origin(annotation) is tuple:
        inner, _ = get_args(annotation)
        feature = _feature(inner, ears)
        return {"list": feature.get("dtype") or feature["struct"]}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {"struct": fields_of(annotation, ears)}
    raise TypeError(f"no column can be of type {annotation}")
