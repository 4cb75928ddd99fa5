"""What is found wrong with sounds: with untouched ones, and with ones that were damaged here.

    python benchmarks/quality.py [--real out/real] [--renders out/bench] [--clips 120]
        [--only games]

Untouched are renders of scores (renders.py; of its third set, as they come from the synthesizer),
the music of free games (real_pieces.py, fetched where it is not there yet), and what is easily
taken for damage: square waves, strokes in even time, and music through a gentle low-pass filter.
Of the games' music nobody knows whether it is clipped: each clip with a score under 0.9 is listed.
In brackets are Wilson's intervals at 95 %. `--only` leaves the other kind out. Prints the tables of
docs/benchmarks.md.
"""

import argparse
import io
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import av
import numpy as np
import renders
import soundfile
import soxr
from numpy.typing import NDArray
from real_pieces import excerpts, fetch

from mmusset.evidence.clip import Clip
from mmusset.evidence.quality import measure
from mmusset.intervals import wilson
from mmusset.quality import WORTH_A_WORD, Quality

Floats = NDArray[np.float32]
Generator = np.random.Generator

RATE_HZ = 44100
SECONDS = 10.24
FRAMES = round(SECONDS * RATE_HZ)
NOTES_HZ = (110.0, 130.8, 164.8, 196.0, 220.0, 261.6, 329.6)


@dataclass(slots=True)
class Row:
    """What was found in sounds of one kind."""

    name: str
    found: list[Quality] = field(default_factory=list)

    def share(self, part: str) -> float:
        """Of the clips, those of which that part is said to be wrong."""
        return float(np.mean([q.worst == part and q.score < WORTH_A_WORD for q in self.found]))

    def printed(self, part: str) -> str:
        """That share, or of those with the same in both channels, with its interval."""
        share = self.share(part) if part else float(np.mean([q.mono_in_stereo for q in self.found]))
        low, high = wilson(share, len(self.found))
        return f"{share:.1%} ({100 * low:.0f}-{100 * high:.0f})"

    def median(self, value: Callable[[Quality], float]) -> float:
        return float(np.median([value(quality) for quality in self.found]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, default=Path("out/real"), help="music of games")
    parser.add_argument("--renders", type=Path, default=Path("out/bench"), help="renders")
    parser.add_argument("--clips", type=int, default=120, help="at most so many of each")
    parser.add_argument("--only", choices=("games", "renders"), help="one kind alone")
    options = parser.parse_args()
    games = of_games(options.real) if options.only != "renders" else iter(())
    scores = of_scores(options.renders) if options.only != "games" else iter(())
    real = list(itertools.islice(games, options.clips))
    rendered = list(itertools.islice(scores, options.clips))
    print(f"{len(rendered)} renders, {len(real)} clips of games' music\n")
    print_untouched(rendered, real)
    print()
    for name, sounds in (("renders", rendered), ("games' music", real)):
        if sounds:
            print_damaged(name, [sound for _, sound in sounds])
            print()
    print_time([sound for _, sound in (real or rendered)[:20]])
    return 0


# --- sounds -------------------------------------------------------------------------------


def of_games(cache: Path) -> Iterator[tuple[str, Floats]]:
    """Clips in stereo, and the names of their pieces."""
    for excerpt in excerpts(cache, fetch(cache)):
        path = cache / "clips" / excerpt.name
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        if rate_hz == RATE_HZ and samples.shape[1] == 2:
            yield excerpt.piece, samples[:FRAMES]


def of_scores(folder: Path) -> Iterator[tuple[str, Floats]]:
    for clip in renders.clips("muse", folder):
        if len(clip.clean) >= FRAMES and np.abs(clip.clean).max() < 1:
            yield clip.name, clip.clean[:FRAMES]


def squares(rng: Generator) -> Floats:
    """Two or three square waves that play at random, naive or band-limited, with strokes or not."""
    waves = [rng.choice([0.5, 0.25, 0.125]) for _ in range(rng.integers(1, 4))]
    limited, level = rng.random() < 0.5, rng.uniform(0.1, 0.3)
    decay = rng.choice([0.0, 3.0, 10.0])
    voices = [_melody(rng, duty, limited, decay) for duty in waves]
    mono = level * np.sum(voices, axis=0)
    mono = mono - mono.mean()  # a pulse that is no square is off zero
    if rng.random() < 0.4:
        mono = mono + strokes(rng.uniform(90, 160), 2)[:, 0]
    return _stereo(mono)


def pulse(hz: float, duty: float, limited: bool, frames: int) -> Floats:
    """A pulse wave; band-limited by polynomials about its jumps (PolyBLEP)."""
    phase = hz * np.arange(frames) / RATE_HZ % 1
    wave = np.where(phase < duty, 1.0, -1.0)
    if limited:
        wave = wave + _corner(phase, hz) - _corner((phase - duty) % 1, hz)
    return wave.astype(np.float32)


def _corner(phase: Floats, hz: float) -> Floats:
    step = hz / RATE_HZ
    rise, fall = phase / step, (phase - 1) / step
    after = np.where(rise < 1, 2 * rise - rise**2 - 1, 0.0)
    return after + np.where(fall > -1, fall**2 + 2 * fall + 1, 0.0)


def _melody(rng: Generator, duty: float, limited: bool, decay: float) -> Floats:
    length = int(rng.choice([0.125, 0.25, 0.5]) * RATE_HZ)
    out = np.zeros(FRAMES, dtype=np.float32)
    for start in range(0, FRAMES, length):
        frames = min(length, FRAMES - start)
        note = pulse(float(rng.choice(NOTES_HZ)), duty, limited, frames)
        out[start : start + len(note)] = note * np.exp(-decay * np.arange(len(note)) / RATE_HZ)
    return out


def strokes(bpm: float, per_beat: int) -> Floats:
    """A drum of 55 Hz in even time, each stroke the same."""
    time_s = np.arange(8000) / RATE_HZ
    swept = 55 * time_s * (1 + np.exp(-60 * time_s))
    stroke = 0.5 * np.exp(-30 * time_s) * np.sin(2 * np.pi * swept)
    out = np.zeros(FRAMES + len(stroke))
    for start in np.arange(0, FRAMES, 60 / bpm / per_beat * RATE_HZ):
        out[round(start) : round(start) + len(stroke)] += stroke
    return _stereo(out[:FRAMES])


def muffled(sound: Floats, rng: Generator) -> Floats:
    """Through a low-pass of 24 dB an octave from 1 to 4 kHz on, as lo-fi music is made."""
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    gain = 1 / (1 + (hz / rng.uniform(1000, 4000)) ** 4)
    return np.fft.irfft(np.fft.rfft(sound, axis=0) * gain[:, None], len(sound), axis=0)


def _stereo(mono: Floats) -> Floats:
    return np.stack([mono, 0.9 * mono], axis=1).astype(np.float32)


# --- damage -------------------------------------------------------------------------------


def clipped(sound: Floats, gain_db: float) -> Floats:
    """Brought to full scale, then louder."""
    return np.clip(sound / np.abs(sound).max() * 10 ** (gain_db / 20), -1, 1)


def humming(sound: Floats, level_dbfs: float, rng: Generator) -> Floats:
    """With the hum of 50 or 60 Hz mains: five harmonics of random strengths, 0.2 % off at most."""
    time_s = np.arange(len(sound)) / RATE_HZ
    mains_hz = rng.choice([50.0, 60.0]) * (1 + rng.uniform(-0.002, 0.002))
    hum = np.sum(
        [
            rng.uniform(0.2, 1) / n * np.sin(2 * np.pi * (n * mains_hz * time_s + rng.random()))
            for n in range(1, 6)
        ],
        axis=0,
    )
    return sound + (hum * 10 ** (level_dbfs / 20) / np.sqrt(np.mean(hum**2)))[:, None]


def through_mp3(sound: Floats, kbits: int) -> tuple[Floats, int]:
    """What LAME leaves at a constant rate, and its sample rate."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ)
        stream.bit_rate, stream.layout = 1000 * kbits, "stereo"
        planes = np.ascontiguousarray(np.clip(sound, -1, 1).T, dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.rate = RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    file.seek(0)
    samples, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    return samples, rate_hz


def brought_up(sound: Floats, from_hz: int) -> Floats:
    return soxr.resample(soxr.resample(sound, RATE_HZ, from_hz), from_hz, RATE_HZ)


# --- tables -------------------------------------------------------------------------------


def quality(sound: Floats, rate_hz: int = RATE_HZ) -> Quality:
    """As a build measures it, of a file of 16 bits."""
    stored = (np.clip(np.round(sound * 32768), -32768, 32767) / 32768).astype(np.float32)
    return measure(Clip(stored, rate_hz, 0.0, rate_hz, stored))


def print_untouched(rendered: list[tuple[str, Floats]], real: list[tuple[str, Floats]]) -> None:
    rng = np.random.default_rng(1)
    rows = [
        Row("renders", [quality(sound) for _, sound in rendered]),
        Row("games' music", [quality(sound) for _, sound in real]),
        Row("square waves", [quality(squares(rng)) for _ in range(60)]),
        Row(
            "strokes in even time",
            [quality(strokes(bpm, per)) for bpm in range(80, 190, 5) for per in (1, 2, 4)],
        ),
        Row("games' music, muffled", [quality(muffled(sound, rng)) for _, sound in real]),
    ]
    print(
        "| untouched | clips | clipped | hum | cut off | off zero | mono in stereo"
        " | score, median and 5 % | ends at, median |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for row in [each for each in rows if each.found]:
        scores = [q.score for q in row.found]
        shares = " | ".join(
            row.printed(part) for part in ("clipping", "hum", "bandwidth", "dc_offset")
        )
        print(
            f"| {row.name} | {len(row.found)} | {shares} | {row.printed('')} |"
            f" {np.median(scores):.2f}, {np.percentile(scores, 5):.2f} |"
            f" {row.median(lambda q: q.bandwidth_hz):.0f} Hz |"
        )
    print()
    for (name, _), found in zip(rendered + real, rows[0].found + rows[1].found, strict=True):
        if found.score < WORTH_A_WORD:
            print(f"{name}: {found.model_dump_json(exclude_defaults=True)}", file=sys.stderr)


def print_damaged(name: str, sounds: list[Floats]) -> None:
    rng = np.random.default_rng(2)
    print(f"| {name}, damaged | found | score, median | measured, median |")
    print("|---|---|---|---|")
    for gain_db in (3, 6, 9, 12):
        row = Row(f"clipped by {gain_db} dB", [quality(clipped(s, gain_db)) for s in sounds])
        _print(row, "clipping", lambda q: q.clipped_share, "{:.2%} of the samples")
    lowered = [quality(0.3 * clipped(sound, 6)) for sound in sounds]
    _print(
        Row("clipped by 6 dB, then 10 dB lower", lowered),
        *("clipping", lambda q: q.clipped_share, "{:.2%} of the samples"),
    )
    coded = [quality(*through_mp3(clipped(sound, 6), 192)) for sound in sounds[:40]]
    _print(
        Row("clipped by 6 dB, then mp3 of 192 kbit/s", coded),
        *("clipping", lambda q: q.clipped_share, "{:.2%} of the samples"),
    )
    for level_dbfs in (-60, -50, -40, -30):
        hums = [quality(humming(sound, level_dbfs, rng)) for sound in sounds]
        _print(Row(f"hum of {level_dbfs} dBFS", hums), "hum", lambda q: q.hum_db, "{:.0f} dB")
    for kbits in (32, 64, 96, 128):
        coded = [quality(*through_mp3(sound, kbits)) for sound in sounds]
        _print(Row(f"mp3 of {kbits} kbit/s", coded), "bandwidth", _end_hz, "{:.0f} Hz")
    for rate_hz in (16000, 22050):
        up = [quality(brought_up(sound, rate_hz)) for sound in sounds]
        _print(Row(f"brought up from {rate_hz} Hz", up), "bandwidth", _end_hz, "{:.0f} Hz")
    for offset in (0.03, 0.06, 0.12):
        off = [quality(np.clip(0.8 * sound + np.float32(offset), -1, 1)) for sound in sounds]
        row = Row(f"off zero by {offset:.0%} of full scale", off)
        _print(row, "dc_offset", lambda q: q.dc_offset, "{:.1%}")
    mono = [quality(np.repeat(sound.mean(axis=1, keepdims=True), 2, axis=1)) for sound in sounds]
    print(f"| mono in stereo | {Row('', mono).printed('')} | | |")


def _end_hz(found: Quality) -> float:
    return found.bandwidth_hz


def _print(row: Row, part: str, value: Callable[[Quality], float], form: str) -> None:
    median = form.format(row.median(value))
    score = row.median(lambda q: q.score)
    print(f"| {row.name} | {row.printed(part)} | {score:.2f} | {median} |", flush=True)


def print_time(sounds: list[Floats]) -> None:
    clips = [Clip(sound, RATE_HZ, 0.0, RATE_HZ, sound) for sound in sounds]
    for name, each in (
        ("as they are", clips),
        ("clipped", [Clip(c, RATE_HZ, 0.0, RATE_HZ, c) for c in (clipped(s, 6) for s in sounds)]),
    ):
        print(f"CPU a clip, {name}: {np.median([_cpu_ms(clip) for clip in each]):.1f} ms")


def _cpu_ms(clip: Clip) -> float:
    def once() -> float:
        start = time.process_time()
        measure(clip)
        return 1000 * (time.process_time() - start)

    return min(once() for _ in range(3))


if __name__ == "__main__":
    sys.exit(main())
