"""How clips and pictures are made: cut, measured, judged, stored, and within what limits."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from mmusset.frozen import Count, Frozen, Positive, Share
from mmusset.quality import AestheticAxis, AestheticScore
from mmusset.structure import Choice


class ClipPart(Frozen):
    """How clips are cut from the music."""

    seconds: Annotated[float, Field(ge=2.0, le=60.0)] = 10.24
    rate_hz: Annotated[int, Field(ge=8000, le=48000)] = 44100
    per_track: Annotated[int, Field(ge=1, le=99)] = 1
    choose: Choice = "spread"
    silence_dbfs: Annotated[float, Field(le=-20)] = -60.0
    max_silence_share: Share = 0.5


class PiecePart(Frozen):
    """What is measured on whole pieces, beside their tempo and key."""

    sections: bool = False


class QualityPart(Frozen):
    """How good a clip's sound has to be: below it, a clip is rejected before anybody writes.

    `least` is of what was measured. `aesthetics` names an Audiobox Aesthetics model, a folder or a
    name in the Hub's cache, "" for none; `least_aesthetics` are of what it gives, from 1 to 10.
    """

    least: Share = 0.0
    aesthetics: str = ""
    least_aesthetics: dict[AestheticAxis, AestheticScore] = Field(default_factory=dict)

    @model_validator(mode="after")
    def what_is_asked_for_is_given(self) -> Self:
        if self.least_aesthetics and not self.aesthetics:
            raise ValueError("quality.least_aesthetics needs a model: name one in aesthetics")
        return self


class MusicPart(Frozen):
    """Where the music of a picture comes from that belongs to none.

    `files`: from nowhere, it is left over. `generate`: from a trained model of MusFlow, whose
    folder or checkpoint is `checkpoint`.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    source: Literal["files", "generate"] = Field("files", alias="from")
    checkpoint: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    device: str = "cpu"  # or cuda; other devices make other bytes

    @model_validator(mode="after")
    def who_generates_is_named(self) -> "MusicPart":
        if self.source == "generate" and not self.checkpoint:
            raise ValueError("from: generate needs checkpoint, the folder of a `mmusset train`")
        return self


class ImagePart(Frozen):
    """How pictures are stored."""

    max_side_px: Annotated[int, Field(ge=64, le=4096)] = 1024
    min_side_px: Annotated[int, Field(ge=28)] = 64
    jpeg_quality: Annotated[int, Field(ge=50, le=100)] = 90


class LimitsPart(Frozen):
    """What a decoding process may use, how much a shard may hold, and how long a worker that is
    silent keeps its block."""

    workers: Annotated[int, Field(ge=1, le=256)] = 2
    decode_seconds: Positive = 60.0
    decode_memory_mb: Annotated[int, Field(ge=256)] = 2048
    block_size: Count = 512
    lease_seconds: Positive = 60.0
