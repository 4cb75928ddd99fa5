"""How far confidences are probabilities: calibration error, its noise floor, what is said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import renders
from numpy.typing import NDArray

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.evidence.music import measure
from mmusset.evidence.piece import PieceEvidence, pooled
from mmusset.intervals import wilson
from mmusset.measurements.key import KEY, KEYS
from mmusset.measurements.pulse import SCALE as PULSE_WORDS
from mmusset.measurements.tempo import TEMPO, TOLERANCE
from mmusset.recipe import CERTAINTY
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.findings import findings

Doubles = NDArray[np.float64]
BINS = 5  # of as many findings each, from the least to the most certain
DRAWS = 1000
AIM = 0.05
SHARED = {"bach", "ryansMammoth", "essenFolksong", "airdsAirs", "monteverdi", "beethoven"}
SILENCE_DBFS = -60.0
WORDS = ("loudness", "dynamics", "brightness", "density", "width", "energy")


@dataclass(frozen=True, slots=True)
class Said:
    """A finding, and whether it was right."""

    confidence: float
    right: bool
    score: str
    kind: str
    of_piece: bool


PARTED = ("tempo", "key", "mode")
PARTS: Mapping[str, Callable[[Said], bool]] = {
    "composed": lambda said: said.kind == "composed",
    "scores of collections fitted on": lambda said: said.kind in SHARED,
    "scores of other collections": lambda said: said.kind in renders.TRIED_ALONE,
    "heard in three places": lambda said: said.of_piece,
    "heard in one": lambda said: not said.of_piece,
}


def said_of(clip: renders.Clip) -> dict[str, Said]:
    """What a build would find on a clip, of that whose truth is known."""
    music = measure(clip.samples, clip.rate_hz, piece=piece_of(clip))
    later = measure(clip.later, renders.RATE_HZ)
    found = findings(music)
    return {
        name: Said(found[name].confidence, right, clip.score, clip.truth.kind, bool(clip.places))
        for name, right in rights(clip.truth, music, later).items()
    }


def piece_of(clip: renders.Clip) -> PieceEvidence | None:
    """What a build would find on the piece, where it has several places."""
    places = [ClipSignal(samples, clip.rate_hz, SILENCE_DBFS) for samples in clip.places]
    return pooled(places) if places else None


def rights(truth: renders.Truth, music: MusicEvidence, later: MusicEvidence) -> dict[str, bool]:
    """Which findings are right, of those whose truth is known."""
    found, words, right = findings(music), findings(later), {}
    if truth.tempo_bpm:
        right["tempo"] = right_tempo(truth, music[TEMPO].bpm)
        right["pulse"] = found["pulse"].value == PULSE_WORDS.word(truth.tempo_bpm)
    if truth.has_key is not None:
        right["key"] = right_key(truth, KEYS.index(music[KEY].name))
        right["mode"] = right_mode(truth, KEYS.index(music[KEY].name))
    right["percussion"] = (found["percussion"].value == "present") == truth.drums
    return right | {name: words[name].value == found[name].value for name in WORDS}


def right_tempo(truth: renders.Truth, bpm: float) -> bool:
    return truth.tempo_bpm is not None and abs(bpm / truth.tempo_bpm - 1) < TOLERANCE


def right_key(truth: renders.Truth, key: int) -> bool:
    """Whether a key, by its place in KEYS, is that of the score."""
    return truth.key is not None and key == truth.key[0] + 12 * (truth.key[1] == "minor")


def right_mode(truth: renders.Truth, key: int) -> bool:
    return truth.key is not None and (key >= 12) == (truth.key[1] == "minor")


@dataclass(frozen=True, slots=True)
class Worth:
    """What the findings of an attribute are worth.

    `chance` is the calibration error that perfect probabilities would show on these clips: its
    mean, and what it exceeds in one of twenty cases.
    """

    clips: int
    scores: int
    right: float
    error: float
    chance: tuple[float, float]
    said: int
    said_right: int
    interval: tuple[float, float]

    @property
    def is_calibrated(self) -> bool:
        return self.error <= max(AIM, self.chance[1])


def worth(said: Sequence[Said]) -> Worth:
    """Clips of one score are alike: the interval counts scores, not clips."""
    chances, rights = _claimed(said)
    stated = [each for each in said if each.confidence >= CERTAINTY]
    right = sum(each.right for each in stated)
    share = right / len(stated) if stated else 0.0
    return Worth(
        len(said),
        len({each.score for each in said}),
        float(np.mean([each.right for each in said])),
        calibration_error(chances, rights),
        noise_floor(chances),
        len(stated),
        right,
        wilson(share, len({each.score for each in stated})),
    )


def _claimed(said: Sequence[Said]) -> tuple[Doubles, Doubles]:
    """Confidences in rising order, and which were right.

    Where the confidence is 0 nothing is claimed, and nothing can be off.
    """
    claimed = sorted((each for each in said if each.confidence > 0), key=lambda e: e.confidence)
    return (
        np.array([each.confidence for each in claimed]),
        np.array([each.right for each in claimed], dtype=np.float64),
    )


def calibration_error(chances: Doubles, rights: Doubles) -> float:
    """Expected calibration error, over bins of as many findings each; `chances` in order."""
    return float(sum(abs(chance - right) * count for chance, right, count in bins(chances, rights)))


def bins(chances: Doubles, rights: Doubles) -> list[tuple[float, float, float]]:
    """Mean confidence, share that was right, and share of all, of each bin."""
    return [
        (float(chances[some].mean()), float(rights[some].mean()), len(some) / len(chances))
        for some in np.array_split(np.arange(len(chances)), BINS)
        if len(some)
    ]


def noise_floor(chances: Doubles) -> tuple[float, float]:
    """Mean and 95th percentile of the calibration error if these chances were the truth."""
    rng = np.random.default_rng(0)
    draws = (rng.random((DRAWS, len(chances))) < chances).astype(np.float64)
    errors = [calibration_error(chances, draw) for draw in draws]
    return float(np.mean(errors)), float(np.percentile(errors, 95))


def table(worths: Mapping[str, Worth]) -> str:
    lines = [
        "| | clips | right | calibration error | by chance | said | right where said"
        " | 95 % interval |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in worths.items():
        mean, most = found.chance
        share = found.said_right / max(1, found.said)
        stated = f"{share:.3f} ({found.said_right}/{found.said})" if found.said else "none"
        low, high = found.interval
        lines.append(
            f"| {name} | {found.clips} | {found.right:.2f} | {found.error:.3f}"
            f"{'' if found.is_calibrated else ' (!)'} | {mean:.3f}, {most:.3f}"
            f" | {found.said / found.clips:.0%} | {stated} | {low:.2f} to {high:.2f} |"
        )
    return "\n".join(lines)


def parts_table(said: Mapping[str, Sequence[Said]]) -> str:
    """Calibration error and its noise floor (95th percentile) of parts of the clips."""
    lines = [
        "| | " + " | ".join(f"{name}: clips | error | by chance" for name in PARTED) + " |",
        "|---|" + "---|---|---|" * len(PARTED),
    ]
    for title, belongs in PARTS.items():
        cells = []
        for name in PARTED:
            chances, rights = _claimed([each for each in said[name] if belongs(each)])
            error, (_, most) = calibration_error(chances, rights), noise_floor(chances)
            cells.append(f"{len(chances)} | {error:.3f} | {most:.3f}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(said: Mapping[str, Sequence[Said]], path: Path) -> None:
    """The reliability plot: what was said against what was right."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "mmusset"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 6, figsize=(13, 5), sharex=True, sharey=True)
    for axis, (name, each) in zip(axes.flat, said.items(), strict=False):
        chances, rights, _ = zip(*bins(*_claimed(each)), strict=True)
        axis.plot((0, 1), (0, 1), color="0.8")
        axis.plot(chances, rights, marker="o")
        axis.set_title(f"{name}, {len(each)} clips", fontsize=9)
    for axis in axes.flat[len(said) :]:
        axis.axis("off")
    figure.supxlabel("confidence")
    figure.supylabel("share that was right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
