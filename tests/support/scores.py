"""Scores, made on the spot: MIDI, MusicXML, what they sound like, and a sound font."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 22050
TICKS = 480  # of a quarter
PIANO, VIOLIN, FLUTE, LEAD = 0, 40, 73, 80
DRUMS = 9  # the channel

# From the tonic: a tune of two bars over I IV V I, in quarters.
TUNE = (0, 4, 7, 4, 5, 9, 7, 5, 7, 11, 14, 11, 12, 7, 4, 0)
CHORDS = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))


@dataclass(frozen=True)
class Played:
    """A note of a piece: where it begins and how long it is, in quarters."""

    at: float
    long: float
    pitch: int
    channel: int = 0


def song(tonic: int = 60, rounds: int = 4, drums: bool = True) -> tuple[Played, ...]:
    """A tune on channel 0 over chords on channel 1, with a stroke of drums on each beat."""
    notes = []
    for quarter in range(16 * rounds):
        notes.append(Played(quarter, 0.9, tonic + TUNE[quarter % 16]))
        if quarter % 4 == 0:
            chord = CHORDS[quarter // 4 % 4]
            notes += [Played(quarter, 3.9, tonic - 12 + step, 1) for step in chord]
        if drums:
            notes.append(Played(quarter, 0.1, 38, DRUMS))
    return tuple(notes)


def midi(
    notes: Iterable[Played],
    bpm: float = 100.0,
    programs: Sequence[int] = (FLUTE, PIANO),
    key: tuple[int, int] | None = None,
    late: float = 0.0,
) -> bytes:
    """A MIDI file, whose channels from 0 on have these programs. `key` is sharps (flats below 0)
    and 0 for major, 1 for minor; `late` moves every other note, as a person's playing is."""
    timed: list[tuple[int, bytes]] = [(0, b"\xff\x51\x03" + round(6e7 / bpm).to_bytes(3, "big"))]
    if key:
        timed.append((0, b"\xff\x59\x02" + struct.pack("bB", *key)))
    timed += [(0, bytes((0xC0 | n, program))) for n, program in enumerate(programs)]
    for number, note in enumerate(notes):
        start = round((note.at + late * (number % 2)) * TICKS)
        timed.append((start, bytes((0x90 | note.channel, note.pitch, 90))))
        timed.append(
            (start + round(note.long * TICKS), bytes((0x80 | note.channel, note.pitch, 0)))
        )
    track, before = b"", 0
    for tick, event in sorted(timed):
        track += variable(tick - before) + event
        before = tick
    track += b"\0\xff\x2f\0"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS)
    return header + b"MTrk" + struct.pack(">I", len(track)) + track


def variable(number: int) -> bytes:
    """A number as MIDI spells it."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def musicxml(tonic_fifths: int = 0, measures: int = 8, repeat: bool = False, more: str = "") -> str:
    """A flute in common time that plays the tune of `song` in C, 100 quarters a minute."""
    names = {0: "C", 2: "D", 4: "E", 5: "F", 7: "G", 9: "A", 11: "B"}
    written = ""
    for n in range(measures):
        written += f'<measure number="{n + 1}">'
        if n == 0:
            written += (
                f"<attributes><divisions>2</divisions><key><fifths>{tonic_fifths}</fifths></key>"
                "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
                '<direction><sound tempo="100"/></direction>'
            )
        for step in TUNE[4 * n % 16 : 4 * n % 16 + 4]:
            octave, name = 4 + step // 12, names[step % 12]
            written += (
                f"<note><pitch><step>{name}</step><octave>{octave}</octave></pitch>"
                "<duration>2</duration></note>"
            )
        if repeat and n == measures - 1:
            written += '<barline><repeat direction="backward"/></barline>'
        written += "</measure>"
    return (
        '<?xml version="1.0"?><score-partwise><part-list><score-part id="P1">'
        "<part-name>Flute</part-name></score-part></part-list>"
        f'{more}<part id="P1">{written}</part></score-partwise>'
    )


def sound_of(notes: Iterable[Played], bpm: float, path: Path, begins_s: float = 0.0) -> Path:
    """The notes as tones with overtones, and noise for drums; it goes on for a second after."""
    notes = tuple(notes)
    quarter_s = 60 / bpm
    ends_s = begins_s + max(note.at + note.long for note in notes) * quarter_s + 1
    sound = np.zeros(round(ends_s * RATE_HZ))
    rng = np.random.default_rng(1)
    for note in notes:
        start = round((begins_s + note.at * quarter_s) * RATE_HZ)
        time_s = (
            np.arange(min(round(note.long * quarter_s * RATE_HZ), len(sound) - start)) / RATE_HZ
        )
        if note.channel == DRUMS:
            tone = rng.standard_normal(len(time_s)) * np.exp(-40 * time_s)
        else:
            hz = 440 * 2 ** ((note.pitch - 69) / 12)
            tones = (0.5**n * np.sin(2 * np.pi * hz * (n + 1) * time_s) for n in range(4))
            tone = np.sum(list(tones), axis=0) * np.exp(-2 * time_s)
        sound[start : start + len(time_s)] += 0.15 * tone
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound.clip(-0.9, 0.9), RATE_HZ)
    return path


def soundfont(path: Path) -> Path:
    """A sound font (SoundFont 2.01) of one sound, a decaying tone, for every program."""
    time_s = np.arange(RATE_HZ) / RATE_HZ
    tone = np.sin(2 * np.pi * 440 * time_s) * np.exp(-3 * time_s)
    samples = np.concatenate([np.rint(tone * 20000).astype("<i2"), np.zeros(46, "<i2")])

    def named(text: str) -> bytes:
        return text.encode().ljust(20, b"\0")

    def preset(name: str, bank: int, bag: int) -> bytes:
        return named(name) + struct.pack("<HHHIII", 0, bank, bag, 0, 0, 0)

    sample = named("tone") + struct.pack("<IIIIIBbHH", 0, RATE_HZ, 0, 0, RATE_HZ, 69, 0, 0, 1)
    parts = {
        b"phdr": preset("tone", 0, 0) + preset("drums", 128, 1) + preset("EOP", 0, 2),
        b"pbag": struct.pack("<HHHHHH", 0, 0, 1, 0, 2, 0),
        b"pmod": bytes(10),
        b"pgen": struct.pack("<HHHHHH", 41, 0, 41, 0, 0, 0),
        b"inst": named("tone") + struct.pack("<H", 0) + named("EOI") + struct.pack("<H", 1),
        b"ibag": struct.pack("<HHHH", 0, 0, 1, 0),
        b"imod": bytes(10),
        b"igen": struct.pack("<HHHH", 53, 0, 0, 0),
        b"shdr": sample + named("EOS") + bytes(26),
    }
    info = _chunk(b"ifil", struct.pack("<HH", 2, 1)) + _chunk(b"isng", b"EMU8000\0")
    body = b"sfbk" + _chunk(b"LIST", b"INFO" + info + _chunk(b"INAM", b"test\0\0"))
    body += _chunk(b"LIST", b"sdta" + _chunk(b"smpl", samples.tobytes()))
    body += _chunk(b"LIST", b"pdta" + b"".join(_chunk(*each) for each in parts.items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_chunk(b"RIFF", body))
    return path


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
