"""Clips of known tempo, key, mode and drums, as far from clean MIDI as `calibrate.py` needs.

Three sets: constants are fitted on `fluid` and `tim` and tried on `muse`, which shares neither
sound font nor score with them. Each has the composer's pieces, excerpts of real scores
(`corpus.py`) with instruments drawn at random from all of General MIDI, and music without a third:
drones, single notes, open fifths. Then come what recordings bring: live tempo, other tunings,
reverb, codecs, lower rates. Some are long enough to be heard in several places, as a build hears a
piece of which it cuts a clip.
"""

import dataclasses
import io
import json
import math
import random
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from mmusset.evidence.piece import PLACE_S, places_s

sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))
import orchestra
import scores
from orchestra import TICKS, Note, Part

Floats = NDArray[np.float32]
Set = Literal["fluid", "tim", "muse"]
Font = Literal["fluid", "tim", "muse", "csound"]
Row = tuple[float, float, float]  # start and length in beats, MIDI pitch

FITTED: tuple[Set, ...] = ("fluid", "tim")
TRIED: Set = "muse"
RATE_HZ = 44100
SECONDS, LATER_S = 10.24, 0.5  # of a clip; how much later its sound is cut again
SHORT_S, LONG_S = 12.0, 34.0  # of a render: for a clip, and for three places as well
RINGING_S = 5.0  # between two renders, for the first to die away
BATCH_S = 700.0  # of sound that FluidSynth plays at a time: loading a font takes seconds
QUIETEST, LOUDEST = 0.15, 1.2  # FluidSynth's gain
FONTS: dict[Font, str] = {
    "fluid": "FluidR3_GM.sf2",
    "tim": "TimGM6mb.sf2",
    "muse": "MuseScore_General_Lite.sf3",
    "csound": "sf_GMbank.sf2",
}
COMPOSED: dict[Set, range] = {
    "fluid": range(3000, 3060),
    "tim": range(4000, 4060),
    "muse": range(5000, 5100),
}
# Of these no score is fitted on; of the others 45 of 100 are kept for `muse`.
TRIED_ALONE = {"mozart", "haydn", "oneills1850"}
TRIED_SHARE = 45
LONG_SHARE = 0.25  # of what is long enough
# Drones, single notes and open fifths.
THIRDLESS: dict[Set, int] = {"fluid": 36, "tim": 36, "muse": 36}
MOST_QUARTERS = 0.25  # of the notes' starts, on quarters of a beat that are no halves
DRUMS, SILENT_CHANNEL = 9, 15
CODECS = ("mp3", "mp3", "ogg", "ogg", "opus")
# Programs that have a pitch and begin clearly enough for a beat: no effects, no sea shore.
PROGRAMS = tuple(range(112))
PLUCKED = (6, 15, 24, 25, 26, 27, 28, 36, 37, 45, 46, 104, 105, 106, 107, 108)
SUSTAINED = (16, 18, 19, 20, 21, 32, 38, 39, 42, 43, 48, 49, 52, 57, 58, 60, 61, 70, 81, 87, 89, 92)
for _program in range(128):
    orchestra.INSTRUMENTS[f"program {_program}"] = orchestra.Instrument(_program, 60, ())


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a clip; None where nobody can say, such as the key of some tunes."""

    kind: str
    tempo_bpm: float | None
    key: tuple[int, str] | None  # tonic from C, and mode; None where there is none or no saying
    has_key: bool | None  # False: a drone or open fifths, of which a key or mode is false
    drums: bool


@dataclass(frozen=True, slots=True)
class Performance:
    """What is to be played, `parts` in ticks. Those of one `score` are alike."""

    name: str
    score: str
    truth: Truth
    parts: tuple[Part, ...]
    bpm: float
    gain: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Wear:
    """What recordings bring: each of it in some of the clips."""

    cents: float
    reverb: tuple[float, float, int] | None  # seconds, share, seed
    rate_hz: int
    codec: str | None


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and what is known of it.

    `later` is the same sound cut half a second later, before its rate was lowered and before any
    codec. `places` are those of the piece, where it has more than one.
    """

    name: str
    score: str
    truth: Truth
    samples: Floats
    rate_hz: int
    later: Floats
    places: tuple[Floats, ...]


def clips(which: Set, folder: Path) -> Iterator[Clip]:
    """All clips of a set; what was rendered is kept in `folder`, where corpus.json lies."""
    performances = list(_performances(which, folder))
    _render_missing(which, folder / which, performances)
    for performance in performances:
        worn, rate_hz = _read(_worn_path(folder / which, performance.name))
        sound, _ = _read(_sound_path(folder / which, performance.name))
        wear = _wear(which, performance)
        length_s = min(len(worn) / rate_hz, len(sound) / RATE_HZ)
        rng = random.Random(f"start {which} {performance.name}")
        is_long = performance.seconds == LONG_S
        start_s = rng.random() * (length_s - SECONDS - LATER_S) if is_long else 0.0
        samples = _cut(worn, rate_hz, start_s)
        if np.abs(samples).max() > 0.003:
            truth = performance.truth
            if truth.tempo_bpm:  # tuned higher is played faster
                bpm = truth.tempo_bpm * 2 ** (wear.cents / 1200)
                truth = dataclasses.replace(truth, tempo_bpm=bpm)
            places = places_s(length_s) if is_long else []
            yield Clip(
                performance.name,
                performance.score,
                truth,
                samples,
                rate_hz,
                _cut(sound, RATE_HZ, start_s + LATER_S),
                tuple(_cut(worn, rate_hz, place_s, PLACE_S) for place_s in places),
            )


def _cut(samples: Floats, rate_hz: int, start_s: float, seconds: float = SECONDS) -> Floats:
    first = round(start_s * rate_hz)
    return samples[first : first + round(seconds * rate_hz)]


def _read(path: Path) -> tuple[Floats, int]:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return samples, rate_hz


# --- rendering -----------------------------------------------------------------------------


def _worn_path(folder: Path, name: str) -> Path:
    return folder / f"{name.replace('/', '-')}.flac"


def _sound_path(folder: Path, name: str) -> Path:
    return folder / f"{name.replace('/', '-')}.sound.flac"


def _render_missing(which: Set, folder: Path, performances: Sequence[Performance]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seconds in (SHORT_S, LONG_S):
        missing = [
            performance
            for performance in performances
            if performance.seconds == seconds and not _worn_path(folder, performance.name).exists()
        ]
        size = int(BATCH_S / seconds)
        for first in range(0, len(missing), size):
            some = missing[first : first + size]
            for performance, clean in zip(some, played(which, some), strict=True):
                sound, left, rate_hz = worn(clean, _wear(which, performance))
                _write(_sound_path(folder, performance.name), sound, RATE_HZ)
                _write(_worn_path(folder, performance.name), left, rate_hz)


def _write(path: Path, samples: Floats, rate_hz: int) -> None:
    """At once or not at all: a run that was stopped goes on with what is there."""
    part = path.with_suffix(".part")
    soundfile.write(part, np.clip(samples, -1, 1), rate_hz, format="FLAC")
    part.rename(path)


def played(which: Font, performances: Sequence[Performance]) -> Iterator[Floats]:
    """The clean sound of each, played one after another at the lowest gain and then amplified."""
    if not performances:
        return
    slot_s = performances[0].seconds + RINGING_S
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "all.wav"
        midis = [_midi(performance, slot_s) for performance in performances]
        scores.play(midis, wav, FONTS[which], ("-g", f"{QUIETEST:g}", "-O", "float"))
        for number, performance in enumerate(performances):
            samples, _ = soundfile.read(
                wav,
                round(performance.seconds * RATE_HZ),
                round(number * slot_s * RATE_HZ),
                dtype="float32",
            )
            yield np.clip(samples * np.float32(performance.gain / QUIETEST), -1, 1)


def _midi(performance: Performance, slot_s: float) -> bytes:
    """As a file that takes just so long: a silent note keeps it from ending sooner."""
    bpm = performance.bpm
    end = round(performance.seconds * bpm / 60 * TICKS)
    parts = [
        dataclasses.replace(
            part,
            notes=[
                dataclasses.replace(note, length=min(note.length, end - note.start))
                for note in part.notes
                if note.start < end
            ],
        )
        for part in performance.parts
    ]
    last = round((slot_s - 2) * bpm / 60 * TICKS)  # `midi_file` adds 2 s
    keeper = Part("program 0", SILENT_CHANNEL, 64, 0, [Note(last - 1, 1, 60, 1)])
    return orchestra.midi_file([*parts, keeper], bpm)


# --- what is played ------------------------------------------------------------------------


def _performances(which: Set, folder: Path) -> Iterator[Performance]:
    for seed in COMPOSED[which]:
        yield _composed(seed)
    windows = json.loads((folder / "corpus.json").read_text())
    for window in windows:
        if which == set_of(str(window["name"])):
            yield of_score(window)
    for number in range(THIRDLESS[which]):
        yield _thirdless(which, number)


def set_of(score: str) -> Set:
    """The set that a real score belongs to, by its name alone."""
    number = zlib.crc32(score.encode())
    if score.split("/")[0] in TRIED_ALONE or number % 100 < TRIED_SHARE:
        return "muse"
    return ("fluid", "tim")[number // 100 % 2]


def _composed(seed: int) -> Performance:
    rng = random.Random(f"composed {seed}")
    piece = scores.random_piece(seed)
    seconds = LONG_S if rng.random() < LONG_SHARE else SHORT_S
    bars = math.ceil(seconds * piece.tempo_bpm / 60 / piece.beats_per_bar) + 1
    parts = scores.played(dataclasses.replace(piece, bars=max(bars, piece.bars)))
    key = scores.TONICS.index(piece.tonic), str(piece.mode)
    truth = Truth("composed", piece.tempo_bpm, key, True, piece.drums)
    name = f"composed-{seed}"
    return Performance(name, name, truth, tuple(parts), piece.tempo_bpm, drawn_gain(rng), seconds)


def accompanied(seed: int, lead: int, programs: Sequence[int], rng: random.Random) -> scores.Piece:
    """A composed piece that the program `lead` plays, alone or with others drawn of `programs`."""
    others = [rng.choice(programs) for _ in range(2)]
    alone = rng.random() < 0.35
    return dataclasses.replace(
        scores.random_piece(seed),
        melody=f"program {lead}",
        chords=f"program {lead if alone else others[0]}",
        bass=None if alone or rng.random() < 0.3 else rng.choice(("bass", "double bass")),
        pad=None if alone or rng.random() < 0.7 else f"program {others[1]}",
        drums=rng.random() < (0.2 if alone else 0.5),
    )


def drawn_gain(rng: random.Random) -> float:
    return QUIETEST * (LOUDEST / QUIETEST) ** rng.random()


def _drawn(rng: random.Random) -> int:
    """A program: one in three is plucked, which is what drums are most easily taken for."""
    return rng.choice(PLUCKED) if rng.random() < 0.33 else rng.choice(PROGRAMS)


def of_score(window: dict[str, Any]) -> Performance:
    """A real score: at a tempo of its own, played more or less in time, with drums or without."""
    score, end = str(window["name"]), "opening" if window["opens"] else "ending"
    rng = random.Random(f"{score} {end}")
    beats = int(window["beats"])
    bpm = round(55 * (180 / 55) ** rng.random(), 1)
    transposed = rng.randrange(-5, 7)
    loose_ms, swaying = rng.choice((0.0, 8.0, 18.0)), rng.choice((0.0, 0.01, 0.025))
    programs = [_drawn(rng) for _ in range(6)]
    if rng.random() < 0.4:
        programs = programs[:1] * 6
    last = max(row[0] for part in window["parts"] for row in part)
    is_long = last >= (LONG_S - 1) * bpm / 60 and rng.random() < LONG_SHARE
    seconds = LONG_S if is_long else SHORT_S
    from_end = window["closes"] and (not window["opens"] or rng.random() < 0.5)
    parts: list[Part] = []
    velocity = rng.randint(55, 105)
    count = math.ceil(seconds * bpm / 60)
    for channel, notes in enumerate(_excerpt(window["parts"], count, from_end)):
        played = [
            Note(at, long * 0.95, min(120, max(10, int(pitch) + transposed)), velocity)
            for at, long, pitch in notes
        ]
        parts.append(Part(f"program {programs[channel]}", channel, 64, 100, played))
    drums = rng.random() < 0.45
    if drums:
        groove = rng.choice(("held", "broken", "strummed", "comping", "driving"))
        hits = orchestra.drum_hits(groove, 2 + count // beats, beats)
        parts.append(_drum_part(hits, rng.choice((60, 80, 100))))
    key = window["key"]
    known = ((int(key[0]) + transposed) % 12, str(key[1])) if key else None
    beat_bpm = bpm if has_sure_beat(window["parts"]) else None
    truth = Truth(score.split("/")[0], beat_bpm, known, True if key else None, drums)
    ticks = tuple(_in_ticks(part, bpm, loose_ms, swaying, rng) for part in parts)
    return Performance(f"{score}-{end}", score, truth, ticks, bpm, drawn_gain(rng), seconds)


def has_sure_beat(parts: list[list[Row]]) -> bool:
    """Whether a score's beat is a matter of fact.

    Where it moves in quarters of the notated beat, as reels in 2/4 do, the same tune is notated
    with half the values elsewhere: nobody can say which of the two is its beat.
    """
    starts = {round(12 * row[0]) for part in parts for row in part}  # twelfths of a beat
    quarters = [start for start in starts if start % 6 == 3]
    return len(quarters) <= MOST_QUARTERS * len(starts)


def _excerpt(parts: list[list[Row]], beats: int, from_end: bool) -> list[list[Row]]:
    """The first or the last so many beats, from beat 0."""
    starts = [row[0] for part in parts for row in part]
    least = int(min(starts))
    first = max(least, int(max(starts)) - beats + 1) if from_end else least
    return [
        [(at - first, long, pitch) for at, long, pitch in part if 0 <= at - first < beats]
        for part in parts
    ]


def _drum_part(hits: list[Note], volume: int) -> Part:
    struck = [dataclasses.replace(hit, velocity=90 + hit.velocity) for hit in hits]
    return Part("drums", DRUMS, 64, volume, struck)


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


def _thirdless(which: Set, number: int) -> Performance:
    """A drone, one note again and again, or fifths: nothing tells major from minor."""
    rng = random.Random(f"{which} thirdless {number}")
    kind = ("drone", "single note", "open fifths")[number % 3]
    bpm, tonic = round(60 + 100 * rng.random(), 1), rng.randrange(12)
    seconds = LONG_S if rng.random() < LONG_SHARE else SHORT_S
    beats = 8 * math.ceil(seconds * bpm / 60 / 8)
    low = 33 + tonic
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
        parts.append(_drum_part(orchestra.drum_hits("broken", beats // 4 + 1, 4), 90))
    known = bpm if drums or kind != "drone" else None
    ticks = tuple(_in_ticks(part, bpm, 5.0, 0.0, rng) for part in parts)
    name, truth = f"thirdless-{number}", Truth(kind, known, None, False, drums)
    return Performance(name, f"{which} {name}", truth, ticks, bpm, drawn_gain(rng), seconds)


# --- wear ----------------------------------------------------------------------------------


def _wear(which: Set, performance: Performance) -> Wear:
    return drawn_wear(random.Random(f"wear {which} {performance.name}"))


def drawn_wear(rng: random.Random) -> Wear:
    cents = rng.uniform(-45, 45) if rng.random() < 0.3 else 0.0
    reverb = None
    if rng.random() < 0.4:
        reverb = rng.uniform(0.4, 2.0), rng.uniform(0.1, 0.5), rng.randrange(2**31)
    rate_hz = rng.choice((16000, 22050, 32000)) if rng.random() < 0.15 else RATE_HZ
    codec = rng.choice(CODECS) if rng.random() < 0.5 else None
    return Wear(cents, reverb, rate_hz, codec)


def worn(clean: Floats, wear: Wear) -> tuple[Floats, Floats, int]:
    """The sound as it was recorded, and what is left of it with its rate."""
    sound = clean
    if wear.cents:
        sound = soxr.resample(sound, RATE_HZ, RATE_HZ * 2 ** (-wear.cents / 1200))
    if wear.reverb:
        sound = _reverberant(sound, *wear.reverb)
    left = soxr.resample(sound, RATE_HZ, wear.rate_hz) if wear.rate_hz != RATE_HZ else sound
    return sound, coded(left, wear.rate_hz, wear.codec) if wear.codec else left, wear.rate_hz


def _reverberant(samples: Floats, seconds: float, share: float, seed: int) -> Floats:
    """Noise that dies away within so many seconds, under the sound itself."""
    frames = round(seconds * RATE_HZ)
    tail = np.random.default_rng(seed).standard_normal((frames, samples.shape[1]))
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
