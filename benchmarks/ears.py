"""What an ear's labels are worth, and so which steps stand in its declaration.

    python benchmarks/ears.py [--folder out/bench] [--clips 320] [--real out/real]

Clips whose instruments are known: composed pieces, played by three sound fonts (FluidSynth;
Debian's fluid-soundfont-gm, musescore-general-soundfont-small, timgm6mb-soundfont) on instruments
drawn from all of General MIDI, alone or with others and drums, and worn as `renders.py` wears them.
FluidR3 and MuseScore's font are of one family, TimGM6mb is of another: a step is what both families
bear out, each alone.

Six in eight clips have one of the things as their lead, so that there are enough of each; music at
large is not so. Each clip therefore counts as much as the share of MusicCaps' 4,500 captions that
name its lead, and each label is asked how often it is right at that base rate. `--real` adds clips
of `real_music.py`, of which the albums tell the genre. Needs `mmusset ears get musicnn`; scores are
kept in the folder, and a run that was stopped goes on.
"""

import argparse
import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import itertools

import numpy as np
import renders
import scores
import soundfile
from orchestra import INSTRUMENTS

from mmusset.ears.hearing import hear
from mmusset.ears.musicnn.ear import MUSICNN
from mmusset.evidence.music import measure
from mmusset.intervals import wilson
from mmusset.measurements.percussion import PERCUSSION
from mmusset.recipe import CERTAINTY

FAMILIES: tuple[tuple[renders.Set, ...], ...] = (("fluid", "muse"), ("tim",))
FIRST_SEED: Mapping[renders.Set, int] = {"fluid": 20_000, "muse": 30_000, "tim": 40_000}
# The programs of General MIDI that are the thing, and those of which nobody could say.
THINGS: Mapping[str, set[int]] = {
    "choir": {52},
    "flute": {72, 73, 75, 77},
    "sitar": {104},
    "plucked": {6, 24, 25, 26, 27, 28, 45, 46, 104, 105, 106, 107},
    "strings": {40, 41, 42, 43, 44, 48, 49, 110},
    "piano": {0, 1, 2, 3},
}
UNSURE: Mapping[str, set[int]] = {
    "choir": {53, 54, 85, 91},
    "flute": {74, 76, 78, 79},
    "sitar": {105, 106, 107},
    "plucked": {7, 15, 29, 30, 31, 108},
    "strings": {50, 51, 55},
    "piano": {4, 5, 7},
}
# Of MusicCaps' captions, the share that names the thing; the rest has another lead.
BASE: Mapping[str, float] = {
    "choir": 0.028,
    "flute": 0.043,
    "sitar": 0.009,
    "plucked": 0.415,
    "strings": 0.163,
    "piano": 0.136,
    "electronic": 0.235,
    "classical": 0.088,
    "drums": 0.484,
}
LEADS = (*THINGS, "any", "any")  # of each eight seeds
CAST: Mapping[str, set[int]] = {**THINGS, "choir": {52, 53}}
PROGRAMS = tuple(range(112))
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 9.0)
DRUM_BINS = (0.0, 0.02, 0.05, 0.1, 0.2, 9.0)
BATCH = 40  # clips that FluidSynth plays at a time: loading a font takes seconds
# Albums of `real_music.py` whose genre is plain: by the tags of Wesnoth's, and by ear and title.
ALBUMS: Mapping[str, str] = {
    "nexuiz-music": "electronic",
    "singularity-music": "electronic",
    "warzone2100-music": "electronic",
    "wesnoth-1.16-music": "classical",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip's programs, whether it has drums, what measurement says of them, and the scores."""

    lead: str
    programs: frozenset[int]
    drums: bool
    measured_drums: bool
    scores: Mapping[str, float]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--clips", type=int, default=320, help="of each sound font")
    parser.add_argument("--only", choices=tuple(renders.FONTS), help="listen to one font's clips")
    parser.add_argument("--real", type=Path, help="the cache of real_music.py")
    options = parser.parse_args()
    if options.only:
        listened(options.only, options.folder, options.clips)
    else:
        print_labels(
            *(
                [clip for each in sets for clip in listened(each, options.folder, options.clips)]
                for sets in FAMILIES
            )
        )
    if options.real:
        print_genres(listened_real(options.folder, options.real))
    return 0


# --- listening -----------------------------------------------------------------------------


def listened(which: renders.Set, folder: Path, count: int) -> list[Heard]:
    """What the ear hears in the clips of one font."""
    kept = folder / f"ears-{which}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    known = rows_in(kept)
    seeds = range(FIRST_SEED[which], FIRST_SEED[which] + count)
    missing = [seed for seed in seeds if seed not in known]
    with kept.open("a") as file:
        for first in range(0, len(missing), BATCH):
            for row in listen(which, missing[first : first + BATCH]):
                print(json.dumps(row), file=file, flush=True)
                known[row["seed"]] = row
    return [
        Heard(
            LEADS[seed % len(LEADS)],
            frozenset(known[seed]["programs"]),
            known[seed]["drums"],
            known[seed]["measured_drums"],
            known[seed]["scores"],
        )
        for seed in seeds
        if known[seed]["scores"]
    ]


def rows_in(path: Path) -> dict[Any, dict[str, Any]]:
    lines = path.read_text().splitlines() if path.exists() else []
    return {row["seed"]: row for row in map(json.loads, lines)}


def listen(which: renders.Set, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    pieces = [cast(seed) for seed in seeds]
    performances = [performance(seed, piece) for seed, piece in zip(seeds, pieces, strict=True)]
    sounds = renders.played(which, performances)
    for seed, piece, clean in zip(seeds, pieces, sounds, strict=True):
        wear = renders.drawn_wear(random.Random(f"wear {seed}"))
        _, samples, rate_hz = renders.worn(clean, wear)
        samples = samples[: round(renders.SECONDS * rate_hz)]
        drums = PERCUSSION.finding(measure(samples, rate_hz))
        heard = hear(samples, rate_hz, [MUSICNN])["musicnn"]
        is_silent = np.abs(samples).max() < 0.003
        yield {
            "seed": seed,
            "programs": sorted({INSTRUMENTS[name].program for name in piece.instruments}),
            "drums": piece.drums,
            "measured_drums": drums.value == "present" and drums.confidence >= CERTAINTY,
            "scores": {} if is_silent else {name: label.score for name, label in heard.items()},
        }


def cast(seed: int) -> scores.Piece:
    """A piece whose instruments are drawn, the lead from those of its eighth."""
    rng = random.Random(f"ears {seed}")
    lead = rng.choice(sorted(CAST.get(LEADS[seed % len(LEADS)], PROGRAMS)))
    return renders.accompanied(seed, lead, PROGRAMS, rng)


def performance(seed: int, piece: scores.Piece) -> renders.Performance:
    truth = renders.Truth("composed", piece.tempo_bpm, None, None, piece.drums)
    gain = renders.drawn_gain(random.Random(f"gain {seed}"))
    parts, bpm = tuple(scores.played(piece)), piece.tempo_bpm
    return renders.Performance(str(seed), str(seed), truth, parts, bpm, gain, renders.SHORT_S)


# --- instruments ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Worth:
    """What scores in a range are worth: counts, and the share that is right at the base rate."""

    hits: int
    positives: int
    false: int
    negatives: int
    right: float

    def __str__(self) -> str:
        return (
            f"{self.hits:3d} of {self.positives:3d} true, {self.false:3d} of {self.negatives:3d}"
            f" others, right {self.right:.2f}"
        )


def print_labels(first: Sequence[Heard], second: Sequence[Heard]) -> None:
    """For scores in each bin, how many are right: in all, and in each family of fonts."""
    both = [*first, *second]
    print(f"{len(first)} clips of one family of fonts, {len(second)} of another")
    for label in THINGS:
        print(f"\n{label}, base rate {BASE[label]:g}; true ones score {quantiles(label, both)}")
        for low, high in itertools.pairwise(BINS):
            all_, one, other = (worth_of(label, low, high, c) for c in (both, first, second))
            print(f"  from {low:g}: {all_} ({one.right:.2f} and {other.right:.2f})")
            above = worth_of(label, low, BINS[-1], both)
            print(f"     and above: {above}")
    print_drums(both)


def worth_of(label: str, low: float, high: float, clips: Sequence[Heard]) -> Worth:
    """Of scores from `low` to `high`. Half a clip is added to either side, or few would be none."""
    rows = [
        (clip.scores[label], bool(clip.programs & THINGS[label]), weight(clip, clips))
        for clip in clips
        if clip.programs & THINGS[label] or not clip.programs & UNSURE[label]
    ]
    inside: Callable[[float], bool] = lambda score: low <= score < high  # noqa: E731
    true = [(inside(score), w) for score, there, w in rows if there]
    false = [(inside(score), w) for score, there, w in rows if not there]
    base = BASE[label]
    hit = rate(true) * base
    return Worth(
        sum(into for into, _ in true),
        len(true),
        sum(into for into, _ in false),
        len(false),
        hit / (hit + rate(false) * (1 - base)),
    )


def weight(clip: Heard, clips: Sequence[Heard]) -> float:
    """How much music there is with such a lead, for each clip that has it."""
    rest = 1 - sum(BASE[name] for name in THINGS)
    return BASE.get(clip.lead, rest) / sum(other.lead == clip.lead for other in clips)


def rate(rows: Sequence[tuple[bool, float]]) -> float:
    total = sum(w for _, w in rows)
    half = 0.5 * total / max(1, len(rows))
    return (sum(w for into, w in rows if into) + half) / (total + 2 * half)


def at_base(hits: int, true: int, false: int, others: int, base: float) -> float:
    hit = (hits + 0.5) / (true + 1) * base
    return hit / (hit + (false + 0.5) / (others + 1) * (1 - base))


def quantiles(label: str, clips: Sequence[Heard]) -> str:
    found = [clip.scores[label] for clip in clips if clip.programs & THINGS[label]]
    return ", ".join(f"{np.quantile(found, q):.2f} ({q:.0%})" for q in (0.05, 0.25, 0.5, 0.75))


def print_drums(clips: Sequence[Heard]) -> None:
    """What the ear's drums add to measured ones."""
    true = [clip.scores["drums"] for clip in clips if clip.drums]
    others = [clip.scores["drums"] for clip in clips if not clip.drums]
    print(f"\ndrums, base rate {BASE['drums']:g}")
    for low, high in itertools.pairwise(DRUM_BINS):
        hits, false = (sum(low <= s < high for s in found) for found in (true, others))
        right = at_base(hits, len(true), false, len(others), BASE["drums"])
        print(
            f"  from {low:g}: {hits} of {len(true)} true, {false} of {len(others)} others,"
            f" right {right:.2f}"
        )
    said = [clip for clip in clips if clip.measured_drums]
    right = sum(clip.drums for clip in said)
    print(f"\ndrums that are measured: {right} of {len(said)} right")
    for gate in (0.01, 0.02, 0.03, 0.05):
        both = [clip for clip in said if clip.scores["drums"] >= gate]
        doubted = [clip for clip in said if clip.scores["drums"] < gate]
        agreed = sum(clip.drums for clip in both)
        low, high = wilson(agreed / max(1, len(both)), len(both))
        print(
            f"  from {gate:g}: {agreed} of {len(both)} right ({low:.2f} to {high:.2f}), keeping"
            f" {agreed / max(1, right):.2f} of the true ones; below it"
            f" {sum(clip.drums for clip in doubted)} of {len(doubted)} right"
        )


# --- genres --------------------------------------------------------------------------------


def listened_real(folder: Path, cache: Path) -> list[dict[str, Any]]:
    """What the ear hears in real clips, and the package that each is of."""
    kept = folder / "ears-real.jsonl"
    known = rows_in(kept)
    with kept.open("a") as file:
        for excerpt in json.loads((cache / "clips.json").read_text()):
            name = excerpt["name"]
            if name in known:
                continue
            samples, rate_hz = soundfile.read(
                cache / "clips" / name, dtype="float32", always_2d=True
            )
            heard = hear(samples[:, :2], rate_hz, [MUSICNN])["musicnn"]
            row = {
                "seed": name,
                "piece": excerpt["piece"],
                "scores": {label: found.score for label, found in heard.items()},
            }
            print(json.dumps(row), file=file, flush=True)
            known[name] = row
    return list(known.values())


def print_genres(clips: Sequence[Mapping[str, Any]]) -> None:
    """Genres where an album tells them, and how often each label is heard in all clips."""
    told = [
        (ALBUMS[album], clip["scores"])
        for clip in clips
        if (album := clip["piece"].partition("/")[0]) in ALBUMS
    ]
    for label in ("electronic", "classical"):
        true = [found[label] for genre, found in told if genre == label]
        others = [found[label] for genre, found in told if genre != label]
        print(f"\n{label}, base rate {BASE[label]:g}, clips of {len(ALBUMS)} albums")
        for gate in np.arange(0.1, 1.2, 0.1):
            hits, false = (sum(s >= gate for s in found) for found in (true, others))
            right = at_base(hits, len(true), false, len(others), BASE[label])
            print(
                f"  from {gate:g}: {hits} of {len(true)} true, {false} of {len(others)} others,"
                f" right {right:.2f}"
            )
    print(f"\nof {len(clips)} real clips, the share that scores at least .2, .4, .6:")
    for label in MUSICNN.labels:
        found = np.array([clip["scores"][label.name] for clip in clips])
        shares = ", ".join(f"{np.mean(found >= gate):.3f}" for gate in (0.2, 0.4, 0.6))
        print(f"  {label.name:10s} {shares}")


if __name__ == "__main__":
    sys.exit(main())
