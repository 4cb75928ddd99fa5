"""Standard MIDI files, read without trust: bounded, and never further than their bytes go.

The format is that of the MIDI Manufacturers Association's "Standard MIDI Files 1.0" (1996).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .notation import (
    DRUMS,
    UNNAMED,
    KeyMark,
    Message,
    NotAScore,
    Notation,
    Note,
    TempoMark,
    changes,
    on_beat,
)

MOST_EVENTS = 500_000
MOST_TRACKS = 1_000
LONGEST_S = 3600.0
DRUM_CHANNEL = 9
DRUM_BANKS = (120, 127)  # of General MIDI 2 and XG: any channel may drum
DEFAULT_QUARTER_US = 500_000
# Data bytes after the status, by its upper half.
_LENGTHS = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_TEMPO, _METER, _KEY, _END = 0x51, 0x58, 0x59, 0x2F


@dataclass(frozen=True, slots=True)
class _Event:
    """What happens at a tick: a channel's message, or (`meta`) something about the score."""

    tick: int
    status: int
    data: bytes
    meta: bool = False


def parse(data: bytes) -> Notation:
    """The notes of a MIDI file. Raises NotAScore."""
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[20:]
    if data[:4] != b"MThd" or len(data) < 14:
        raise NotAScore("is no MIDI file")
    size, form, _, division = struct.unpack(">IHHH", data[4:14])
    if form == 2:
        raise NotAScore("holds patterns, and no piece")
    if size < 6 or division == 0:
        raise NotAScore("has a damaged header")
    events = sorted(_events(data[8 + size :]), key=lambda event: event.tick)
    return _notation(events, _TempoMap.of(division, events))


def _events(data: bytes) -> Iterator[_Event]:
    """The events of all tracks, each track's in order."""
    place = tracks = count = 0
    while place + 8 <= len(data):
        name, size = struct.unpack(">4sI", data[place : place + 8])
        body = data[place + 8 : place + 8 + size]  # a length that is a lie ends with the file
        place += 8 + size
        if name != b"MTrk":
            continue
        tracks += 1
        if tracks > MOST_TRACKS:
            raise NotAScore(f"has over {MOST_TRACKS} tracks")
        for event in _track(body):
            count += 1
            if count > MOST_EVENTS:
                raise NotAScore(f"has over {MOST_EVENTS} events")
            yield event


def _track(body: bytes) -> Iterator[_Event]:
    reader, tick, running = _Bytes(body), 0, 0
    while not reader.is_at_end:
        tick += reader.variable()
        status = reader.peek()
        if status == 0xFF:
            reader.take(1)
            kind = reader.take(1)[0]
            data = reader.take(reader.variable())
            if kind == _END:
                return
            running = 0
            yield _Event(tick, kind, data, meta=True)
        elif status in (0xF0, 0xF7):
            reader.take(1)
            reader.take(reader.variable())
            running = 0
        else:
            if status >= 0x80:
                running = reader.take(1)[0]
            if running >> 4 not in _LENGTHS:
                raise NotAScore("is damaged: a message has no status")
            data = reader.take(_LENGTHS[running >> 4])
            if max(data) > 127:
                raise NotAScore("is damaged: a message breaks off")
            yield _Event(tick, running, data)


class _Bytes:
    """Bytes that are taken from the front. Raises NotAScore where there are no more."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def is_at_end(self) -> bool:
        return self._place >= len(self._data)

    def peek(self) -> int:
        if self.is_at_end:
            raise NotAScore("is damaged: it ends in the middle of a message")
        return self._data[self._place]

    def take(self, count: int) -> bytes:
        taken = self._data[self._place : self._place + count]
        if len(taken) < count:
            raise NotAScore("is damaged: it ends in the middle of a message")
        self._place += count
        return taken

    def variable(self) -> int:
        """A number of one to four bytes, of which all but the last have their highest bit set."""
        value = 0
        for _ in range(4):
            byte = self.take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise NotAScore("is damaged: a number has no end")


@dataclass(frozen=True, slots=True)
class _TempoMap:
    """Seconds by ticks: (tick, seconds there, seconds for a tick from there on), in order.

    `ticks_per_quarter` is 0 where ticks are parts of a second, so that nobody knows of beats.
    """

    changes: tuple[tuple[int, float, float], ...]
    ticks_per_quarter: int

    @classmethod
    def of(cls, division: int, events: Sequence[_Event]) -> "_TempoMap":
        if division & 0x8000:
            frames = 256 - (division >> 8)
            parts = division & 0xFF
            if parts == 0:
                raise NotAScore("has a damaged header")
            return cls(((0, 0.0, 1 / (frames * parts)),), 0)
        changes = [(0, 0.0, DEFAULT_QUARTER_US / 1e6 / division)]
        for event in events:
            if event.meta and event.status == _TEMPO and len(event.data) >= 3:
                quarter_us = int.from_bytes(event.data[:3], "big") or DEFAULT_QUARTER_US
                tick, at_s, tick_s = changes[-1]
                at_s += (event.tick - tick) * tick_s
                changes.append((event.tick, at_s, quarter_us / 1e6 / division))
        return cls(tuple(changes), division)

    def seconds(self, ticks: Sequence[int]) -> list[float]:
        """When these ticks come, which are in order. Raises NotAScore beyond an hour."""
        times, place = [], 0
        for tick in ticks:
            while place + 1 < len(self.changes) and self.changes[place + 1][0] <= tick:
                place += 1
            start, at_s, tick_s = self.changes[place]
            times.append(at_s + (tick - start) * tick_s)
        if times and times[-1] > LONGEST_S:
            raise NotAScore("is over an hour long")
        return times


def _notation(events: Sequence[_Event], clock: _TempoMap) -> Notation:
    times = clock.seconds([event.tick for event in events])
    playing = _Playing(times[-1] if times else 0.0)
    for event, at_s in zip(events, times, strict=True):
        if not event.meta:
            playing.hear(event, at_s)
    notes = playing.notes()
    if not notes:
        raise NotAScore("holds no notes")
    quarter = clock.ticks_per_quarter
    return Notation(
        notes=notes,
        tempi=tuple(_tempi(events, times, quarter)) if quarter else (),
        keys=changes(_keys(events, times)),
        messages=tuple(
            Message(at_s, event.status, tuple(event.data))
            for event, at_s in zip(events, times, strict=True)
            if not event.meta
        ),
        on_beat=on_beat([tick / quarter for tick in playing.started]) if quarter else 0.0,
    )


class _Playing:
    """The channels while messages come in."""

    def __init__(self, end_s: float) -> None:
        self._end_s = end_s
        self._programs: dict[int, int] = {}
        self._banks: dict[int, int] = {}
        # By channel and pitch, the notes that sound: when they began, and their force.
        self._open: dict[tuple[int, int], list[tuple[float, int, int]]] = {}
        self._notes: list[Note] = []
        self.started: list[int] = []  # the ticks at which notes begin

    def hear(self, event: _Event, at_s: float) -> None:
        kind, channel = event.status >> 4, event.status & 0xF
        if kind == 0xC:
            self._programs[channel] = event.data[0]
        elif kind == 0xB and event.data[0] == 0:
            self._banks[channel] = event.data[1]
        elif kind == 0x9 and event.data[1]:
            pitch, velocity = event.data
            sounding = self._open.setdefault((channel, pitch), [])
            sounding.append((at_s, velocity, self._program(channel)))
            self.started.append(event.tick)
        elif kind in (0x8, 0x9):
            begun = self._open.get((channel, event.data[0]))
            if begun:
                self._end(event.data[0], *begun.pop(0), at_s)

    def notes(self) -> tuple[Note, ...]:
        """All notes, by when they begin; what nobody ended sounds to the end."""
        for (_, pitch), sounding in self._open.items():
            for begun in sounding:
                self._end(pitch, *begun, self._end_s)
        return tuple(sorted(self._notes, key=lambda note: (note.start_s, note.pitch)))

    def _end(self, pitch: int, start_s: float, velocity: int, program: int, end_s: float) -> None:
        self._notes.append(Note(start_s, end_s, pitch, velocity, program))

    def _program(self, channel: int) -> int:
        if channel == DRUM_CHANNEL or self._banks.get(channel) in DRUM_BANKS:
            return DRUMS
        return self._programs.get(channel, UNNAMED)


def _tempi(
    events: Sequence[_Event], times: Sequence[float], ticks_per_quarter: int
) -> Iterator[TempoMark]:
    """Where the beat's rate changes; in compound time the beat is a dotted quarter."""
    quarter_us, quarters_per_beat, is_marked = DEFAULT_QUARTER_US, 1.0, False
    for event, at_s in zip(events, times, strict=True):
        if event.meta and event.status == _TEMPO and len(event.data) >= 3:
            quarter_us = int.from_bytes(event.data[:3], "big") or DEFAULT_QUARTER_US
            is_marked = True
        elif event.meta and event.status == _METER and len(event.data) >= 2 and event.data[1] < 8:
            quarters_per_beat = beat_in_quarters(event.data[0], 1 << event.data[1])
        else:
            continue
        if is_marked:
            yield TempoMark(at_s, 6e7 / quarter_us / quarters_per_beat)


def beat_in_quarters(beats: int, unit: int) -> float:
    """How long the beat of a time signature is: 1 for 4/4, 1.5 for 6/8, 2 for 2/2."""
    if unit >= 8 and beats % 3 == 0 and beats > 3:
        return 12 / unit
    return 4 / unit if unit in (2, 4) else 1.0


def _keys(events: Sequence[_Event], times: Sequence[float]) -> Iterator[KeyMark]:
    for event, at_s in zip(events, times, strict=True):
        if event.meta and event.status == _KEY and len(event.data) >= 2:
            fifths = event.data[0] - 256 if event.data[0] > 127 else event.data[0]
            is_default = event.data[:2] == b"\0\0"  # what programs write where nobody chose
            if abs(fifths) <= 7 and event.data[1] <= 1 and not is_default:
                yield KeyMark(at_s, fifths, "minor" if event.data[1] else "major")
