"""Small pieces of music whose tempo, key and instruments are known, as MIDI and as sound.

`compose` writes a Piece as a Standard MIDI File, `render` plays one with FluidSynth and
FluidR3_GM.sf2. The same Piece always gives the same bytes.
"""

import hashlib
import math
import random
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestra import INSTRUMENTS, TICKS, Note, Part, drum_hits, midi_file

Mode = Literal["major", "minor"]
# How chords, bass and drums move: long chords, arpeggios, guitar strums, swing, steady quavers.
Groove = Literal["held", "broken", "strummed", "comping", "driving"]

SOUNDS = Path("/usr/share/sounds")
PACKAGES = {  # of Debian, by the sound font that is in it
    "FluidR3_GM.sf2": "fluid-soundfont-gm",
    "TimGM6mb.sf2": "timgm6mb-soundfont",
    "MuseScore_General_Lite.sf3": "musescore-general-soundfont-small",
    "sf_GMbank.sf2": "csound-soundfont",
}
LOAD_WHAT_SOUNDS = ("-o", "synth.dynamic-sample-loading=1")
TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SCALES: dict[Mode, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
}
# Four bars each, as degrees of the scale from 0. A phrase A starts at home, a B elsewhere.
PROGRESSIONS: dict[tuple[Mode, str], tuple[tuple[int, ...], ...]] = {
    ("major", "A"): ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 0, 4), (0, 2, 3, 4), (0, 3, 1, 4)),
    ("major", "B"): ((3, 4, 0, 5), (3, 0, 1, 4), (5, 3, 0, 4), (1, 4, 0, 4)),
    ("minor", "A"): ((0, 5, 2, 6), (0, 3, 4, 0), (0, 6, 5, 4), (0, 3, 0, 4), (0, 5, 3, 4)),
    ("minor", "B"): ((3, 0, 5, 4), (5, 6, 0, 0), (3, 0, 3, 4), (5, 2, 3, 4)),
}
# Rhythms of one bar of melody, as (start, length) in beats; the gaps are rests.
Cell = tuple[tuple[float, float], ...]
CELLS: dict[int, tuple[tuple[Cell, ...], ...]] = {
    4: (
        (
            ((0, 2), (2, 2)),
            ((0, 3), (3, 1)),
            ((0, 1.5), (1.5, 0.5), (2, 2)),
            ((1, 1), (2, 1.75)),
        ),
        (
            ((0, 1), (1, 0.5), (1.5, 0.5), (2, 1), (3, 0.75)),
            ((0.5, 0.5), (1, 1), (2, 0.5), (2.5, 1.25)),
            ((0, 1.5), (1.5, 1), (2.5, 0.5), (3, 1)),
            ((0, 1), (1, 1), (2, 0.5), (2.5, 0.5), (3, 0.5), (3.5, 0.5)),
        ),
        (
            ((0, 0.5), (0.5, 1), (1.5, 1), (2.5, 0.5), (3, 0.5), (3.5, 0.5)),
            ((0, 0.5), (0.5, 0.5), (1, 0.5), (1.5, 0.5), (2, 0.75), (3, 0.5), (3.5, 0.5)),
            ((0, 0.75), (0.75, 0.75), (1.5, 0.5), (2, 0.5), (2.5, 0.5), (3, 1)),
            ((0.5, 0.5), (1, 0.5), (1.5, 1), (2.5, 0.5), (3, 0.5), (3.5, 0.5)),
        ),
    ),
    3: (
        (((0, 2), (2, 1)), ((0, 3),), ((0, 1.5), (1.5, 0.5), (2, 1))),
        (((0, 1), (1, 1), (2, 0.75)), ((0, 1), (1, 0.5), (1.5, 0.5), (2, 1)), ((0, 2), (2, 0.5))),
        (
            ((0, 0.5), (0.5, 0.5), (1, 0.5), (1.5, 0.5), (2, 1)),
            ((0, 1), (1, 0.5), (1.5, 0.5), (2, 0.5), (2.5, 0.5)),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """What is to be composed. Instruments are names of INSTRUMENTS; None leaves a part out.

    `velocity` is the MIDI velocity (1 to 127) that the notes lie around, `busy` from 0
    (long notes) to 2 (quavers and syncopation), `swing` from 0 (straight) to 1 (triplets).
    The last bar is one held chord.
    """

    tempo_bpm: float
    tonic: str
    mode: Mode
    bars: int
    seed: int
    melody: str = "piano"
    chords: str = "piano"
    bass: str | None = "bass"
    pad: str | None = None
    drums: bool = False
    groove: Groove = "broken"
    velocity: int = 80
    busy: int = 1
    swing: float = 0.0
    beats_per_bar: int = 4

    @property
    def instruments(self) -> tuple[str, ...]:
        """The names of what plays, without the drums, each once."""
        named = (self.melody, self.chords, self.bass, self.pad)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def duration_s(self) -> float:
        """Length of the bars, without what rings on after them."""
        return self.bars * self.beats_per_bar * 60 / self.tempo_bpm


def compose(piece: Piece) -> bytes:
    """The piece as a Standard MIDI File, format 0."""
    return midi_file(played(piece), piece.tempo_bpm)


def played(piece: Piece) -> list[Part]:
    """What each instrument plays, in ticks."""
    rng = random.Random(_number("compose", piece.seed))
    harmony = _harmony(piece, rng)
    parts = [
        Part(piece.melody, 0, 64, 104, _melody(piece, harmony, rng)),
        Part(piece.chords, 1, 44, 82, _chords(piece, harmony, rng)),
    ]
    if piece.bass:
        parts.append(Part(piece.bass, 2, 64, 100, _bass(piece, harmony)))
    if piece.pad:
        parts.append(Part(piece.pad, 3, 84, 66, _held(piece, harmony, piece.pad)))
    if piece.drums:
        hits = drum_hits(piece.groove, piece.bars, piece.beats_per_bar)
        parts.append(Part("drums", 9, 64, 96, hits))
    return [_played(part, piece, rng) for part in parts]


def random_piece(seed: int) -> Piece:
    """A piece drawn from the seed: 60 to 180 BPM, any key, 60 % with drums.

    The bars before the last chord take at least 11 s.
    """
    rng = random.Random(_number("piece", seed))
    tempo_bpm = round(rng.uniform(60, 180), 1)
    mode: Mode = rng.choice(("major", "minor"))
    beats = 3 if rng.random() < 0.15 else 4
    grooves: tuple[Groove, ...] = ("held", "broken", "strummed", "comping", "driving")
    groove = rng.choice(grooves if tempo_bpm < 150 else grooves[:4])
    return Piece(
        tempo_bpm=tempo_bpm,
        tonic=rng.choice(TONICS),
        mode=mode,
        bars=math.ceil(11 * tempo_bpm / 60 / beats) + 1,
        seed=seed,
        melody=rng.choice([name for name, one in INSTRUMENTS.items() if "melody" in one.roles]),
        chords=rng.choice([name for name, one in INSTRUMENTS.items() if "chords" in one.roles]),
        bass=rng.choice([name for name, one in INSTRUMENTS.items() if "bass" in one.roles]),
        pad=rng.choice((None, None, "strings", "synth pad")),
        drums=rng.random() < 0.6,
        groove=groove,
        velocity=rng.randint(40, 115),
        busy=rng.choice((0, 1, 2)) if tempo_bpm < 130 else rng.choice((0, 1)),
        swing=1.0 if groove == "comping" and beats == 4 and rng.random() < 0.6 else 0.0,
        beats_per_bar=beats,
    )


def render(midi: bytes, wav_path: Path, gain: float, font: str = "FluidR3_GM.sf2") -> None:
    """Play a MIDI file into a WAV, 44.1 kHz, stereo, 16 bit. `gain` is FluidSynth's, 0 to 10.

    Raises FileNotFoundError if FluidSynth or the sound font is missing, and
    subprocess.CalledProcessError if FluidSynth fails.
    """
    play([midi], wav_path, font, ("-g", f"{gain:g}", "-O", "s16", *LOAD_WHAT_SOUNDS))


def play(midis: Sequence[bytes], wav_path: Path, font: str, options: Sequence[str]) -> None:
    """Play MIDI files one after another into a WAV; raises what `render` does."""
    soundfont = SOUNDS / font[-3:] / font
    if not soundfont.is_file():
        raise FileNotFoundError(f"no {soundfont}: install Debian's {PACKAGES[font]}")
    command = ["fluidsynth", "-n", "-i", "-q", "-r", "44100", "-T", "wav", *options]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.mid" for number in range(len(midis))]
        for file, midi in zip(files, midis, strict=True):
            file.write_bytes(midi)
        try:
            subprocess.run(
                [*command, "-F", wav_path, soundfont, *files], check=True, capture_output=True
            )
        except FileNotFoundError as error:
            raise FileNotFoundError("no fluidsynth: install Debian's fluidsynth") from error
    if not wav_path.is_file():
        raise FileNotFoundError(f"fluidsynth wrote no {wav_path}; is its folder there?")


# --- harmony and parts: notes in beats, pitches in MIDI numbers ---------------------------


def _number(label: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{label}:{seed}".encode()).digest()[:8])


def _harmony(piece: Piece, rng: random.Random) -> list[int]:
    """The chord of every bar as a degree of the scale; phrases go A A B A and close on V I."""
    phrases = {letter: rng.choice(PROGRESSIONS[piece.mode, letter]) for letter in ("A", "B")}
    bars = [phrases["AABA"[bar // 4 % 4]][bar % 4] for bar in range(piece.bars)]
    bars[-2:] = [4, 0]
    return bars


def _pitch(piece: Piece, degree: int, chord: int, low: int) -> int:
    """The MIDI note of a scale degree; degree 0 is the lowest tonic from `low` on.

    Over the fifth degree a minor scale has its leading note (harmonic minor).
    """
    octave, step = divmod(degree, 7)
    base = low + (TONICS.index(piece.tonic) - low) % 12
    raised = piece.mode == "minor" and chord == 4 and step == 6
    return base + 12 * octave + SCALES[piece.mode][step] + raised


def _voicing(piece: Piece, chord: int, low: int) -> list[int]:
    """The chord's three notes within the octave above `low`, so that voices move little."""
    pitches = (_pitch(piece, chord + third, chord, low) for third in (0, 2, 4))
    return sorted(low + (pitch - low) % 12 for pitch in pitches)


def _melody(piece: Piece, harmony: list[int], rng: random.Random) -> list[Note]:
    """A tune made of two motifs of two bars; each phrase ends on a long note and a rest."""
    low = INSTRUMENTS[piece.melody].low
    cells = CELLS[piece.beats_per_bar][piece.busy]
    motifs = {
        letter: [
            (cell, [rng.choice((-2, -1, -1, 1, 1, 2)) for _ in cell])
            for cell in rng.sample(cells, 2)
        ]
        for letter in ("A", "B")
    }
    notes: list[Note] = []
    degree = rng.choice((2, 4))
    for bar, chord in enumerate(harmony[:-1]):
        start = bar * piece.beats_per_bar
        letter = "AABA"[bar // 4 % 4]
        cell, moves = motifs[letter][bar % 2]
        if bar % 4 == 3:
            cell = ((0, piece.beats_per_bar - 1.25),) if piece.busy == 0 else ((0, 1), (1, 1))
            moves = [rng.choice((-1, 1)), 0]
        for (at, length), move in zip(cell, moves, strict=False):
            degree += move
            degree += -3 if degree > 9 else 3 if degree < -1 else 0
            if at % 2 == 0 or length >= 1.5:
                degree = _nearest(degree, chord)
            accent = 6 if at == 0 else -4 if at % 1 else 0
            pitch = _pitch(piece, degree, chord, low)
            notes.append(Note(start + at, length * 0.94, pitch, accent))
    close = (len(harmony) - 1) * piece.beats_per_bar
    home = 7 if degree > 4 else 0
    notes.append(Note(close, piece.beats_per_bar, _pitch(piece, home, 0, low), 4))
    return notes


def _nearest(degree: int, chord: int) -> int:
    """The degree of a chord note next to this one."""
    tones = [degree + off for off in (0, -1, 1, -2, 2) if (degree + off - chord) % 7 in (0, 2, 4)]
    return tones[0]


def _chords(piece: Piece, harmony: list[int], rng: random.Random) -> list[Note]:
    if piece.groove == "held":
        return _held(piece, harmony, piece.chords)
    low, beats = INSTRUMENTS[piece.chords].low - 5, piece.beats_per_bar
    comping = rng.choice((((0, 0.8), (1.5, 0.4)), ((0.5, 0.4), (1.5, 1.2)), ((0, 1.4), (2.5, 0.4))))
    notes: list[Note] = []
    for bar, chord in enumerate(harmony[:-1]):
        start, voices = bar * beats, _voicing(piece, chord, low)
        if piece.groove == "broken":
            ladder = [*voices, voices[0] + 12]
            order = (0, 1, 2, 3, 2, 1, 2, 1) if beats == 4 else (0, 1, 2, 3, 2, 1)
            notes += [
                Note(start + at / 2, 0.9, ladder[step], -6 if at else 2)
                for at, step in enumerate(order)
            ]
        elif piece.groove == "strummed":
            strokes = (0, 1, 1.5, 2.5, 3, 3.5) if beats == 4 else (0, 1, 1.5, 2)
            notes += [
                Note(start + at + 0.02 * rank, 0.45, voice, 4 if at % 2 == 0 else -8)
                for at in strokes
                for rank, voice in enumerate([voices[0] - 12, *voices] if at == 0 else voices)
            ]
        elif piece.groove == "comping":
            stabs = [hit for hit in (*comping, (3, 0.5)) if hit[0] < beats]
            notes += [Note(start + at, long, voice, -2) for at, long in stabs for voice in voices]
        else:
            notes += [
                Note(start + at / 2, 0.35, voice, 4 if at % 2 == 0 else -10)
                for at in range(2 * beats)
                for voice in voices
            ]
    close = (len(harmony) - 1) * beats
    return notes + [Note(close, beats, voice, 0) for voice in _voicing(piece, 0, low)]


def _held(piece: Piece, harmony: list[int], name: str) -> list[Note]:
    """One long chord a bar; notes that stay are tied."""
    low, beats = INSTRUMENTS[name].low - 5, piece.beats_per_bar
    return [
        Note(bar * beats, beats * 0.98, voice, -4)
        for bar, chord in enumerate(harmony)
        for voice in _voicing(piece, chord, low)
    ]


def _bass(piece: Piece, harmony: list[int]) -> list[Note]:
    low, beats = 33, piece.beats_per_bar
    notes: list[Note] = []
    for bar, chord in enumerate(harmony[:-1]):
        root, fifth = (low + (_pitch(piece, chord + up, chord, low) - low) % 12 for up in (0, 4))
        third = low + (_pitch(piece, chord + 2, chord, low) - low) % 12
        lines: dict[Groove, list[tuple[float, float, int]]] = {
            "held": [(0, beats * 0.95, root)],
            "driving": [(at / 2, 0.42, root) for at in range(2 * beats)],
            "comping": [(at, 0.9, (root, third, fifth, third)[at]) for at in range(beats)],
        }
        line = lines.get(piece.groove, [(0, 1.4, root), (1.5, 0.4, root), (2, 0.9, fifth)])
        notes += [Note(bar * beats + at, long, pitch, 0) for at, long, pitch in line]
    root = low + (TONICS.index(piece.tonic) - low) % 12
    return [*notes, Note((len(harmony) - 1) * beats, beats, root, 0)]


def _played(part: Part, piece: Piece, rng: random.Random) -> Part:
    """Beats become ticks: swing, a few milliseconds of looseness, a swell over each phrase."""
    phrase = 4 * piece.beats_per_bar
    notes = []
    for note in part.notes:
        start = _swung(note.start, piece.swing)
        length = _swung(note.start + note.length, piece.swing) - start
        loose_ms = rng.uniform(0, 6)
        swell = 7 * math.sin(math.pi * (note.start % phrase) / phrase)
        loud = piece.velocity + note.velocity + swell + rng.randint(-3, 3)
        tick = round(start * TICKS + loose_ms / 1000 * piece.tempo_bpm / 60 * TICKS)
        velocity = max(1, min(127, round(loud)))
        notes.append(Note(tick, max(1, round(length * TICKS)), note.pitch, velocity))
    return Part(part.instrument, part.channel, part.pan, part.volume, notes)


def _swung(beat: float, swing: float) -> float:
    """The moment at which a beat is played: an off-beat quaver waits for the triplet."""
    whole, rest = divmod(beat, 1)
    middle = 0.5 + swing / 6
    late = rest * 2 * middle if rest < 0.5 else middle + (rest - 0.5) * 2 * (1 - middle)
    return whole + late
