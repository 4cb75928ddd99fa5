"""Whether a probe over musicnn's networks names what plays, and the weights of what it does.

    python benchmarks/names.py [--folder out/bench] [--write]

What the networks make of a clip before their tags (`Network.pooled`, the mean over its windows) is
told apart by a logistic regression for each thing. It is trained on two families of sound fonts
and tried on a third with scores of its own, and on recordings (`real_instruments.py`); for scores
of the first two families, each is heard by weights of the other alone. From the highest gate on
that finds a third of what is there, it has to be right often enough on the third family and on
recordings; a lower one that is right on renders is not on recordings. `--write` writes the weights
of what is adopted into the package; the steps are printed for its declaration. Clips are those of
`ears.py`.
"""

import argparse
import itertools
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import known_clips
import numpy as np
from known_clips import THINGS, KnownClip
from numpy.typing import NDArray
from real_instruments import RealClip, real_clips
from steps import MOST, Row, Share, rows_of, steps, weight, worth

from mmusset.ears.base_rates import base_rate
from mmusset.ears.musicnn import probe
from mmusset.intervals import wilson
from mmusset.recipe import CERTAINTY

Values = NDArray[np.float64]

# What a thing is a claim about, where it is no instrument of that name.
CLAIMS: Mapping[str, tuple[str, str]] = {
    "choir": ("vocals", "choir"),
    "drums": ("percussion", "present"),
    "plucked": ("instrument", "plucked strings"),
}
# Of voices only choirs were played: what is heard of others is taken to be nothing.
VOICE = Share(base_rate("vocals", "choir"), 1 - base_rate("vocals", "present"))
BINS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
GATES = BINS[2:]
TAG_GATES = (0.02, 0.03, 0.05, 0.1, 0.15, 0.2)
RIDGE = 0.5  # against weights that grow: of each clip
LEAST_FOUND = 1 / 3  # of what is there
LEAST_RIGHT, LEAST_HEARD = 0.9, 10  # of what is heard on the third family, and how much has to be


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic regression: a weight for each feature, and what is added."""

    factors: Values
    offset: float

    def __call__(self, features: Values) -> Values:
        return 1 / (1 + np.exp(-(features @ self.factors + self.offset)))


@dataclass(frozen=True, slots=True)
class Trial:
    """A thing's scores, as rows of each family, and on recordings; and the weights."""

    thing: str
    families: tuple[tuple[Row, ...], ...]
    recordings: tuple[tuple[bool, float], ...]
    weights: Weights

    @property
    def share(self) -> Share:
        return Share.of(*CLAIMS.get(self.thing, ("instrument", self.thing)))

    @property
    def gate(self) -> float | None:
        """The highest from which on enough of what is there is found, where it is trained."""
        there = [row.score for rows in self.families[:-1] for row in rows if row.there]
        found = [gate for gate in GATES if np.mean(np.array(there) >= gate) >= LEAST_FOUND]
        return max(found, default=None)

    @property
    def is_adopted(self) -> bool:
        """Whether it is right often enough where it was never trained, and on recordings."""
        if self.gate is None:
            return False
        heard = [row.there for row in self.families[-1] if row.score >= self.gate]
        real = [there for there, score in self.recordings if score >= self.gate]
        return (
            len(heard) >= LEAST_HEARD
            and float(np.mean(heard)) >= LEAST_RIGHT
            and (not real or float(np.mean(real)) >= LEAST_RIGHT)
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--write", action="store_true", help="the weights into the package")
    options = parser.parse_args()
    families = known_clips.families(options.folder)
    recordings = real_clips(options.folder)
    trials = [tried(thing, families, recordings) for thing in (*sorted(THINGS), "drums")]
    for trial in trials:
        print_trial(trial)
    print_voices(next(trial for trial in trials if trial.thing == "choir"), recordings)
    print_drums(trials[-1], families, recordings)
    adopted = [trial for trial in trials if trial.is_adopted]
    print(f"\nadopted: {', '.join(trial.thing for trial in adopted) or 'none'}")
    if options.write:
        write(adopted)
    return 0


# --- training ------------------------------------------------------------------------------


def tried(
    thing: str, families: Sequence[Sequence[KnownClip]], recordings: Sequence[RealClip]
) -> Trial:
    *known, _ = families
    weights = trained(thing, [clip for family in known for clip in family])
    rows = []
    for number, family in enumerate(families):
        others = [clip for each, some in enumerate(known) if each != number for clip in some]
        by = weights if number == len(known) else trained(thing, others)
        rows.append(rows_of(family, thing, by(features_of(family)).tolist()))
    real = tuple(
        (there, float(score))
        for clip, score in zip(recordings, weights(features_of(recordings)), strict=True)
        if (there := clip.is_there(thing)) is not None
    )
    return Trial(thing, tuple(rows), real, weights)


def features_of(clips: Sequence[KnownClip | RealClip]) -> Values:
    return np.array([probe.features(clip.pooled) for clip in clips], dtype=np.float64)


def trained(thing: str, clips: Sequence[KnownClip]) -> Weights:
    """By clips that count as much as there is such music; those with the thing as the others."""
    counted = Counter(clip.lead for clip in clips)
    sure = [clip for clip in clips if clip.is_there(thing) is not None]
    there = np.array([bool(clip.is_there(thing)) for clip in sure])
    share = np.array([weight(clip, counted) for clip in sure])
    for side in (there, ~there):
        share[side] *= 0.5 * len(share) / share[side].sum()
    return regression(features_of(sure), there.astype(np.float64), share)


def regression(features: Values, true: Values, share: Values) -> Weights:
    """Newton's method in the space of the clips, which are fewer than the features."""
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
    left, sizes, directions = np.linalg.svd((features - middle) / spread, full_matrices=False)
    inputs = np.column_stack([left * sizes, np.ones(len(left))])
    ridge = np.append(np.full(len(sizes), RIDGE * len(true)), 1e-6)
    found = np.zeros(inputs.shape[1])
    for _ in range(50):
        probability = 1 / (1 + np.exp(-(inputs @ found)))
        slope = inputs.T @ (share * (probability - true)) + ridge * found
        bend = (inputs * (share * probability * (1 - probability))[:, None]).T @ inputs
        step = np.linalg.solve(bend + np.diag(ridge), slope)
        found -= step
        if np.abs(step).max() < 1e-6:
            break
    factors = directions.T @ found[:-1] / spread
    return Weights(factors, float(found[-1] - middle @ factors))


def write(trials: Sequence[Trial]) -> None:
    with probe.FILE.open("wb") as file:
        np.savez(
            file,
            names=np.array([trial.thing for trial in trials]),
            factors=np.array([trial.weights.factors for trial in trials], dtype=np.float32),
            offsets=np.array([trial.weights.offset for trial in trials], dtype=np.float32),
        )
    print(f"{probe.FILE}: {probe.FILE.stat().st_size / 1000:.0f} kB")


# --- tables --------------------------------------------------------------------------------


def print_trial(trial: Trial) -> None:
    everything = tuple(itertools.chain(*trial.families))
    print(f"\n{trial.thing}, base rate {trial.share.there:g}, {ranking(trial)}")
    for gate in GATES:
        found = worth(everything, gate, MOST, trial.share)
        real = [there for there, score in trial.recordings if score >= gate]
        of_real = [there for there, _ in trial.recordings]
        print(
            f"  from {gate:g}: {found}; third family {plain(trial.families[-1], gate)}; recordings"
            f" {sum(real)} of {sum(of_real)} true, {len(real) - sum(real)} of"
            f" {len(of_real) - sum(of_real)} others"
        )
    print(f"  steps: {steps(trial.families, BINS, trial.share)}")
    if trial.thing == "choir":
        print(f"  steps, as a voice: {steps(trial.families, BINS, VOICE)}")
    print(f"  gate {trial.gate}, adopted: {trial.is_adopted}")


def plain(rows: Sequence[Row], gate: float) -> str:
    """How many of those that are heard are right, with the 95 % interval."""
    heard = [row.there for row in rows if row.score >= gate]
    low, high = wilson(float(np.mean(heard)) if heard else 0.0, len(heard))
    return f"{sum(heard)} of {len(heard)} right ({low:.2f} to {high:.2f})"


def ranking(trial: Trial) -> str:
    """How often a clip with the thing scores more than one without, in each family."""
    shares = []
    for rows in trial.families:
        true, others = (np.array([r.score for r in rows if r.there == side]) for side in (1, 0))
        shares.append(f"{np.mean(true[:, None] > others[None]):.2f}")
    return f"true above others {', '.join(shares)}"


def print_voices(trial: Trial, recordings: Sequence[RealClip]) -> None:
    """What the probe that was taught choirs hears of singers in recordings."""
    scores = trial.weights(features_of(recordings))
    for there, which in ((True, "with"), (False, "without"), (None, "perhaps with")):
        found = [
            score
            for clip, score in zip(recordings, scores, strict=True)
            if clip.is_there("voice") is there
        ]
        heard = [f"{sum(score >= gate for score in found)} from {gate:g}" for gate in GATES]
        print(f"\nof {len(found)} recordings {which} a voice, as one are heard {', '.join(heard)}")


def print_drums(
    trial: Trial, families: Sequence[Sequence[KnownClip]], recordings: Sequence[RealClip]
) -> None:
    """The probe's drums, and MTT's tag, as the second witness of measured ones."""
    sure = [clip for clip in recordings if clip.is_there("drums") is not None]
    heard = [row.score for rows in trial.families for row in rows]
    of: list[tuple[str, list[KnownClip | RealClip], list[float]]] = [
        ("renders", [*itertools.chain(*families)], heard),
        ("renders, third family", [*families[-1]], heard[-len(families[-1]) :]),
        ("recordings", [*sure], [score for _, score in trial.recordings]),
    ]
    for name, clips, scores in of:
        plucked = [bool(clip.is_there("plucked")) for clip in clips]
        for by, found, gates in (
            ("the probe", scores, GATES),
            ("the tag", [clip.tagged_drums for clip in clips], TAG_GATES),
        ):
            rows = [
                (bool(clip.is_there("drums")), clip.measured_drums, score)
                for clip, score in zip(clips, found, strict=True)
            ]
            print_second_witness(f"{name}, {by}", rows, gates)
            some = list(itertools.compress(rows, plucked))
            print_second_witness(f"{name} that are plucked, {by}", some, gates)


def print_second_witness(
    which: str, rows: Sequence[tuple[bool, float, float]], gates: Sequence[float]
) -> None:
    """Rows are: whether there are drums, how sure their measurement is, what the ear scores."""
    said = [(there, score) for there, sure, score in rows if sure >= CERTAINTY]
    right, drums = sum(there for there, _ in said), sum(there for there, _, _ in rows)
    print(
        f"\n{which}: {right} of {len(said)} measured drums right, of {drums} clips with drums and"
        f" {len(rows) - drums} without"
    )
    for gate in gates:
        both = [there for there, score in said if score >= gate]
        doubted = [there for there, score in said if score < gate]
        low, high = wilson(sum(both) / max(1, len(both)), len(both))
        print(
            f"  from {gate:g}: {sum(both)} of {len(both)} right ({low:.2f} to {high:.2f}),"
            f" keeping {sum(both) / max(1, right):.2f} of the true ones; below it"
            f" {sum(doubted)} of {len(doubted)} right"
        )


if __name__ == "__main__":
    sys.exit(main())
