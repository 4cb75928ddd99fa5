"""Pieces of a minute in which drums come in or go out at known moments, or all of it grows louder.

Composed pieces whose players are drawn from all of General MIDI, other instruments coming in too;
drums never, all along, from some bar on, up to one, in a break or but for a break; in two of five
the level takes a step. Then they are worn as all renders are (`renders.py`).
"""

import dataclasses
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import renders
import scores
import soundfile
from numpy.typing import NDArray
from orchestra import TICKS, Note, Part

Floats = NDArray[np.float32]

SECONDS = 60.0
LEAST_S = 6.0  # between two changes, and from the ends
FIRST_SEED: dict[renders.Set, int] = {"fluid": 91_000, "tim": 92_000, "muse": 93_000}
BATCH = 10  # that FluidSynth plays at a time


@dataclass(frozen=True, slots=True)
class SectionTruth:
    """What is known of a piece: when drums come in and go out, and steps of the level, in s."""

    drums_in_s: tuple[float, ...]
    drums_out_s: tuple[float, ...]
    begins_with_drums: bool
    louder_s: tuple[float, ...]
    softer_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Drawn:
    performance: renders.Performance
    spans_s: tuple[tuple[float, float], ...]  # in which drums play
    step: tuple[float, float] | None  # when, and by how many dB
    wear: renders.Wear


def pieces(which: renders.Set, count: int, folder: Path) -> Iterator[tuple[Path, SectionTruth]]:
    """The sound of each piece and what is known of it; what was rendered is kept in `folder`."""
    folder = folder / f"sections-{which}"
    folder.mkdir(parents=True, exist_ok=True)
    first = FIRST_SEED[which]
    for start in range(first, first + count, BATCH):
        seeds = range(start, min(start + BATCH, first + count))
        if not all((folder / f"{seed}.json").exists() for seed in seeds):
            _render(which, seeds, folder)
        for seed in seeds:
            truth = json.loads((folder / f"{seed}.json").read_text())
            known = SectionTruth(
                **{k: tuple(v) if isinstance(v, list) else v for k, v in truth.items()}
            )
            yield folder / f"{seed}.flac", known


def _render(which: renders.Set, seeds: Sequence[int], folder: Path) -> None:
    drawn = [_drawn(which, seed) for seed in seeds]
    sounds = renders.played(which, [each.performance for each in drawn])
    for seed, each, clean in zip(seeds, drawn, sounds, strict=True):
        sound, truth = clean, _truth(each)
        if each.step:
            sound = _stepped(sound, *each.step)
        _, left, rate_hz = renders.worn(sound, each.wear)
        soundfile.write(folder / f"{seed}.flac", np.clip(left, -1, 1), rate_hz)
        (folder / f"{seed}.json").write_text(json.dumps(dataclasses.asdict(truth)))


def _drawn(which: renders.Set, seed: int) -> _Drawn:
    rng = random.Random(f"sections {which} {seed}")
    lead = rng.choice(renders.PLUCKED) if rng.random() < 0.33 else rng.choice(renders.PROGRAMS)
    cast = renders.accompanied(seed, lead, renders.PROGRAMS, rng)
    bar_s = cast.beats_per_bar * 60 / cast.tempo_bpm
    bars = math.ceil(SECONDS / bar_s) + 1
    played = scores.played(dataclasses.replace(cast, bars=bars, drums=True))
    spans_s = _spans_s(rng, bar_s)
    parts = [
        _within(part, spans_s, cast.tempo_bpm)
        if part.instrument == "drums"
        else _within(part, ((_entry_s(rng, bar_s) if n else 0.0, SECONDS),), cast.tempo_bpm)
        for n, part in enumerate(played)
    ]
    step = None
    if rng.random() < 0.4:
        step = rng.uniform(LEAST_S, SECONDS - LEAST_S), rng.choice((-1, 1)) * rng.uniform(8, 14)
    truth = renders.Truth("sections", cast.tempo_bpm, None, None, bool(spans_s))
    performance = renders.Performance(
        f"sections-{seed}",
        f"sections-{seed}",
        truth,
        tuple(parts),
        cast.tempo_bpm,
        renders.drawn_gain(rng) / (2 if step else 1),
        SECONDS,
    )
    wear = renders.drawn_wear(rng)
    if wear.codec:  # libsndfile's Vorbis overflows its stack when it is given a minute at once
        wear = dataclasses.replace(wear, codec="mp3")
    return _Drawn(performance, _sounding(parts, cast.tempo_bpm), step, wear)


def _spans_s(rng: random.Random, bar_s: float) -> tuple[tuple[float, float], ...]:
    """When drums play: from bar to bar."""
    chance = rng.random()
    if chance < 0.2:
        return ()
    if chance < 0.3:
        return ((0.0, SECONDS),)
    early = _bar(rng.uniform(LEAST_S, SECONDS / 2 - LEAST_S / 2), bar_s)
    late = _bar(rng.uniform(SECONDS / 2 + LEAST_S / 2, SECONDS - LEAST_S), bar_s)
    if chance < 0.65:
        return ((rng.choice((early, late)), SECONDS),)
    if chance < 0.8:
        return ((0.0, rng.choice((early, late))),)
    if chance < 0.9:
        return ((early, late),)
    return ((0.0, early), (late, SECONDS))


def _bar(at_s: float, bar_s: float) -> float:
    return round(at_s / bar_s) * bar_s


def _entry_s(rng: random.Random, bar_s: float) -> float:
    """When another instrument comes in."""
    return _bar(rng.uniform(0, SECONDS * 0.7), bar_s) if rng.random() < 0.35 else 0.0


def _within(part: Part, spans_s: Sequence[tuple[float, float]], bpm: float) -> Part:
    def plays(note: Note) -> bool:
        at_s = note.start / TICKS * 60 / bpm + 0.01  # what belongs to a bar may begin a hair early
        return any(start <= at_s < stop for start, stop in spans_s)

    return dataclasses.replace(part, notes=[note for note in part.notes if plays(note)])


def _sounding(parts: Sequence[Part], bpm: float) -> tuple[tuple[float, float], ...]:
    """The spans from a first stroke to the last before a gap of LEAST_S, or before the end."""
    strokes = sorted(
        note.start / TICKS * 60 / bpm
        for part in parts
        if part.instrument == "drums"
        for note in part.notes
        if note.start / TICKS * 60 / bpm < SECONDS
    )
    spans: list[tuple[float, float]] = []
    for at_s in strokes:
        if spans and at_s - spans[-1][1] < LEAST_S:
            spans[-1] = spans[-1][0], at_s
        else:
            spans.append((at_s, at_s))
    return tuple(spans)


def _truth(drawn: _Drawn) -> SectionTruth:
    faster = 2 ** (drawn.wear.cents / 1200)  # tuned higher is played faster
    starts = [start / faster for start, _ in drawn.spans_s]
    stops = [stop / faster for _, stop in drawn.spans_s if stop < SECONDS - LEAST_S / 2]
    at_s, step_db = drawn.step or (0.0, 0.0)
    return SectionTruth(
        drums_in_s=tuple(s for s in starts if s > LEAST_S / 2),
        drums_out_s=tuple(stops),
        begins_with_drums=bool(starts) and starts[0] <= LEAST_S / 2,
        louder_s=(at_s / faster,) if step_db > 0 else (),
        softer_s=(at_s / faster,) if step_db < 0 else (),
    )


def _stepped(sound: Floats, at_s: float, step_db: float) -> Floats:
    """Louder or softer from a moment on, within half a second."""
    time_s = np.arange(len(sound)) / renders.RATE_HZ
    reached = np.clip((time_s - at_s) / 0.5 + 0.5, 0, 1)
    lower = min(0.0, step_db) * reached + min(0.0, -step_db) * (1 - reached)
    return np.asarray(sound * 10 ** (lower / 20)[:, None], dtype=np.float32)
