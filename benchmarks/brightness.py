"""How dark and how bright real music is, and whether other measures agree with ours.

    python benchmarks/brightness.py [--cache out/real]

Of the clips that `real_music.py` cuts: the percentiles of the measure, by halves of the pieces,
which the borders of `BRIGHTNESS` follow; and how its darkest and brightest sixths lie by four
measures that it does not use. None is the truth, but what all of them call bright is not dark.
"""

import argparse
import os
import zlib
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import soundfile
from numpy.typing import NDArray
from real_pieces import excerpts, fetch

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.measurements.brightness import BRIGHTNESS
from mmusset.recipe_parts.media import ClipPart

Doubles = NDArray[np.float64]
PERCENTILES = (5, 100 / 6, 50, 500 / 6, 95)
THIRD_OCTAVES_HZ = 100 * 2 ** np.arange(0, 6.34, 1 / 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("out/real"), help="of real_music.py")
    cache = parser.parse_args().cache
    clips = excerpts(cache, fetch(cache))
    rows = [measured(cache / "clips" / clip.name) for clip in clips]
    ours = np.array([row.pop("brightness") for row in rows])
    halves = np.array([zlib.crc32(clip.piece.encode()) % 2 for clip in clips])
    for title, some in (("all", halves >= 0), ("one half", halves == 0), ("other", halves == 1)):
        print(title, some.sum(), np.rint(np.percentile(ours[some], PERCENTILES)))
    print("| | correlation of ranks | darkest sixth: in its darker third, brighter half |"
          " brightest sixth: in its brighter third, darker half |\n|---|---|---|---|")  # fmt: skip
    for name in rows[0]:
        print(compared(name, ranks(ours), ranks(np.array([row[name] for row in rows]))))


def measured(path: Path) -> dict[str, float]:
    """Our brightness, and others': the larger the brighter."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    signal = ClipSignal(samples, rate_hz, ClipPart().silence_dbfs)
    hz = signal.spectrum.frequencies_hz
    power = signal.spectrum.power.sum(axis=0, dtype=np.float64)

    def decibels(low_hz: float, high_hz: float) -> float:
        return float(10 * np.log10(power[(hz >= low_hz) & (hz < high_hz)].sum() + 1e-12))

    bands = list(pairwise(THIRD_OCTAVES_HZ))
    levels = [decibels(*band) for band in bands]
    octaves = np.log2([low_hz for low_hz, _ in bands])
    return {
        "brightness": BRIGHTNESS.measure(signal).value if BRIGHTNESS.measure else 0.0,
        "share above 1.5 kHz": decibels(1500, np.inf) - decibels(0, np.inf),
        "share above 3 kHz": decibels(3000, np.inf) - decibels(0, np.inf),
        "above 2 kHz against 60 to 500 Hz": decibels(2000, np.inf) - decibels(60, 500),
        "slope from 100 Hz to 8 kHz": float(np.polyfit(octaves, levels, 1)[0]),
    }


def ranks(values: Doubles) -> Doubles:
    """From 0, the least, to 1."""
    return np.argsort(np.argsort(values)) / (len(values) - 1)


def compared(name: str, ours: Doubles, theirs: Doubles) -> str:
    dark, bright = theirs[ours < 1 / 6], theirs[ours > 5 / 6]
    return (
        f"| {name} | {np.corrcoef(ours, theirs)[0, 1]:.2f}"
        f" | {np.mean(dark < 1 / 3):.0%}, {np.mean(dark > 1 / 2):.0%}"
        f" | {np.mean(bright > 2 / 3):.0%}, {np.mean(bright < 1 / 2):.0%} |"
    )


if __name__ == "__main__":
    main()
