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
from collections.abc import Mapping
from pathlib import Path

import renders
import scores
import soundfile
from orchestra import INSTRUMENTS

from mmusset.ears.truth_table import COLUMNS, FILE

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
        for seed in range(options.first_seed, options.first_seed + options.clips):
            table.writerow(written(seed, options.font, options.folder))
    return 0


def written(seed: int, font: renders.Set, folder: Path) -> dict[str, str]:
    """A clip in the folder, and its line in the table."""
    rng = random.Random(f"ear clips {seed}")
    piece = cast(seed, rng)
    file = folder / f"{font}-{seed}.flac"
    if not file.exists():
        passing = folder / f"clean-{seed}.flac"
        clean = renders.rendered(passing, scores.compose(piece), renders.drawn_gain(rng), font)
        passing.unlink()
        samples, rate_hz = renders.worn(clean, rng)
        frames = round(renders.SECONDS * rate_hz)
        soundfile.write(file, samples[:frames].clip(-1, 1), rate_hz)
    played = {NAMES[INSTRUMENTS[name].program] for name in piece.instruments}
    return {
        "file": file.name,
        "voice": "choir" if "choir" in played else "none",
        "drums": "yes" if piece.drums else "no",
        "instruments": ", ".join(sorted(played - {"choir"})) or "none",
    }


def cast(seed: int, rng: random.Random) -> scores.Piece:
    """A piece whose instruments are drawn: each name leads as often as any other."""
    names = sorted(set(NAMES.values()) - {"bass"})
    lead = rng.choice([p for p, called in NAMES.items() if called == names[seed % len(names)]])
    return renders.accompanied(seed, lead, sorted(NAMES), rng)


if __name__ == "__main__":
    sys.exit(main())
