"""The types of a dataset's columns, as the front matter of its card spells them.

`load_dataset` guesses types from the first samples where a card has none, and then breaks on
later ones. These are derived from the model that the JSON member is written by.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from mmusset.sample import Quadruple
from mmusset.sample_parts.evidence import HeardLabel, MusicEvidence
from mmusset.score import Score
from mmusset.shards.frames import MEMBER as FRAMES
from mmusset.structure import Section

Feature = dict[str, Any]
Ears = Mapping[str, Sequence[str]]  # the labels of each

DEAF: Ears = MappingProxyType({})
SCALARS = {str: "string", int: "int64", float: "float64", bool: "bool"}


def features(ears: Ears = DEAF, optional: Collection[str] = ()) -> list[Feature]:
    """`dataset_info.features`: the members, and what `datasets` adds of each sample.

    `ears` are those that listened to the clips; `optional` are the fields that only some recipes
    fill (`optional_fields`), and `frames` where samples have them, which others do without.
    """
    return [
        {"name": "image.jpg", "dtype": "image"},
        {"name": "music.flac", "dtype": "audio"},
        {"name": "story.txt", "dtype": "string"},
        {"name": "caption.txt", "dtype": "string"},
        {"name": "json", "struct": fields_of(Quadruple, ears, optional)},
        *([{"name": FRAMES, "dtype": "image"}] if "frames" in optional else []),
        {"name": "__key__", "dtype": "string"},
        {"name": "__url__", "dtype": "string"},
    ]


def optional_fields(recipe: Mapping[str, Any]) -> frozenset[str]:
    """The fields that the samples of a recipe have, and that others leave out."""
    fields = {
        "tier": bool(recipe.get("ears") or recipe.get("scores")),
        "chosen": "choose" in recipe.get("clip", {}),
        "aesthetics": "aesthetics" in recipe.get("quality", {}),
        "lyrics": recipe.get("lyrics") == "keep",
        "match": recipe.get("pairing", {}).get("mode", "given") != "given",
        "picture_fit": "least_picture_fit" in recipe.get("critic", {}),
        "transcript": "transcriber" in recipe,
        "sections": bool(recipe.get("piece", {}).get("sections") or recipe.get("caption")),
        "score": bool(recipe.get("scores")),
        "scope": bool(recipe.get("caption")),
    }
    return frozenset(name for name, is_there in fields.items() if is_there)


def fields_of(
    model: type[BaseModel], ears: Ears = DEAF, optional: Collection[str] = ()
) -> list[Feature]:
    """The typed fields of a model. Raises TypeError for a type that has no column of its own.

    A field that may be left out of samples is there if it is among `optional`.
    """
    after: list[Feature] = []
    if issubclass(model, MusicEvidence):
        model = model.flat()
        after = [{"name": "heard", "struct": _heard(ears)}] if ears else []
        if "sections" in optional:
            after.append({"name": "sections", "list": fields_of(Section)})
        if "score" in optional:
            after.append({"name": "score", "struct": fields_of(Score)})
        if "scope" in optional:
            after.append({"name": "scope", "dtype": "string"})
    return [
        {"name": name, **_feature(field.annotation, ears, optional)}
        for name, field in model.model_fields.items()
        if field.exclude_if is None or name in optional
    ] + after


def _heard(ears: Ears) -> list[Feature]:
    label = fields_of(HeardLabel)
    return [
        {"name": ear, "struct": [{"name": name, "struct": label} for name in labels]}
        for ear, labels in ears.items()
    ]


def _feature(annotation: Any, ears: Ears, optional: Collection[str]) -> Feature:
    if annotation in SCALARS:
        return {"dtype": SCALARS[annotation]}
    if get_origin(annotation) is Literal:
        (kind,) = {type(value) for value in get_args(annotation)}
        return {"dtype": SCALARS[kind]}
    if get_origin(annotation) is tuple:
        inner, _ = get_args(annotation)
        feature = _feature(inner, ears, optional)
        return {"list": feature.get("dtype") or feature["struct"]}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {"struct": fields_of(annotation, ears, optional)}
    raise TypeError(f"no column can be of type {annotation}")
