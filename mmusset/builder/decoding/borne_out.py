"""Where drums come in or go out, by the sound, borne out by an ear that listens for drums.

In real music what is measured as drums coming in is often a beat that gets fuller: no caption tells
it but where an ear hears no drums before and some after (benchmarks/sections.py real).
"""

from collections.abc import Iterator, Sequence

from mmusset.ears.declaration import Ear, Label
from mmusset.ears.hearing import hear
from mmusset.errors import Unusable
from mmusset.evidence.sections import LIKELIER
from mmusset.evidence.sound import Sound
from mmusset.measurements.percussion import PERCUSSION
from mmusset.sample_parts.claims import OF_A_PIECE
from mmusset.structure import Section

WINDOW_S, APART_S, LEAST_S = 8.0, 1.0, 4.0  # of what is heard on either side


def borne_out(
    sections: Sequence[Section], sound: Sound, ears: Sequence[Ear], silence_dbfs: float
) -> tuple[Section, ...]:
    """The sections of a piece, of which no change of drums is surer than likely that no ear bears
    out: the first and the last are asked about, the others nobody tells.

    An ear's own border of silence decides: under half of it there are none, from it on there are.
    """
    witnesses = list(_listening_for_drums(ears))
    changes = [place for place, each in enumerate(sections) if each.change in OF_A_PIECE]
    asked = {changes[0], changes[-1]} if changes else set[int]()
    found = list(sections)
    for place in changes:
        change = sections[place]
        is_heard = place in asked and any(
            _hears(change, sound, ear, label, silence_dbfs) for ear, label in witnesses
        )
        if not is_heard:
            most = min(change.confidence, LIKELIER)
            found[place] = change.model_copy(update={"confidence": most})
    return tuple(found)


def _listening_for_drums(ears: Sequence[Ear]) -> Iterator[tuple[Ear, Label]]:
    for ear in ears:
        for label in ear.labels:
            says = (label.attribute, label.value) == (PERCUSSION.name, "present")
            if ear.listen and says and label.absent_below:
                yield ear, label


def _hears(change: Section, sound: Sound, ear: Ear, label: Label, silence_dbfs: float) -> bool:
    """Whether an ear hears no drums on one side of a change, and some on the other."""
    end_s = change.start_s - APART_S
    start_s = max(0.0, end_s - WINDOW_S)
    sides = [(start_s, end_s - start_s), (change.start_s + APART_S, WINDOW_S)]
    if change.change == "drums out":
        sides.reverse()
    scores = []
    for from_s, seconds in sides:
        seconds = min(seconds, sound.duration_s - from_s)
        if seconds < LEAST_S:
            return False
        try:
            samples = sound.window(from_s, seconds)
        except Unusable:
            return False
        heard = hear(samples, sound.rate_hz, (ear,), silence_dbfs)
        scores.append(heard[ear.name][label.name].score)
    without, beside = scores
    return without < label.absent_below / 2 and beside >= label.absent_below
