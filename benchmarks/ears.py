"""What an ear's labels are worth: fits the steps that stand in its declaration, and tries them.

    python benchmarks/ears.py [--folder out/bench] [--clips 320]

Renders clips whose instruments are known with three sound fonts (FluidSynth; Debian's
fluid-soundfont-gm, musescore-general-soundfont-small, timgm6mb-soundfont): composed pieces, played
by instruments drawn from all of General MIDI, alone or with others and drums, and worn by other
tunings, reverb, codecs and lower rates. FluidR3 and MuseScore's font are one family: the steps are
fitted on these two, and tried on TimGM6mb, which is of another.

Music at large is not as these clips are: one in eight of them has a flute. So each label's
probability is brought to a base rate, the share of MusicCaps' 4,500 captions that name the thing.
Needs `mmusset ears get musicnn`. Scores are kept in the folder; only the first run takes long.
"""

import argparse
import dataclasses
import json
import os
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import renders
import scores
import soundfile
from fitting import weights_and_bias
from numpy.typing import NDArray
from orchestra import INSTRUMENTS

from mmusset.ears.hearing import hear
from mmusset.ears.musicnn.ear import MUSICNN
from mmusset.evidence.music import measure
from mmusset.intervals import wilson
from mmusset.measurements.percussion import PERCUSSION
from mmusset.recipe import CERTAINTY

Doubles = NDArray[np.float64]

FITTED: tuple[renders.Set, ...] = ("fluid", "muse")
TRIED: renders.Set = "tim"
FIRST_SEED: Mapping[renders.Set, int] = {"fluid": 20_000, "muse": 30_000, "tim": 40_000}
# The programs of General MIDI that are the thing, and those of which nobody could say.
CHOIR, FLUTE, SITAR, PIANO = {52, 53}, {72, 73, 75, 77}, {104}, {0, 1, 2, 3}
PLUCKED = {6, 24, 25, 26, 27, 28, 45, 46, 104, 105, 106, 107}
BOWED = {40, 41, 42, 43, 44, 48, 49, 110}
UNSURE: Mapping[str, set[int]] = {
    "choir": {54, 85, 91},
    "flute": {74, 76, 78, 79},
    "sitar": {105, 106, 107},
    "plucked": {7, 15, 29, 30, 31, 108},
    "strings": {50, 51, 55},
    "piano": {4, 5, 7},
}
THINGS: Mapping[str, set[int]] = {
    "choir": CHOIR,
    "flute": FLUTE,
    "sitar": SITAR,
    "plucked": PLUCKED,
    "strings": BOWED,
    "piano": PIANO,
}
# Of 4,500 captions of MusicCaps, the share that names it.
BASE: Mapping[str, float] = {
    "choir": 0.028,
    "flute": 0.043,
    "sitar": 0.009,
    "plucked": 0.415,
    "strings": 0.163,
    "piano": 0.136,
}
PROGRAMS = tuple(range(112))
STEPS = (0.5, 0.7, 0.8, 0.9, 0.95)
FLOOR = 1e-3  # of a score, before its logarithm


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip's programs, whether it has drums, what measurement says of them, and the scores."""

    programs: frozenset[int]
    drums: bool
    measured_drums: bool
    scores: Mapping[str, float]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--clips", type=int, default=320, help="of each sound font")
    parser.add_argument("--only", choices=tuple(renders.FONTS), help="listen to one font's clips")
    options = parser.parse_args()
    sets = (options.only,) if options.only else (*FITTED, TRIED)
    heard = {each: list(listened(each, options.folder, options.clips)) for each in sets}
    if options.only:
        return 0
    fitted = [clip for each in FITTED for clip in heard[each]]
    print(f"{len(fitted)} clips to fit on, {len(heard[TRIED])} of another sound font to try on")
    for label in THINGS:
        print_label(label, fitted, heard[TRIED])
    print_drums(fitted, heard[TRIED])
    return 0


# --- listening -----------------------------------------------------------------------------


def listened(which: renders.Set, folder: Path, count: int) -> Iterator[Heard]:
    """What the ear hears in the clips of one font; kept from run to run."""
    kept = folder / f"ears-{which}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    known: dict[int, Any] = {}
    if kept.exists():
        known = {row["seed"]: row for row in map(json.loads, kept.read_text().splitlines())}
    with kept.open("a") as file:
        for seed in range(FIRST_SEED[which], FIRST_SEED[which] + count):
            if seed not in known:
                known[seed] = row = listen(seed, which, folder)
                print(json.dumps(row), file=file, flush=True)
            row = known[seed]
            yield Heard(
                frozenset(row["programs"]), row["drums"], row["measured_drums"], row["scores"]
            )


def listen(seed: int, which: renders.Set, folder: Path) -> dict[str, Any]:
    rng = random.Random(f"ears {seed}")
    piece = cast(seed, rng)
    path = folder / f"ears-{which}-{seed}.wav"
    scores.render(scores.compose(piece), path, renders.drawn_gain(rng), renders.FONTS[which])
    clean, _ = soundfile.read(path, round(renders.SHORT_S * renders.RATE_HZ), dtype="float32")
    path.unlink()
    _, samples, rate_hz = renders.worn(clean, renders.drawn_wear(rng))
    samples = samples[: round(renders.SECONDS * rate_hz)]
    drums = measure(samples, rate_hz)
    finding = PERCUSSION.finding(drums)
    heard = hear(samples, rate_hz, [MUSICNN])
    return {
        "seed": seed,
        "programs": sorted({INSTRUMENTS[name].program for name in piece.instruments}),
        "drums": piece.drums,
        "measured_drums": finding.value == "present" and finding.confidence >= CERTAINTY,
        "scores": {name: label.score for name, label in heard["musicnn"].items()},
    }


def cast(seed: int, rng: random.Random) -> scores.Piece:
    """A piece whose instruments are drawn: six in eight have one of the things, the lead."""
    turn = seed % 8
    wanted = list(THINGS.values())[turn] if turn < len(THINGS) else set(PROGRAMS)
    lead = rng.choice(sorted(wanted))
    others = [rng.choice(PROGRAMS) for _ in range(2)]
    alone = rng.random() < 0.35
    return dataclasses.replace(
        scores.random_piece(seed),
        melody=f"program {lead}",
        chords=f"program {lead if alone else others[0]}",
        bass=None if alone or rng.random() < 0.3 else rng.choice(("bass", "double bass")),
        pad=None if alone or rng.random() < 0.7 else f"program {others[1]}",
        drums=rng.random() < (0.2 if alone else 0.5),
    )


# --- a label's steps -----------------------------------------------------------------------


def print_label(label: str, fitted: Sequence[Heard], tried: Sequence[Heard]) -> None:
    """The scores at which the fitted probability reaches each step, and what they are worth."""
    weight, bias = fit(*examples(label, fitted), BASE[label])
    print(f"\n{label}, base rate {BASE[label]:g}")
    for probability in STEPS:
        score = reached(probability, weight, bias)
        if score < 1.5:
            worth = worth_of(label, score, tried)
            print(f"  Step({score:.3f}, {probability:g}): on the other font {worth}")
    positives = np.sort(examples(label, tried)[0][examples(label, tried)[1]])
    low = ", ".join(f"{np.quantile(positives, q):.3f}" for q in (0.02, 0.05, 0.1, 0.2))
    print(f"  of the true ones 2, 5, 10 and 20 % score under {low}")


def examples(label: str, clips: Sequence[Heard]) -> tuple[Doubles, NDArray[np.bool_]]:
    """Scores, and whether the thing is there, of the clips of which that can be said."""
    rows = [
        (clip.scores[label], bool(clip.programs & THINGS[label]))
        for clip in clips
        if clip.programs & THINGS[label] or not clip.programs & UNSURE[label]
    ]
    return np.array([score for score, _ in rows]), np.array([there for _, there in rows])


def fit(found: Doubles, there: NDArray[np.bool_], base: float) -> tuple[float, float]:
    """A logistic regression on the score's log odds, brought from these clips' share to `base`."""
    weights, bias = weights_and_bias(log_odds(found)[:, None], there.astype(np.float64))
    share = float(there.mean())
    return float(weights[0]), bias + np.log(base / (1 - base)) - np.log(share / (1 - share))


def log_odds(found: Doubles) -> Doubles:
    # Sums of two tags go beyond 1.
    clipped = np.clip(found / 2, FLOOR, 1 - FLOOR)
    return np.asarray(np.log(clipped / (1 - clipped)))


def reached(probability: float, weight: float, bias: float) -> float:
    """The score at which the regression gives a probability."""
    odds = np.exp((np.log(probability / (1 - probability)) - bias) / weight)
    return float(2 * odds / (1 + odds))


def worth_of(label: str, gate: float, clips: Sequence[Heard]) -> str:
    """What is right from a score on: as it is on these clips, and at the base rate."""
    found, there = examples(label, clips)
    hits, false = int((found[there] >= gate).sum()), int((found[~there] >= gate).sum())
    positives, negatives = int(there.sum()), int((~there).sum())
    base = BASE[label]
    right = at_base((hits + 0.5) / (positives + 1), (false + 0.5) / (negatives + 1), base)
    lowest = at_base(
        wilson(hits / positives, positives)[0], wilson(false / negatives, negatives)[1], base
    )
    return (
        f"{hits} of {positives} true ones and {false} of {negatives} others; right at the base"
        f" rate {right:.2f} (at least {lowest:.2f})"
    )


def at_base(hit_rate: float, false_rate: float, base: float) -> float:
    return hit_rate * base / max(1e-9, hit_rate * base + false_rate * (1 - base))


def print_drums(fitted: Sequence[Heard], tried: Sequence[Heard]) -> None:
    """What the ear's drums add to measured ones."""
    print("\ndrums, where measurement says present")
    for name, clips in (("fitted", fitted), ("tried", tried)):
        said = [clip for clip in clips if clip.measured_drums]
        right = sum(clip.drums for clip in said)
        print(f"  {name}: {right} of {len(said)} right by measurement alone")
        for gate in (0.01, 0.02, 0.03, 0.05):
            both = [clip for clip in said if clip.scores["drums"] >= gate]
            doubted = [clip for clip in said if clip.scores["drums"] < gate]
            agreed = sum(clip.drums for clip in both)
            low, high = wilson(agreed / max(1, len(both)), len(both))
            print(
                f"    from {gate:g}: {agreed} of {len(both)} right ({low:.2f} to {high:.2f}),"
                f" {agreed / max(1, right):.2f} of the true ones kept;"
                f" below it {sum(clip.drums for clip in doubted)} of {len(doubted)} right"
            )


if __name__ == "__main__":
    sys.exit(main())
