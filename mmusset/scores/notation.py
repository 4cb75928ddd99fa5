"""What a score says, in seconds from its beginning."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

DRUMS = -1  # in place of a program
UNNAMED = -2  # a part that names no instrument
FASTEST_BPM, SLOWEST_BPM = 240.0, 20.0  # of beats that somebody means

Mode = Literal["major", "minor", ""]


class NotAScore(ValueError):
    """What was read is no score that can be used; the message completes "it ..."."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note from `start_s` to `end_s`: MIDI's number of its pitch, and 1 to 127 for its force.

    `program` is that of General MIDI, from 0, or `DRUMS` or `UNNAMED`.
    """

    start_s: float
    end_s: float
    pitch: int
    velocity: int
    program: int


@dataclass(frozen=True, slots=True)
class TempoMark:
    """How fast the beat goes from a moment on."""

    at_s: float
    bpm: float


@dataclass(frozen=True, slots=True)
class KeyMark:
    """A key signature from a moment on: its sharps, or flats below 0, and the mode if it is told.

    Programs write C major where nobody chose a key: of MIDI, that says nothing.
    """

    at_s: float
    fifths: int
    mode: Mode = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A MIDI message to a channel, for a synthesizer: its status byte and its data."""

    at_s: float
    status: int
    data: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Notation:
    """A score: notes by when they begin, and what stands over them.

    `on_beat` is the share of notes that begin on a sixteenth or a triplet of the beats that the
    score counts: it is low where somebody's playing was recorded, and the tempo is only a clock's.
    """

    notes: tuple[Note, ...]
    tempi: tuple[TempoMark, ...]
    keys: tuple[KeyMark, ...]
    messages: tuple[Message, ...]
    on_beat: float

    @property
    def begins_s(self) -> float:
        """When the first note begins."""
        return self.notes[0].start_s

    @property
    def ends_s(self) -> float:
        """When the last note ends."""
        return max(note.end_s for note in self.notes)

    def within(self, start_s: float, end_s: float) -> list[Note]:
        """The notes that sound at some moment between two."""
        return [note for note in self.notes if note.start_s < end_s and note.end_s > start_s]


def changes(keys: Iterable[KeyMark]) -> tuple[KeyMark, ...]:
    """The signatures without those that only repeat the one before, as they do after a repeat."""
    kept: list[KeyMark] = []
    for mark in keys:
        if not kept or (mark.fifths, mark.mode) != (kept[-1].fifths, kept[-1].mode):
            kept.append(mark)
    return tuple(kept)


GRID_PER_QUARTER = 12  # sixteenths are 3 of them, triplets of eighths 4
NEAR_GRID = 1 / 48  # of a quarter


def on_beat(starts_in_quarters: Sequence[float]) -> float:
    """The share of notes that begin on a sixteenth or a triplet of a quarter."""
    if not starts_in_quarters:
        return 0.0
    on = 0
    for start in starts_in_quarters:
        steps = round(start % 1 * GRID_PER_QUARTER)
        is_near = abs(start % 1 - steps / GRID_PER_QUARTER) <= NEAR_GRID
        on += is_near and (steps % 3 == 0 or steps % 4 == 0)
    return on / len(starts_in_quarters)
