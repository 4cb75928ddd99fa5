"""Clips of known tempo, key, mode and drums, as far from clean MIDI as `calibrate.py` needs.

Three sets: constants are fitted on `fluid` and `tim` and tried on `muse`, which shares neither
sound font nor score with them. Each has the composer's pieces, excerpts of real scores
(`corpus.py`) with instruments drawn at random from all of General MIDI, and music without a third:
drones, single notes, open fifths. Then come what recordings bring: live tempo, other tunings,
reverb, codecs, lower rates.
"""

import dataclasses
import io
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))
import orchestra
import scores
from orchestra import TICKS, Note, Part

Floats = NDArray[np.float32]
Set = Literal["fluid", "tim", "muse"]
Row = tuple[float, float, float]  # start and length in beats, MIDI pitch

RATE_HZ = 44100
SECONDS, LONGEST_S, KEPT_S = 10.24, 11.5, 12.3
FONTS: dict[Set, str] = {
    "fluid": "FluidR3_GM.sf2",
    "tim": "TimGM6mb.sf2",
    "muse": "MuseScore_General_Lite.sf3",
}
COMPOSED: dict[Set, range] = {
    "fluid": range(3000, 3080),
    "tim": range(4000, 4080),
    "muse": range(5000, 5050),
}
FITTED_SCORES = 84  # of the corpus, every second in each of the first two sets
THIRDLESS = 36  # clips of drones, single notes and open fifths in a set
DRUMS = 9
# Programs that have a pitch and begin clearly enough for a beat: no effects, no sea shore.
PROGRAMS = tuple(range(112))
PLUCKED = (6, 15, 24, 25, 26, 27, 28, 36, 37, 45, 46, 104, 105, 106, 107, 108)
for _program in range(128):
    orchestra.INSTRUMENTS[f"program {_program}"] = orchestra.Instrument(_program, 60, ())


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a clip; None where nobody can say (the key of a tune without one)."""

    kind: str
    tempo_bpm: float | None
    key: tuple[int, str] | None  # tonic from C, and mode; None where there is none or no saying
    has_key: bool | None  # False: a drone or open fifths, of which a key or mode is false
    drums: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and what is known of it. `clean` is the render, before anything was done to it."""

    name: str
    truth: Truth
    clean: Floats
    samples: Floats
    rate_hz: int


def clips(which: Set, folder: Path) -> Iterator[Clip]:
    """All clips of a set; renders are kept in `folder`, where corpus.json lies."""
    for name, truth, midi, gain in _pieces(which, folder):
        clean = rendered(folder / which / f"{name.replace('/', '-')}.flac", midi, gain, which)
        rng = random.Random(f"{which} {name}")
        samples, rate_hz = worn(clean, rng)
        frames = round(SECONDS * rate_hz)
        if len(samples) >= frames and np.abs(samples[:frames]).max() > 0.003:
            yield Clip(name, truth, clean, samples[:frames], rate_hz)


def rendered(path: Path, midi: bytes, gain: float, which: Set) -> Floats:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        wav = path.with_suffix(".wav")
        scores.render(midi, wav, gain, FONTS[which])
        samples, _ = soundfile.read(wav, dtype="float32", always_2d=True)
        soundfile.write(path, samples[: round(KEPT_S * RATE_HZ)], RATE_HZ)
        wav.unlink()
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0])


def _pieces(which: Set, folder: Path) -> Iterator[tuple[str, Truth, bytes, float]]:
    for seed in COMPOSED[which]:
        rng = random.Random(f"gain {seed}")
        piece = scores.random_piece(seed)
        truth = Truth("composed", piece.tempo_bpm, _key(piece), True, piece.drums)
        yield f"composed-{seed}", truth, scores.compose(piece), drawn_gain(rng)
    for number, score in enumerate(json.loads((folder / "corpus.json").read_text())):
        if which == ("muse" if number >= FITTED_SCORES else ("fluid", "tim")[number % 2]):
            yield _of_score(score, random.Random(f"score {number}"))
    for number in range(THIRDLESS):
        yield _thirdless(number, random.Random(f"{which} thirdless {number}"))


def _key(piece: scores.Piece) -> tuple[int, str]:
    return scores.TONICS.index(piece.tonic), piece.mode


def drawn_gain(rng: random.Random) -> float:
    return 0.15 * 8 ** rng.random()


def _drawn(rng: random.Random) -> int:
    """A program: one in three is plucked, which is what drums are most easily taken for."""
    return rng.choice(PLUCKED) if rng.random() < 0.33 else rng.choice(PROGRAMS)


def _of_score(score: dict[str, Any], rng: random.Random) -> tuple[str, Truth, bytes, float]:
    """A real score: at a tempo of its own, played more or less in time, with drums or without."""
    beats = int(score["beats"])
    bpm = round(55 * (180 / 55) ** rng.random(), 1)
    transposed = rng.randrange(-5, 7)
    loose_ms, swaying = rng.choice((0.0, 8.0, 18.0)), rng.choice((0.0, 0.01, 0.025))
    programs = [_drawn(rng) for _ in range(6)]
    if rng.random() < 0.4:
        programs = programs[:1] * 6
    parts: list[Part] = []
    velocity = rng.randint(55, 105)
    for channel, notes in enumerate(_excerpt(score["parts"], bpm, rng.random() < 0.5)):
        played = [
            Note(at, long * 0.95, min(120, max(10, int(pitch) + transposed)), velocity)
            for at, long, pitch in notes
        ]
        parts.append(Part(f"program {programs[channel]}", channel, 64, 100, played))
    drums = rng.random() < 0.45
    if drums:
        groove = rng.choice(("held", "broken", "strummed", "comping", "driving"))
        bars = 1 + round(LONGEST_S * bpm / 60 / beats)
        hits = orchestra.drum_hits(groove, bars, beats)
        struck = [dataclasses.replace(hit, velocity=90 + hit.velocity) for hit in hits]
        parts.append(Part("drums", DRUMS, 64, rng.choice((60, 80, 100)), struck))
    midi = orchestra.midi_file([_in_ticks(p, bpm, loose_ms, swaying, rng) for p in parts], bpm)
    key = score["key"]
    known = ((int(key[0]) + transposed) % 12, str(key[1])) if key else None
    truth = Truth(str(score["name"]).split("/")[0], bpm, known, True if key else None, drums)
    return str(score["name"]), truth, midi, drawn_gain(rng)


def _excerpt(parts: list[list[Row]], bpm: float, from_end: bool) -> list[list[Row]]:
    """The first or the last `LONGEST_S` of a score, from beat 0."""
    starts = [row[0] for part in parts for row in part]
    beats = int(LONGEST_S * bpm / 60)
    first = max(int(min(starts)), int(max(starts)) - beats + 1) if from_end else int(min(starts))
    return [
        [(at - first, long, pitch) for at, long, pitch in part if 0 <= at - first < beats]
        for part in parts
    ]


def _in_ticks(part: Part, bpm: float, loose_ms: float, swaying: float, rng: random.Random) -> Part:
    """Beats become ticks: the tempo sways over eight beats, each note is some ms early or late."""

    def tick(beat: float) -> float:
        return TICKS * (beat + swaying * 8 / (2 * np.pi) * float(np.sin(2 * np.pi * beat / 8)))

    late = TICKS * bpm / 60 * loose_ms / 1000
    notes = []
    for one in part.notes:
        at = max(0, round(tick(one.start) + late * (2 * rng.random() - 1)))
        long = max(1, round(TICKS * one.length))
        loud = one.velocity + rng.randint(-10, 10)
        notes.append(Note(at, long, one.pitch, min(127, max(1, loud))))
    return Part(part.instrument, part.channel, part.pan, part.volume, notes)


def _thirdless(number: int, rng: random.Random) -> tuple[str, Truth, bytes, float]:
    """A drone, one note again and again, or fifths: nothing tells major from minor."""
    kind = ("drone", "single note", "open fifths")[number % 3]
    bpm, tonic = round(60 + 100 * rng.random(), 1), rng.randrange(12)
    low, beats = 33 + tonic, 24
    program = f"program {_drawn(rng)}" if kind != "drone" else f"program {rng.choice(SUSTAINED)}"
    if kind == "drone":
        above = rng.choice(((0,), (0, 12), (0, 7), (0, 7, 12)))
        notes = [Note(at, 7.9, low + up, 90) for at in range(0, beats, 8) for up in above]
    elif kind == "single note":
        pitch = low + rng.choice((0, 0, 12, 24))
        notes = [Note(at / 2, 0.45, pitch, 90 if at % 2 == 0 else 75) for at in range(beats * 2)]
    else:
        roots = rng.choice(((0, 0, 5, 7), (0, 10, 5, 0), (0, 0, 0, 10), (0, 7, 0, 5)))
        notes = [
            Note(at / 2, 0.45, low + roots[at // 4 % 4] % 12 + up, 90)
            for at in range(beats * 2)
            for up in (0, 7, 12)
        ]
    parts = [Part(program, 0, 64, 100, notes)]
    drums = rng.random() < 0.3
    if drums:
        hits = orchestra.drum_hits("broken", beats // 4, 4)
        struck = [dataclasses.replace(hit, velocity=90 + hit.velocity) for hit in hits]
        parts.append(Part("drums", DRUMS, 64, 90, struck))
    midi = orchestra.midi_file([_in_ticks(p, bpm, 5.0, 0.0, rng) for p in parts], bpm)
    known = bpm if drums or kind != "drone" else None
    return f"thirdless-{number}", Truth(kind, known, None, False, drums), midi, drawn_gain(rng)


SUSTAINED = (16, 18, 19, 20, 21, 32, 38, 39, 42, 43, 48, 49, 52, 57, 58, 60, 61, 70, 81, 87, 89, 92)


def worn(clean: Floats, rng: random.Random) -> tuple[Floats, int]:
    """What recordings bring: each of it in some of the clips."""
    samples, rate_hz = clean, RATE_HZ
    if rng.random() < 0.3:
        cents = rng.uniform(-45, 45)
        samples = soxr.resample(samples, RATE_HZ, RATE_HZ * 2 ** (cents / 1200))
    if rng.random() < 0.4:
        samples = _reverberant(samples, rng)
    if rng.random() < 0.15:
        rate_hz = rng.choice((16000, 22050, 32000))
        samples = soxr.resample(samples, RATE_HZ, rate_hz)
    if rng.random() < 0.6:
        samples = coded(samples, rate_hz, rng.choice(("mp3", "ogg", "opus")))
    return np.asarray(samples, dtype=np.float32), rate_hz


def _reverberant(samples: Floats, rng: random.Random) -> Floats:
    """Noise that dies away within 0.4 to 2 s, under the sound itself."""
    seconds, share = rng.uniform(0.4, 2.0), rng.uniform(0.1, 0.5)
    frames = round(seconds * RATE_HZ)
    tail = np.random.default_rng(rng.randrange(2**31)).standard_normal((frames, samples.shape[1]))
    tail *= 10 ** (-3 * np.linspace(0, 1, frames))[:, None]
    tail /= np.sqrt((tail**2).sum(axis=0))
    size = 1 << (len(samples) + frames).bit_length()
    spectrum = np.fft.rfft(samples, size, axis=0) * np.fft.rfft(tail, size, axis=0)
    wet = np.fft.irfft(spectrum, size, axis=0)[: len(samples)]
    return np.asarray((1 - share) * samples + share * wet, dtype=np.float32)


def coded(samples: Floats, rate_hz: int, codec: str) -> Floats:
    """What a lossy codec at a low bit rate leaves of it."""
    file = io.BytesIO()
    form, subtype = {
        "mp3": ("MP3", "MPEG_LAYER_III"),
        "ogg": ("OGG", "VORBIS"),
        "opus": ("OGG", "OPUS"),
    }[codec]
    rate = 48000 if codec == "opus" else rate_hz
    sound = soxr.resample(samples, rate_hz, rate) if rate != rate_hz else samples
    soundfile.write(
        file, np.clip(sound, -1, 1), rate, format=form, subtype=subtype, compression_level=0.85
    )
    file.seek(0)
    back, _ = soundfile.read(file, dtype="float32", always_2d=True)
    return soxr.resample(back, rate, rate_hz) if rate != rate_hz else back
