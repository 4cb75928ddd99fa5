"""How well a clip's sound is kept: what is wrong with it, and one figure of it all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field

from .frozen import Frozen, Share

PartName = Literal["clipping", "hum", "silence", "bandwidth", "dc_offset"]
Worst = Literal["none", PartName]


AestheticAxis = Literal[
    "production_quality", "production_complexity", "content_enjoyment", "content_usefulness"
]
AXES: tuple[AestheticAxis, ...] = get_args(AestheticAxis)
AestheticScore = Annotated[float, Field(ge=1, le=10)]


class Aesthetics(Frozen):
    """What a model, `by` name and hash, finds that listeners would give a clip, from 1 to 10, by
    the four axes of Audiobox Aesthetics (Tjandra et al. 2025, arXiv:2502.05139).

    It is a model's guess: what it can't tell from a recording that people like, it scores high.
    """

    by: str = ""
    production_quality: float = 0.0  # clear and well balanced, whatever is played
    production_complexity: float = 0.0  # how many things sound
    content_enjoyment: float = 0.0
    content_usefulness: float = 0.0  # as a source of something that one makes

    def of(self, axis: AestheticAxis) -> float:
        """The score on an axis."""
        score: float = getattr(self, axis)
        return score


def _is_unasked(value: object) -> bool:
    return value == Aesthetics()


class Quality(Frozen):
    """What is wrong with a clip's sound, measured on the clip as it is stored.

    Clipping is measured on the clip as it was decoded: another sample rate rounds flat tops off.
    The same sound in both channels is no fault, and leaves the score as it is.
    """

    score: Share  # that of the worst part: 1 where nothing is wrong, by the bounds of PARTS
    worst: Worst
    clipped_share: Share  # of the samples, in flat tops
    longest_clip_ms: float
    hum_db: float  # over what is beside it; 0 where there is none
    hum_hz: Literal[0, 50, 60]  # of the mains
    silence_share: Share  # of the clip
    bandwidth_hz: float  # up to which there is sound
    cut_off: bool  # at that frequency, as codecs do it; instruments fade out
    dc_offset: float  # the mean of the channel that is farther off, of full scale; never negative
    mono_in_stereo: bool  # two channels that are the same
    aesthetics: Annotated[Aesthetics, Field(exclude_if=_is_unasked)] = Aesthetics()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the figure: 1 up to `whole`, 0 from `ruined` on, and in between on a line.

    `reason` is a short fixed phrase for what is wrong, `case` tells a clip's own case.
    """

    name: PartName
    whole: float
    ruined: float
    reason: str
    case: Callable[[Quality], str]

    def score(self, value: float) -> float:
        return min(1.0, max(0.0, (self.ruined - value) / (self.ruined - self.whole)))


def _clipping(quality: Quality) -> str:
    if not quality.clipped_share:
        return "none"
    share, longest_ms = quality.clipped_share, quality.longest_clip_ms
    return f"{share:.2%} of its samples are cut flat, up to {longest_ms:.1f} ms long"


def _hum(quality: Quality) -> str:
    if not quality.hum_hz:
        return "none"
    return f"{quality.hum_hz} Hz of the mains, {quality.hum_db:.0f} dB over what is beside it"


def _bandwidth(quality: Quality) -> str:
    return f"{quality.bandwidth_hz / 1000:.1f} kHz, " + (
        "where the sound is cut off" if quality.cut_off else "not cut off"
    )


# A part of a lower score is worth a word of its own.
WORTH_A_WORD = 0.9

PARTS: tuple[Part, ...] = (
    # Share of the samples in flat tops.
    Part("clipping", 0.001, 0.03, "the sound is clipped", _clipping),
    # dB over what is beside it.
    Part("hum", 6.0, 30.0, "the sound hums", _hum),
    # Share of the clip.
    Part("silence", 0.1, 0.9, "much is silent", lambda q: f"{q.silence_share:.0%} of it is silent"),
    # Of the frequencies that the clip's sample rate can hold, where it is cut off; else 1.
    Part("bandwidth", 0.7, 0.2, "the treble is cut off", _bandwidth),
    # Of full scale.
    Part("dc_offset", 0.02, 0.2, "the wave is off zero", lambda q: f"by {q.dc_offset:.1%}"),
)


def judged(values: Mapping[PartName, float]) -> tuple[float, Worst]:
    """The score, and the part that it is of; "none" where all are whole. `values` are those that
    the bounds of PARTS are in."""
    scores: dict[Worst, float] = {part.name: part.score(values[part.name]) for part in PARTS}
    worst = min(scores, key=lambda name: scores[name])
    return scores[worst], worst if scores[worst] < 1.0 else "none"


def worst_part(quality: Quality) -> Part | None:
    """The part that the score is of; None where nothing is wrong."""
    return next((part for part in PARTS if part.name == quality.worst), None)


def sentence(quality: Quality) -> str:
    """How well the sound is kept, for a caption that says that too: "The sound is clipped." """
    part = worst_part(quality)
    reason = part.reason if part and quality.score < WORTH_A_WORD else "the sound is clean"
    return f"{reason[0].upper()}{reason[1:]}."


def lines(quality: Quality) -> list[tuple[str, str]]:
    """The figure and all parts for people: names and texts."""
    of = worst_part(quality)
    score = f"{quality.score:.2f} of 1" + (f", by its {_title(of)}" if of else "")
    same = [("channels", "two, with the same sound")] if quality.mono_in_stereo else []
    parts = ((_title(part), part.case(quality)) for part in PARTS)
    return [("quality", score), *parts, *same, *_listened(quality.aesthetics)]


def _listened(aesthetics: Aesthetics) -> list[tuple[str, str]]:
    """What a model finds that listeners would give; [] where none was asked."""
    if not aesthetics.by:
        return []
    by = aesthetics.by
    return [(axis_title(axis), f"{aesthetics.of(axis):.1f} of 10, by {by}") for axis in AXES]


def axis_title(axis: AestheticAxis) -> str:
    """`production quality`"""
    return axis.replace("_", " ")


def too_low(axis: AestheticAxis) -> str:
    """The reason of an item whose score on an axis is below what the recipe asks for."""
    return f"low {axis_title(axis)}"


def _title(part: Part) -> str:
    return "DC offset" if part.name == "dc_offset" else part.name
