"""What is known of a clip of music and of a picture: what was measured, and what ears heard.

Values measured on media carry a confidence from 0 to 1; what it is worth in precision is written
in `docs/benchmarks.md`.
"""

from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, create_model, model_serializer, model_validator

from mmusset.frozen import Frozen, Name, Share, is_empty
from mmusset.measured import Measured
from mmusset.measurements.declaration import Measurement
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.score import UNASKED, Score
from mmusset.structure import Scope, Section

T = TypeVar("T", bound=BaseModel)


class HeardLabel(Frozen):
    """What an ear made of one thing that it listens for: its own `score`, rounded to three digits,
    and the probability by its calibration that the thing is there."""

    score: float
    probability: Share


# By the ear, and by what it listens for.
Heard = dict[Name, dict[Name, HeardLabel]]


class MusicEvidence(Frozen):
    """What was measured on a clip of music: `evidence[TEMPO].bpm`.

    As JSON it is flat, with a field for each measurement on the list that is measured on the
    sound, in the list's order; neither more nor fewer are taken. What ears heard comes after, where
    there are any, then the piece's sections and what its score says, where the recipe asks for
    them. What a score settles stands in place of what was measured, which `fields` keep. Where its
    `scope` is the piece, a confidence is that of holding of all of it.
    """

    duration_s: float
    peak_dbfs: float
    fields: dict[str, Any]
    silence_share: Measured  # share of the clip below the silence threshold
    heard: Heard = Field(default_factory=dict)
    sections: tuple[Section, ...] = ()  # of the whole piece
    score: Score = UNASKED
    scope: Scope = "clip"

    def __getitem__(self, measurement: Measurement[T]) -> T:
        if measurement.derive:
            return measurement.derive(self)
        value: T = self.known[measurement.field]
        return value

    @property
    def known(self) -> dict[str, Any]:
        """The fields, with what a score settles in place of what was measured."""
        return self.fields | dict(self.score.values()) if self.score.used else self.fields

    @classmethod
    def flat(cls) -> type[BaseModel]:
        """The model of its JSON."""
        return _flat_evidence(tuple(MEASUREMENTS))

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        others = {
            "heard": data.get("heard", {}),
            "sections": data.get("sections", ()),
            "score": data.get("score", UNASKED),
            "scope": data.get("scope", "clip"),
        }
        measured = {name: value for name, value in data.items() if name not in others}
        values = dict(vars(cls.flat().model_validate(measured)))
        own = {name: values.pop(name) for name in ("duration_s", "peak_dbfs", "silence_share")}
        return own | {"fields": values} | others

    @model_serializer
    def _to_flat(self) -> dict[str, Any]:
        before = {"duration_s": self.duration_s, "peak_dbfs": self.peak_dbfs}
        after: dict[str, Any] = {"heard": self.heard} if self.heard else {}
        if self.sections:
            after["sections"] = self.sections
        if self.score.origin:
            after["score"] = self.score
        if self.scope == "piece":
            after["scope"] = self.scope
        return before | self.fields | {"silence_share": self.silence_share} | after


@cache
def _flat_evidence(measurements: tuple[Measurement[Any], ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {"duration_s": (float, ...), "peak_dbfs": (float, ...)}
    fields |= {each.field: (each.model, ...) for each in measurements if each.field}
    return create_model("MusicEvidence", __base__=Frozen, **fields, silence_share=(Measured, ...))


Place = Literal[
    "all over",
    "scattered",
    "top",
    "bottom",
    "left",
    "right",
    "centre",
    "edges",
    "top left",
    "top right",
    "bottom left",
    "bottom right",
]
Shape = Literal["area", "band", "upright band", "spot"]


class Placed(Frozen):
    """Where in a picture something lies.

    `confidence` is the share of it that lies there, `filled` how much of that place it covers.
    """

    where: Place
    shape: Shape
    confidence: Share
    filled: Share


class Colour(Frozen):
    """One colour of a picture's palette, the share of pixels that it covers, and where."""

    name: str
    hex: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    share: Share
    purity: Share  # of its pixels, those that an eye would call by this name too
    place: Placed


class ImageEvidence(Frozen):
    """What was measured on a picture. All but the size and places run from 0 to 1."""

    width_px: int
    height_px: int
    palette: Annotated[tuple[Colour, ...], Field(min_length=1)]
    brightness: Measured
    warmth: Measured  # 0 cold (blue), 0.5 neutral, 1 warm (red, orange)
    saturation: Measured
    contrast: Measured
    busyness: Measured  # 0 plain to 1 full of edges
    sharpness: Measured  # of its edges: 0 they fade over several pixels, 1 from one to the next
    lightest: Placed  # where it is lighter than elsewhere
    # hues of small things that the palette has no room for: three and more, or nothing
    specks: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
