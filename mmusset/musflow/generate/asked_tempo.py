"""The tempo that a caption asks for, by its claims."""

from mmusset.measurements.pulse import PULSE
from mmusset.measurements.pulse import SCALE as PACES
from mmusset.measurements.tempo import TEMPO, bounds_bpm
from mmusset.truth.extract import extract

SLOWEST_BPM, FASTEST_BPM = 40.0, 240.0


def tempo_bounds_bpm(caption: str) -> tuple[float, float] | None:
    """The slowest and the fastest tempo that a caption leaves open, the same twice where it names
    one; None where it says nothing of it. A number counts before words such as "fast"."""
    words = None
    for claim in extract(caption):
        denied = claim.value.startswith("not ")
        if claim.attribute == TEMPO.name and not denied:
            return bounds_bpm(claim.value)
        if claim.attribute == PULSE.name and words is None:
            words = _not_bounds(claim.value) if denied else _bounds(claim.value)
    return words


def _bounds(word: str) -> tuple[float, float]:
    edges = (SLOWEST_BPM, *(border.at for border in PACES.borders), FASTEST_BPM)
    place = PACES.words.index(word)
    return edges[place], edges[place + 1]


def _not_bounds(value: str) -> tuple[float, float] | None:
    """What "not slow" or "not fast" leaves; what is not moderate may be either."""
    low, high = _bounds(value.removeprefix("not "))
    if low == SLOWEST_BPM:
        return high, FASTEST_BPM
    return (SLOWEST_BPM, low) if high == FASTEST_BPM else None
