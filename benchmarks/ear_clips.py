"""A folder of clips whose instruments, voices and drums are known, to calibrate a listener on.

    python benchmarks/ear_clips.py clips [--clips 600] [--font fluid] [--first-seed 60000]
    mmusset ears calibrate listener clips --set listener.url=http://127.0.0.1:8001/v1

Composed pieces, rendered with FluidSynth: played by instruments drawn from those of General MIDI
that have a name among the listener's, alone or with others and drums, and worn by other tunings,
reverb, codecs and lower rates. `truth.csv` tells what is in each; of genre and mood nothing is
known. Clips of your own may be added to folder and table.
"""

import argparse
import csv
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import renders
import scores
import soundfile
from orchestra import INSTRUMENTS

from mmusset.ears.truth_table import COLUMNS, FILE

BATCH = 40  # clips that FluidSynth plays at a time: loading a font takes seconds
# What the programs of General MIDI are called; those of which nobody could say are left out.
NAMES: Mapping[int, str] = {
    **dict.fromkeys((0, 1, 3), "piano"),
    **dict.fromkeys((4, 5), "electric piano"),
    6: "harpsichord",
    13: "xylophone",
    **dict.fromkeys((16, 17, 18, 19, 20), "organ"),
    **dict.fromkeys((21, 23), "accordion"),
    22: "harmonica",
    **dict.fromkeys((24, 25, 26, 27, 28, 29, 30), "guitar"),
    **dict.fromkeys(range(32, 40), "bass"),
    40: "violin",
    **dict.fromkeys((41, 44, 48, 49), "strings"),
    42: "cello",
    46: "harp",
    **dict.fromkeys((52, 53), "choir"),
    56: "trumpet",
    **dict.fromkeys((57, 58, 60, 61), "brass"),
    **dict.fromkeys((64, 65, 66, 67), "saxophone"),
    71: "clarinet",
    73: "flute",
    **dict.fromkeys((80, 81, 88, 89, 90), "synthesizer"),
    104: "sitar",
    105: "banjo",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--font", choices=tuple(renders.FONTS), default="fluid")
    parser.add_argument("--first-seed", type=int, default=60_000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with (options.folder / FILE).open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        seeds = range(options.first_seed, options.first_seed + options.clips)
        for first in range(0, len(seeds), BATCH):
            table.writerows(written(seeds[first : first + BATCH], options.font, options.folder))
    return 0


def written(seeds: Sequence[int], font: renders.Font, folder: Path) -> Iterator[dict[str, str]]:
    """Clips in the folder, those that are there already kept, and their lines in the table."""
    pieces = {seed: cast(seed, random.Random(f"ear clips {seed}")) for seed in seeds}
    missing = [seed for seed in seeds if not path_of(seed, font, folder).exists()]
    performances = [performance(seed, pieces[seed]) for seed in missing]
    for seed, clean in zip(missing, renders.played(font, performances), strict=True):
        _, samples, rate_hz = renders.worn(clean, renders.drawn_wear(random.Random(f"wear {seed}")))
        frames = round(renders.SECONDS * rate_hz)
        soundfile.write(path_of(seed, font, folder), samples[:frames].clip(-1, 1), rate_hz)
    for seed, piece in pieces.items():
        played = {NAMES[INSTRUMENTS[name].program] for name in piece.instruments}
        yield {
            "file": path_of(seed, font, folder).name,
            "voice": "choir" if "choir" in played else "none",
            "drums": "yes" if piece.drums else "no",
            "instruments": ", ".join(sorted(played - {"choir"})) or "none",
        }


def path_of(seed: int, font: str, folder: Path) -> Path:
    return folder / f"{font}-{seed}.flac"


def performance(seed: int, piece: scores.Piece) -> renders.Performance:
    truth = renders.Truth("composed", piece.tempo_bpm, None, None, piece.drums)
    gain = renders.drawn_gain(random.Random(f"gain {seed}"))
    parts, bpm = tuple(scores.played(piece)), piece.tempo_bpm
    return renders.Performance(str(seed), str(seed), truth, parts, bpm, gain, renders.SHORT_S)


def cast(seed: int, rng: random.Random) -> scores.Piece:
    """A piece whose instruments are drawn: each name leads as often as any other."""
    names = sorted(set(NAMES.values()) - {"bass"})
    lead = rng.choice([p for p, called in NAMES.items() if called == names[seed % len(names)]])
    return renders.accompanied(seed, lead, sorted(NAMES), rng)


if __name__ == "__main__":
    sys.exit(main())
