"""The instruments of scores.py, its drum patterns, and the writing of MIDI files."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

TICKS = 480  # a beat


@dataclass(frozen=True, slots=True)
class Instrument:
    """A General MIDI program (from 0), the lowest note of its tunes, and what it can play."""

    program: int
    low: int
    roles: tuple[str, ...]


INSTRUMENTS = {
    "piano": Instrument(0, 62, ("melody", "chords")),
    "electric piano": Instrument(4, 60, ("melody", "chords")),
    "celesta": Instrument(8, 72, ("melody",)),
    "music box": Instrument(10, 72, ("melody",)),
    "vibraphone": Instrument(11, 65, ("melody", "chords")),
    "marimba": Instrument(12, 60, ("melody", "chords")),
    "organ": Instrument(19, 60, ("melody", "chords")),
    "accordion": Instrument(21, 62, ("melody", "chords")),
    "acoustic guitar": Instrument(24, 57, ("melody", "chords")),
    "steel guitar": Instrument(25, 57, ("chords",)),
    "electric guitar": Instrument(27, 57, ("melody", "chords")),
    "overdriven guitar": Instrument(29, 52, ("melody",)),
    "double bass": Instrument(32, 33, ("bass",)),
    "bass": Instrument(33, 33, ("bass",)),
    "synth bass": Instrument(38, 33, ("bass",)),
    "violin": Instrument(40, 64, ("melody",)),
    "cello": Instrument(42, 48, ("melody",)),
    "harp": Instrument(46, 60, ("melody", "chords")),
    "strings": Instrument(48, 60, ("chords",)),
    "trumpet": Instrument(56, 60, ("melody",)),
    "brass": Instrument(61, 57, ("melody", "chords")),
    "saxophone": Instrument(65, 57, ("melody",)),
    "oboe": Instrument(68, 64, ("melody",)),
    "clarinet": Instrument(71, 60, ("melody",)),
    "flute": Instrument(73, 69, ("melody",)),
    "synth lead": Instrument(81, 62, ("melody",)),
    "synth pad": Instrument(89, 60, ("chords",)),
}


@dataclass(frozen=True, slots=True)
class Note:
    """Start and length in beats (in ticks once played); velocity is an offset until played."""

    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Part:
    """The notes of one MIDI channel (from 0), with its pan and volume from 0 to 127."""

    instrument: str
    channel: int
    pan: int
    volume: int
    notes: Sequence[Note]


# General MIDI percussion.
KICK, STICK, SNARE, HAT, OPEN_HAT, CRASH, RIDE, TOM = 36, 37, 38, 42, 46, 49, 51, 45


def drum_hits(groove: str, bars: int, beats: int) -> list[Note]:
    """Drums for a groove: a fill at the end of each four bars, and a last stroke."""
    hits: list[tuple[float, int, int]] = []
    for bar in range(bars - 1):
        at = bar * beats
        pattern = _pattern(groove, beats)
        if bar % 4 == 3:
            pattern = [hit for hit in pattern if hit[0] < beats - 1]
            pattern += [(beats - 1 + q / 4, SNARE if q < 2 else TOM, q * 3 - 6) for q in range(4)]
        hits += [(at + start, drum, loud) for start, drum, loud in pattern]
    end = (bars - 1) * beats
    hits += [(end, KICK, 6), (end, CRASH if groove != "held" else RIDE, -4)]
    return [Note(start, 0.2, drum, loud) for start, drum, loud in hits]


def _pattern(groove: str, beats: int) -> list[tuple[float, int, int]]:
    """One bar as (beat, drum, loudness offset)."""
    back = [(float(beat), SNARE, 4) for beat in range(1, beats, 2)]
    if beats == 3:
        back = [(1.0, STICK, -8), (2.0, STICK, -8)]
    quavers = [(q / 2, HAT, -12 if q % 2 else -4) for q in range(2 * beats)]
    if groove == "held":
        sticks = [(start, STICK, -8) for start, _, _ in back]
        return [(0.0, KICK, 0), *sticks, *((q, HAT, loud - 8) for q, _, loud in quavers)]
    if groove == "comping":
        ride = [(float(beat), RIDE, -6) for beat in range(beats)]
        skips = [(beat + 0.5, RIDE, -14) for beat in range(1, beats, 2)]
        feet = [(float(beat), 44, -6) for beat in range(1, beats, 2)]
        return [*ride, *skips, *feet, (0.0, KICK, -8), (2.5, SNARE, -16)]
    if groove == "driving":
        kicks = [(float(beat), KICK, 8) for beat in range(beats)]
        offs = [(beat + 0.5, OPEN_HAT, -10) for beat in range(beats)]
        return [*kicks, *back, *offs, *quavers]
    return [(0.0, KICK, 6), (1.5, KICK, -4), (2.0, KICK, 2), *back, *quavers]


def midi_file(parts: Sequence[Part], tempo_bpm: float) -> bytes:
    """A Standard MIDI File, format 0, of parts whose notes are in ticks.

    It ends two seconds after the last note, so that it can ring out.
    """
    events: list[tuple[int, int, bytes]] = []
    for part in parts:
        channel = part.channel
        program = INSTRUMENTS[part.instrument].program if part.instrument in INSTRUMENTS else 0
        setup = [bytes([0xC0 | channel, program])]
        for control, value in ((7, part.volume), (10, part.pan), (91, 48)):
            setup.append(bytes([0xB0 | channel, control, value]))
        events += [(0, 0, one) for one in setup]
        for note in part.notes:
            start, end = round(note.start), round(note.start + note.length)
            events.append((start, 2, bytes([0x90 | channel, note.pitch, note.velocity])))
            events.append((end, 1, bytes([0x80 | channel, note.pitch, 0])))
    events.sort()
    last = events[-1][0] + round(2 * tempo_bpm / 60 * TICKS)
    tempo = b"\xff\x51\x03" + round(60_000_000 / tempo_bpm).to_bytes(3)
    track, now = b"\x00" + tempo, 0
    for tick, _, message in events:
        track += _varlen(tick - now) + message
        now = tick
    track += _varlen(last - now) + b"\xff\x2f\x00"
    header = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, TICKS)
    return header + struct.pack(">4sI", b"MTrk", len(track)) + track


def _varlen(value: int) -> bytes:
    """A MIDI variable-length quantity: seven bits a byte, high bit on all but the last."""
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([value & 0x7F | 0x80]) + out
    return out
