"""How a piece is built, as far as it was heard: why its clips were cut where they were."""

from collections.abc import Sequence
from typing import Literal

from .frozen import Frozen, Share

Change = Literal["start", "drums in", "drums out", "louder", "softer"]
Choice = Literal["spread", "representative", "loudest", "voice"]
Scope = Literal["clip", "piece"]  # what a caption and its evidence hold of


class Chosen(Frozen):
    """Why a clip was cut where it was.

    `places` of its piece were listened to; `figure` is what this one was chosen by, `usual` the
    median of all, both in `unit`. Where clips are only spread over the piece, none was; and one
    where it has no other that sounds.
    """

    by: Choice = "spread"
    places: int = 0
    figure: float = 0.0
    usual: float = 0.0
    unit: str = ""


SPREAD = Chosen()

_WHY: dict[Choice, str] = {
    "spread": "in the middle of its stretch of the piece",
    "representative": "the most typical",
    "loudest": "the loudest",
    "voice": "the surest of a voice",
}


def reason(chosen: Chosen) -> str:
    """Why a clip lies where it does, for people: "the loudest of 12 places: ..."."""
    if chosen == SPREAD:
        return _WHY["spread"]
    if chosen.places == 1:
        return "since the piece has no other place that sounds"
    among = f"since it is among {_WHY[chosen.by]} of {chosen.places} places"
    return f"{among}: {chosen.figure:g} {chosen.unit}; the median of all is {chosen.usual:g}"


class Section(Frozen):
    """A stretch of a piece, in seconds of it, and what changes where it begins.

    `confidence` is the probability that this changes within a second of there.
    """

    start_s: float
    end_s: float
    change: Change
    confidence: Share
    loudness_lufs: float  # of the whole stretch
    from_clip_s: float  # from the beginning of the clip to that of the section


def lines(sections: Sequence[Section]) -> list[tuple[str, str]]:
    """Sections for people: when each begins, and what changes there."""
    return [(f"from {clock(each.start_s)}", _begins(each)) for each in sections]


def _begins(section: Section) -> str:
    change = "" if section.change == "start" else f"{section.change} ({section.confidence:.2f}), "
    return f"{change}{section.loudness_lufs:.1f} LUFS"


def placed(sections: Sequence[Section], clip_start_s: float) -> tuple[Section, ...]:
    """The sections of a piece as a clip of it has them, that begins there."""
    return tuple(
        each.model_copy(update={"from_clip_s": round(each.start_s - clip_start_s, 3)})
        for each in sections
    )


def clock(seconds: float) -> str:
    """A moment of a piece as players show it: "1:05"."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
