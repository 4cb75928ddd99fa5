"""What mmusset takes before it begins: the CPU time of `--help`, and of `scan` of 10,000 files.

    python benchmarks/start_times.py [--files 10000] [--seconds 1]

A hundredth of the files are covers, one for each album of 99 pieces; the pieces are WAVs of noise,
so that decoding them costs next to nothing. Prints a table.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import soundfile
from PIL import Image

ALBUM = 100
RATE_HZ = 8000
ROUNDS = 3


def lay_out(source: Path, files: int, seconds: float) -> None:
    """Albums of a cover and 99 pieces, no two alike."""
    random = np.random.default_rng(0)
    for album in range(files // ALBUM):
        folder = source / f"album {album}"
        folder.mkdir(parents=True)
        colour = tuple(int(value) for value in random.integers(0, 255, 3))
        Image.new("RGB", (600, 600), colour).save(folder / "cover.jpg")
        for track in range(1, ALBUM):
            noise = random.normal(0, 0.1, round(seconds * RATE_HZ))
            soundfile.write(folder / f"{track:02d}.wav", noise, RATE_HZ)


def cpu_s(words: Sequence[str | Path]) -> float:
    """CPU seconds of `mmusset WORDS` and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "mmusset", *map(str, words)],
        check=True,
        capture_output=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=1.0)
    asked = parser.parse_args()
    print("| | CPU-s, median [least-most] |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        lay_out(source, asked.files, asked.seconds)
        for name, words in (("`--help`", ["--help"]), ("`scan`", ["scan", source])):
            taken = [cpu_s(words) for _ in range(ROUNDS)]
            print(f"| {name} | {median(taken):.2f} [{min(taken):.2f}-{max(taken):.2f}] |")


if __name__ == "__main__":
    main()
