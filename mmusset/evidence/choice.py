"""Which places of a piece its clips are cut from, where a recipe chooses them by their sound.

It is a function of the file and the recipe alone, so that every clip of a piece finds the same
places, whichever is cut first and however often.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.errors import Unusable
from mmusset.measured import Measured
from mmusset.measurements.declaration import Measurement
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.recipe_parts.media import ClipPart
from mmusset.structure import Choice, Chosen

from .clip import Clip, cut_at
from .sound import Sound

MOST_PLACES = 12  # that are listened to, or as many as there are clips to cut
MOST_STEPS = 4.0  # of one measurement: what is farther off than this is simply unlike
DIGITS = 3  # of a figure: beyond these it depends on the machine's arithmetic

# How sure it is that somebody sings in a clip, 0 to 1, and the score behind it.
Voice = Callable[[Clip], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class ChosenPlace:
    """Where in a piece a clip is cut, and why there."""

    start_s: float
    chosen: Chosen


@dataclass(frozen=True, slots=True)
class _Place:
    start_s: float
    figures: tuple[float, ...]


def choose(
    sound: Sound, count: int, part: ClipPart, voice: Voice | None = None
) -> tuple[ChosenPlace, ...]:
    """Where the `count` clips of a piece are cut, in the order of time; less where fewer sound.

    Up to twelve places that do not overlap are listened to, or `count`. With `voice`, which
    `part.choose: voice` needs, it is asked of each. Nothing where the piece has room for one place
    only: then there is nothing to choose from. Raises Unusable where no place sounds.
    """
    places = _heard(sound, count, part, voice)
    if not places:
        return ()
    figures = _ranking(places, part)
    usual = round(statistics.median(figures), DIGITS)
    return tuple(
        ChosenPlace(
            places[n].start_s,
            Chosen(
                by=part.choose,
                places=len(places),
                figure=figures[n],
                usual=usual,
                unit=_UNITS[part.choose],
            ),
        )
        for n in sorted(_best(places, figures, part.choose)[:count])
    )


def _heard(sound: Sound, count: int, part: ClipPart, voice: Voice | None) -> list[_Place]:
    """The places that sound; none where there is room for one only."""
    starts_s = _starts_s(sound.duration_s, count, part.seconds)
    places, troubles = list[_Place](), list[Unusable]()
    for start_s in starts_s if len(starts_s) > 1 else ():
        try:
            clip = cut_at(sound, start_s, part)
        except Unusable as trouble:
            troubles.append(trouble)
        else:
            places.append(_Place(start_s, _figures(clip, part, voice)))
    if troubles and not places:
        raise troubles[0]
    return places


def _best(places: Sequence[_Place], figures: Sequence[float], by: Choice) -> list[int]:
    """The places from the best to the worst; of equals the first.

    The most typical is the nearest to the middle; of the others the highest figure counts, and
    between voices of one figure, since an ear is as sure of many scores, the score.
    """
    sign = 1 if by == "representative" else -1
    ties = [-place.figures[1] if by == "voice" else 0.0 for place in places]
    return sorted(range(len(places)), key=lambda n: (sign * figures[n], ties[n], n))


def _starts_s(duration_s: float, count: int, seconds: float) -> list[float]:
    """The middles of equal stretches, to the millisecond, as clips are cut."""
    places = max(count, min(MOST_PLACES, int(duration_s / seconds)))
    stretch_s = duration_s / places
    room_s = max(0.0, stretch_s - seconds)
    return [math.floor(1e3 * (n * stretch_s + room_s / 2)) / 1e3 for n in range(places)]


_UNITS = {
    "representative": "steps from the piece's middle",
    "loudest": "LUFS",
    "voice": "sure",
}


def _figures(clip: Clip, part: ClipPart, voice: Voice | None) -> tuple[float, ...]:
    """What is known of a place, by what the recipe chooses by."""
    if part.choose == "voice":
        assert voice
        return voice(clip)
    signal = ClipSignal(clip.samples, clip.rate_hz, part.silence_dbfs)
    if part.choose == "loudest":
        from mmusset.dsp.loudness import integrated

        return (integrated(signal.blocks_lufs).value,)
    return tuple(_in_words(each, each.measure(signal)) for each in _numbers() if each.measure)


def _numbers() -> list[Measurement[Any]]:
    """The measurements that are one number on a scale of words."""
    return [each for each in MEASUREMENTS if each.measure and each.scale and each.model is Measured]


def _in_words(measurement: Measurement[Any], measured: Measured) -> float:
    """A value in steps: within one, the scale's margin, another word can't be ruled out."""
    assert measurement.scale
    return measured.value / statistics.fmean(b.margin for b in measurement.scale.borders)


def _ranking(places: Sequence[_Place], part: ClipPart) -> list[float]:
    """The figure of each place, by which they are chosen."""
    if part.choose != "representative":
        return [round(place.figures[0], DIGITS) for place in places]
    middle = [
        statistics.median(column) for column in zip(*(p.figures for p in places), strict=True)
    ]
    return [
        round(
            statistics.fmean(
                min(MOST_STEPS, abs(value - usual))
                for value, usual in zip(place.figures, middle, strict=True)
            ),
            DIGITS,
        )
        for place in places
    ]
