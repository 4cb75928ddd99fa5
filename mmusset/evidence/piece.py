"""What belongs to a whole piece, such as its key: measured on several places of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.errors import Unusable
from mmusset.measured import Measured
from mmusset.measurements.declaration import Scale
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.sample_parts.evidence import MusicEvidence

from .clip import TAIL_S, Clip, within_full_scale
from .sound import Samples, Sound

PLACE_S = 10.24  # how much of the piece is heard at a place
MOST_PLACES = 3  # of 357 pieces of games, what three state seven state too
SHORTEST_S = 2.0  # a place that ends sooner tells too little


# What was measured on a piece: values by their field; and on each place of it.
PieceEvidence = Mapping[str, Any]
Everywhere = Mapping[str, tuple[Measured, ...]]


def places_s(duration_s: float) -> list[float]:
    """Where up to three places begin: in the middle of equal stretches, by the length alone."""
    count = max(1, min(MOST_PLACES, int(duration_s / PLACE_S)))
    stretch_s = duration_s / count
    middle_s = max(0.0, (stretch_s - PLACE_S) / 2)
    # To the millisecond, as clips are cut.
    return [math.floor(1e3 * (index * stretch_s + middle_s)) / 1e3 for index in range(count)]


@dataclass(frozen=True, slots=True)
class PiecePlace:
    """A place of a piece that can be heard: where it begins, its `signal`, and `samples`, which are
    those of a clip that begins there and of its tail."""

    start_s: float
    samples: Samples
    signal: ClipSignal


def measure(sound: Sound, silence_dbfs: float) -> PieceEvidence:
    """A value for each measurement that is pooled; none where no place can be heard.

    It is a function of the file alone, so that it is the same for all clips of a piece. A place
    that can't be decoded is left out. Raises Unusable where the file says nothing of its length.
    """
    return pooled([place.signal for place in places_of(sound, silence_dbfs)])


def places_of(sound: Sound, silence_dbfs: float) -> list[PiecePlace]:
    """The places of a piece that can be heard."""
    places = (_heard_at(sound, at_s, silence_dbfs) for at_s in places_s(sound.duration_s))
    return [place for place in places if place]


def signal_of(clip: Clip, places: Sequence[PiecePlace], silence_dbfs: float) -> ClipSignal:
    """A clip's signal: where one of the places is that very clip, what was computed of it already
    is kept."""
    for place in places:
        known = place.signal
        is_there = (place.start_s, known.rate_hz) == (clip.start_s, clip.rate_hz)
        if is_there and np.array_equal(known.samples, clip.samples):
            return known
    return ClipSignal(clip.samples, clip.rate_hz, silence_dbfs)


def pooled(signals: Sequence[ClipSignal]) -> PieceEvidence:
    """What several places of a piece tell of it together."""
    return {each.field: each.pool(signals) for each in MEASUREMENTS if each.pool and signals}


def everywhere(signals: Sequence[ClipSignal]) -> Everywhere:
    """What each place of a piece tells by itself, of what is not pooled."""
    measured = [each for each in MEASUREMENTS if each.measure and not each.pool]
    return {
        each.field: tuple(each.measure(s) for s in signals) for each in measured if each.measure
    }


def joined(signals: Sequence[ClipSignal]) -> Samples | None:
    """The places one after the other, `[frames, 1 or 2]`, for ears to hear as one sound; None where
    there is none."""
    return np.concatenate([signal.samples for signal in signals]) if signals else None


def throughout(clip: MusicEvidence, places: Everywhere) -> MusicEvidence:
    """Evidence on a clip, made to hold of its whole piece: what is another word at one of the
    places has no confidence, and the rest no more than at the least sure of them."""
    fields = dict(clip.fields)
    for each in MEASUREMENTS:
        if each.scale and each.field in places and isinstance(fields[each.field], Measured):
            fields[each.field] = _throughout(each.scale, fields[each.field], places[each.field])
    return clip.model_copy(update={"fields": fields, "scope": "piece"})


def _throughout(scale: Scale, clip: Measured, places: Sequence[Measured]) -> Measured:
    same = all(scale.word(place.value) == scale.word(clip.value) for place in places)
    sureties = (min(place.confidence, scale.surety(place.value)) for place in places)
    sure = min((clip.confidence, *sureties)) if same else 0.0
    return clip.model_copy(update={"confidence": sure})


def _heard_at(sound: Sound, start_s: float, silence_dbfs: float) -> PiecePlace | None:
    try:
        samples, rate_hz = sound.window(start_s, PLACE_S + TAIL_S), sound.rate_hz
    except Unusable:
        return None
    heard = within_full_scale(samples[: round(PLACE_S * rate_hz)])  # as clips are
    if len(heard) < SHORTEST_S * rate_hz:
        return None
    signal = ClipSignal(heard, rate_hz, silence_dbfs)
    return PiecePlace(start_s, samples, signal) if signal.audible_share > 0 else None
