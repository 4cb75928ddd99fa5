"""A written score played out: its measures in the order in which they sound, as notes in seconds.

Repeats and endings are played; jumps such as D.C. al Fine are not.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .notation import (
    DRUMS,
    KeyMark,
    Message,
    Mode,
    NotAScore,
    Notation,
    Note,
    TempoMark,
    changes,
    on_beat,
)

MOST_MEASURES = 20_000  # played out
MOST_NOTES = 200_000
LONGEST_S = 3600.0
USUAL_QUARTER_BPM = 120.0  # of whoever plays a score that names no tempo


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """A note of a measure: where it begins and how long it is, in quarters."""

    at: float
    long: float
    pitch: int
    velocity: int
    program: int
    tied_from: bool
    tied_on: bool


@dataclass(slots=True)
class Measure:
    """A measure of a part: its length and what is in it, by quarters from its beginning."""

    long: float = 0.0
    notes: list[WrittenNote] = field(default_factory=list)
    tempi: list[tuple[float, float]] = field(default_factory=list)  # quarters in a minute
    keys: list[tuple[int, Mode]] = field(default_factory=list)
    beat: float = 0.0  # in quarters, where a time signature stands; 0 where none does
    begins_repeat: bool = False
    repeats: int = 0  # how often it is played that ends here
    endings: frozenset[int] = frozenset()  # the rounds in which it is played; all, if empty
    ends_ending: bool = False


@dataclass(slots=True)
class WrittenPart:
    """A part's measures, as they are written."""

    measures: list[Measure]

    @property
    def notes(self) -> int:
        return sum(len(measure.notes) for measure in self.measures)


def _order(measures: Sequence[Measure]) -> list[int]:
    """The measures in the order in which they are played."""
    order: list[int] = []
    place = begins = 0
    turn = 1  # of the passage that is repeated
    while place < len(measures):
        if len(order) > MOST_MEASURES:
            raise NotAScore(f"has over {MOST_MEASURES} measures")
        measure = measures[place]
        if measure.begins_repeat and begins != place:
            begins, turn = place, 1
        if measure.endings and turn not in measure.endings:
            place += 1
            continue
        order.append(place)
        if measure.repeats and turn < max((measure.repeats, *measure.endings)):
            place, turn = begins, turn + 1
            continue
        if measure.repeats:
            begins, turn = place + 1, 1
        place += 1
    return order


def notation_of(parts: Sequence[WrittenPart]) -> Notation:
    """The notes of all parts, in seconds. Raises NotAScore where they are too many or too long."""
    first = parts[0].measures
    lengths = [
        max((p.measures[n].long for p in parts if n < len(p.measures)), default=0.0)
        for n in range(len(first))
    ]
    order = _order(first)
    clock = _Clock()
    keys: list[KeyMark] = []
    tempi: list[TempoMark] = []
    begins: list[float] = []  # of each measure that is played, in quarters
    at, beat = 0.0, 1.0
    for n in order:
        begins.append(at)
        measures = [p.measures[n] for p in parts if n < len(p.measures)]
        if first[n].beat and first[n].beat != beat:
            beat = first[n].beat
            if clock.names_tempo:
                tempi.append(TempoMark(clock.seconds(at), clock.quarters_per_minute / beat))
        for where, quarters in sorted(t for m in measures for t in m.tempi):
            clock.change(at + where, quarters)
            tempi.append(TempoMark(clock.seconds(at + where), quarters / beat))
        for fifths, mode in next((m.keys for m in measures if m.keys), ()):
            keys.append(KeyMark(clock.seconds(at), fifths, mode))
        at += lengths[n]
    if clock.seconds(at) > LONGEST_S:
        raise NotAScore("is over an hour long")
    played = sum(len(p.measures[n].notes) for p in parts for n in order if n < len(p.measures))
    if played > MOST_NOTES:
        raise NotAScore(f"has over {MOST_NOTES} notes")
    notes = [n for part in parts for n in _played(part, order, begins, clock)]
    notes.sort(key=lambda note: (note.start_s, note.pitch))
    starts = [
        begin + w.at
        for part in parts
        for n, begin in zip(order, begins, strict=True)
        if n < len(part.measures)
        for w in part.measures[n].notes
    ]
    return Notation(
        tuple(notes), tuple(tempi), changes(keys), tuple(_messages(notes)), on_beat(starts)
    )


class _Clock:
    """Seconds by quarters, as tempi come."""

    def __init__(self) -> None:
        self._changes = [(0.0, 0.0, 60 / USUAL_QUARTER_BPM)]
        self.names_tempo = False

    @property
    def quarters_per_minute(self) -> float:
        return 60 / self._changes[-1][2]

    def change(self, quarters: float, quarters_per_minute: float) -> None:
        at_s = self.seconds(quarters)
        self._changes.append((quarters, at_s, 60 / quarters_per_minute))
        self.names_tempo = True

    def seconds(self, quarters: float) -> float:
        """When so many quarters have gone."""
        place = bisect_right(self._changes, quarters, key=lambda change: change[0])
        start, at_s, quarter_s = self._changes[max(0, place - 1)]
        return at_s + (quarters - start) * quarter_s


def _played(
    part: WrittenPart, order: Sequence[int], begins: Sequence[float], clock: _Clock
) -> Iterator[Note]:
    """The notes of a part in the order in which its measures are played, ties made whole."""
    tied: dict[tuple[int, int], tuple[WrittenNote, float, float]] = {}
    for n, begin in zip(order, begins, strict=True):
        if n >= len(part.measures):
            continue
        for written in sorted(part.measures[n].notes, key=lambda each: each.at):
            start, end = begin + written.at, begin + written.at + written.long
            place = written.pitch, written.program
            if written.tied_from and place in tied:
                first, start, _ = tied.pop(place)
            else:
                first = written
            if written.tied_on:
                tied[place] = first, start, end
            else:
                yield _note(first, start, end, clock)
    for first, start, end in tied.values():
        yield _note(first, start, end, clock)


def _note(written: WrittenNote, start: float, end: float, clock: _Clock) -> Note:
    return Note(
        clock.seconds(start), clock.seconds(end), written.pitch, written.velocity, written.program
    )


def _messages(notes: Sequence[Note]) -> list[Message]:
    """The notes for a synthesizer: a channel for each program, as far as there are channels."""
    free = [channel for channel in range(16) if channel != 9]
    programs = dict.fromkeys(note.program for note in notes if note.program != DRUMS)
    channels = {program: free[place % len(free)] for place, program in enumerate(programs)}
    messages = [
        Message(0.0, 0xC0 | channel, (max(0, program),)) for program, channel in channels.items()
    ]
    for note in notes:
        channel = 9 if note.program == DRUMS else channels[note.program]
        messages.append(Message(note.start_s, 0x90 | channel, (note.pitch, note.velocity)))
        messages.append(Message(note.end_s, 0x80 | channel, (note.pitch, 0)))
    # What ends comes before what begins at the same moment.
    return sorted(messages, key=lambda m: (m.at_s, m.status >> 4 == 0x9))
