"""How a piece is built, as far as it was heard: why its clips were cut where they were."""

from typing import Literal

from .frozen import Frozen

Choice = Literal["spread", "representative", "loudest", "voice"]


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
