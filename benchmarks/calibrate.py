"""What a confidence is worth: fits the constants that make it a probability, and tries them.

    python benchmarks/calibrate.py fit [--folder out/bench]
    python benchmarks/calibrate.py try [--folder out/bench]

`fit` measures the clips of two sets of `renders.py` (FluidSynth, two sound fonts, and the
corpus.json that `corpus.py` writes) and prints the logistic regressions that stand in mmusset/dsp
and mmusset/measurements. `try` measures a third set, which shares neither sound font nor score with
those, and prints for each attribute the expected calibration error, and coverage and precision of
what is said at the recipe's certainty; it draws docs/reliability.svg (needs matplotlib).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import renders
from numpy.typing import NDArray

from mmusset.dsp import percussion, tempo, tonality
from mmusset.dsp.clip_signal import ClipSignal
from mmusset.evidence.music import measure
from mmusset.intervals import wilson
from mmusset.measurements.declaration import Finding
from mmusset.measurements.pulse import SCALE as PULSE_WORDS
from mmusset.measurements.tempo import TOLERANCE
from mmusset.recipe import CERTAINTY
from mmusset.truth.findings import findings

Doubles = NDArray[np.float64]
FITTED: tuple[renders.Set, ...] = ("fluid", "tim")
TRIED: renders.Set = "muse"
BINS = 5  # of as many findings each, from the least to the most certain
SHRINKING = 0.3  # weight of the squared coefficients, standardised
LATER_S = 0.5  # the same music cut later: its words should stay
WORDS = ("loudness", "dynamics", "brightness", "density", "width", "energy")
Example = tuple[Sequence[float], bool]  # features, and whether what they tell of is right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("fit", "try"))
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    options = parser.parse_args()
    if options.what == "fit":
        fit(options.folder)
    else:
        attempt(options.folder)
    return 0


# --- fitting -------------------------------------------------------------------------------


def fit(folder: Path) -> None:
    """Prints weights and bias of each regression."""
    examples: dict[str, list[Example]] = {"tempo": [], "key": [], "mode": [], "percussion": []}
    for which in FITTED:
        for clip in renders.clips(which, folder):
            for name, example in examples_of(clip).items():
                examples[name].append(example)
    for name, found in examples.items():
        print_regression(name, found)


def examples_of(clip: renders.Clip) -> dict[str, Example]:
    signal, truth = ClipSignal(clip.samples, clip.rate_hz, -60.0), clip.truth
    found: dict[str, Example] = {}
    beat = tempo.candidate([signal.onset_strength], signal.spectrum.hop_s)
    if beat and truth.tempo_bpm:
        found["tempo"] = beat.features, abs(beat.bpm / truth.tempo_bpm - 1) < TOLERANCE
    if truth.has_key is not None:
        read = tonality.key_reading(tonality.chroma(signal.pitch_spectrum))
        right = read.best == number_of(truth)
        right_mode = truth.key is not None and (read.best >= 12) == (truth.key[1] == "minor")
        if read.is_heard:
            found["key"] = (read.lead, *read.features), right
            found["mode"] = (read.mode_lead, *read.features), right_mode
    if bursts := percussion.features(signal.spectrum, signal.onset_strength):
        found["percussion"] = bursts, truth.drums
    return found


def number_of(truth: renders.Truth) -> int:
    return -1 if truth.key is None else truth.key[0] + 12 * (truth.key[1] == "minor")


def print_regression(name: str, examples: Sequence[Example]) -> None:
    features = np.array([each for each, _ in examples], dtype=np.float64)
    right = np.array([each for _, each in examples], dtype=np.float64)
    weights, bias = regression(features, right)
    numbers = ", ".join(f"{weight:.2f}" for weight in weights)
    print(f"{name}: {len(right)} examples, {right.mean():.2f} right: ({numbers}), {bias:.2f}")


def regression(features: Doubles, right: Doubles) -> tuple[Doubles, float]:
    """Weights and bias of a ridge logistic regression, by Newton's method."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    inputs = np.c_[np.ones(len(features)), (features - mean) / spread]
    weights = np.zeros(inputs.shape[1])
    ridge = SHRINKING * np.eye(len(weights))
    ridge[0, 0] = 0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + ridge
        weights += np.linalg.solve(bend, inputs.T @ (right - chance) - ridge @ weights)
    raw = weights[1:] / spread
    return raw, float(weights[0] - (raw * mean).sum())


# --- trying --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A finding and whether it was right."""

    confidence: float
    right: bool
    kind: str


def attempt(folder: Path) -> None:
    said: dict[str, list[Said]] = {}
    for clip in renders.clips(TRIED, folder):
        found = findings(measure(clip.samples, clip.rate_hz))
        for name, right in rights(clip, found).items():
            said.setdefault(name, []).append(Said(found[name].confidence, right, clip.truth.kind))
    print("| | clips | right | calibration error | said | right where said | 95 % interval |")
    print("|---|---|---|---|---|---|---|")
    for name, each in said.items():
        print_worth(name, each)
    draw(said, Path("docs/reliability.svg"))


def rights(clip: renders.Clip, found: dict[str, Finding]) -> dict[str, bool]:
    """Which findings are right, of those whose truth is known."""
    truth, right = clip.truth, {}
    if truth.tempo_bpm:
        bpm = float(found["tempo"].measured.split()[0])
        right["tempo"] = abs(bpm / truth.tempo_bpm - 1) < TOLERANCE
        right["pulse"] = found["pulse"].value == PULSE_WORDS.word(truth.tempo_bpm)
    if truth.has_key is not None:
        right["key"] = tonality_name(truth) == found["key"].value
        right["mode"] = truth.key is not None and truth.key[1] == found["mode"].value
    right["percussion"] = (found["percussion"].value == "present") == truth.drums
    start = round(LATER_S * renders.RATE_HZ)
    later = clip.clean[start : start + round(renders.SECONDS * renders.RATE_HZ)]
    words = findings(measure(later, renders.RATE_HZ))
    return right | {name: words[name].value == found[name].value for name in WORDS}


def tonality_name(truth: renders.Truth) -> str:
    from mmusset.measurements.key import KEYS

    return KEYS[number_of(truth)] if truth.key else ""


def print_worth(name: str, said: Sequence[Said]) -> None:
    stated = [each.right for each in said if each.confidence >= CERTAINTY]
    share = float(np.mean(stated)) if stated else 0.0
    low, high = wilson(share, len(stated))
    worth = f"{share:.3f} ({sum(stated)}/{len(stated)})" if stated else "none"
    right = float(np.mean([each.right for each in said]))
    print(
        f"| {name} | {len(said)} | {right:.2f} | {calibration_error(said):.3f}"
        f" | {len(stated) / len(said):.0%} | {worth} | {low:.2f} to {high:.2f} |"
    )


def calibration_error(said: Sequence[Said]) -> float:
    """Expected calibration error, over bins of as many findings each.

    Where the confidence is 0 nothing is claimed, and nothing can be off.
    """
    claimed = [each for each in said if each.confidence > 0]
    bins = curve(claimed)
    return sum(abs(chance - share) * count for chance, share, count in bins) / len(claimed)


def curve(said: Sequence[Said]) -> list[tuple[float, float, int]]:
    """Mean confidence, share that was right, and how many, of each bin."""
    ordered = sorted(said, key=lambda each: each.confidence)
    bins = [ordered[i * len(ordered) // BINS : (i + 1) * len(ordered) // BINS] for i in range(BINS)]
    return [
        (float(np.mean([e.confidence for e in b])), float(np.mean([e.right for e in b])), len(b))
        for b in bins
        if b
    ]


def draw(said: dict[str, list[Said]], path: Path) -> None:
    """The reliability plot: what was said against what was right."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "mmusset"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 6, figsize=(13, 5), sharex=True, sharey=True)
    for axis, (name, each) in zip(axes.flat, said.items(), strict=False):
        chances, shares, _ = zip(*curve([e for e in each if e.confidence > 0]), strict=True)
        axis.plot((0, 1), (0, 1), color="0.8")
        axis.plot(chances, shares, marker="o")
        axis.set_title(f"{name}, {len(each)} clips", fontsize=9)
    for axis in axes.flat[len(said) :]:
        axis.axis("off")
    figure.supxlabel("confidence")
    figure.supylabel("share that was right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main())
