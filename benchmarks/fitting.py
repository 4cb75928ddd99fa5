"""The constants of mmusset/calibrated.py, by what the two fitted sets of `renders.py` tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import reliability
import renders
from numpy.typing import NDArray
from reliability import SILENCE_DBFS, right_key, right_mode

from mmusset import calibrated
from mmusset.dsp import percussion, tempo, tonality
from mmusset.dsp.clip_signal import ClipSignal
from mmusset.evidence import music, piece
from mmusset.measured import Measured, Regression
from mmusset.measurements import pulse
from mmusset.measurements.declaration import Measurement, Scale
from mmusset.measurements.density import DENSITY
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.tempo import TEMPO, TOLERANCE, settle
from mmusset.sample_parts.evidence import MusicEvidence

Doubles = NDArray[np.float64]
Example = tuple[Sequence[float], bool]  # features, and whether what they tell of is right
# How well each of 24 keys fits, the best of them, and whether its mode is right.
ModeExample = tuple[Doubles, int, bool]
SHARPNESSES = np.arange(5.0, 25.0, 0.1)
SHRINKING = 0.3  # weight of the squared coefficients, standardised
# More of it where few examples are wrong: so a collection that is left out is best told.
READINGS = {"TEMPO_FASTER": 1.0, "TEMPO_IN_THREES": 1.0, "TEMPO_SLOWER": 1.0}
TOLD = (*READINGS, "KEY", "PERCUSSION")
NEARLY_TWICE = 1.75  # the true tempo: less is three halves of it
ERRORS = np.geomspace(0.2, 2.0, 48)  # of a margin, 5 % apart
WORDS = [each for each in MEASUREMENTS if each.name in reliability.WORDS]
SWEEPS = 3  # over the borders of a scale


def fitted(folder: Path) -> dict[str, object]:
    """Each constant by its name. What others build on is put in place as soon as it is found."""
    found: dict[str, object] = {}

    def settled(name: str, value: object) -> None:
        found[name] = value
        setattr(calibrated, name, value)

    told, modes = told_by_sound(folder)
    for name, examples in told.items():
        settled(name, regression(examples, READINGS.get(name, SHRINKING)))
    settled("MODE_SHARPNESS", sharpness(modes))
    clips = [evidenced(c) for which in renders.FITTED for c in renders.clips(which, folder)]
    for measurement in WORDS:
        settled(f"{measurement.name.upper()}_ERRORS", fitted_errors(measurement, clips))
    settled("PULSE", regression(pulse_examples(clips)))
    return found


# --- regressions on what the sound tells ----------------------------------------------------


def told_by_sound(folder: Path) -> tuple[dict[str, list[Example]], list[ModeExample]]:
    found: dict[str, list[Example]] = {name: [] for name in TOLD}
    modes: list[ModeExample] = []
    for which in renders.FITTED:
        for clip in renders.clips(which, folder):
            signal, truth = ClipSignal(clip.samples, clip.rate_hz, SILENCE_DBFS), clip.truth
            beat = tempo.candidate([signal.onsets])
            if beat and beat.is_clear and truth.tempo_bpm:
                for name, example in doubted(truth.tempo_bpm, beat):
                    found[name].append(example)
            read = tonality.key_reading(tonality.chroma(signal.pitch_spectrum))
            if read.is_heard and truth.has_key is not None:
                found["KEY"].append((read.features, right_key(truth, read.best)))
                modes.append((read.scores, read.best, right_mode(truth, read.best)))
            if bursts := percussion.features(signal.spectrum, signal.onsets):
                found["PERCUSSION"].append((bursts, truth.drums))
    return found, modes


def doubted(true_bpm: float, found: tempo.Candidate) -> Iterator[tuple[str, Example]]:
    """Of each reading that may be meant instead: whether it is; where a third is, nothing."""
    doubts, times = found.doubts, found.bpm / true_bpm
    is_right = abs(times - 1) < TOLERANCE
    readings = {
        "TEMPO_FASTER": (doubts.faster, times < 1),
        "TEMPO_IN_THREES": (doubts.in_threes, 1 < times < NEARLY_TWICE),
        "TEMPO_SLOWER": (doubts.slower, times >= NEARLY_TWICE),
    }
    for name, (features, is_meant) in readings.items():
        if is_right or is_meant:
            yield name, (features, not is_right)


def regression(examples: Sequence[Example], shrinking: float = SHRINKING) -> Regression:
    """The regression of these examples, as it is printed."""
    features = np.array([each for each, _ in examples], dtype=np.float64)
    right = np.array([each for _, each in examples], dtype=np.float64)
    weights, bias = weights_and_bias(features, right, shrinking)
    return Regression(tuple(round(float(weight), 2) for weight in weights), round(bias, 2))


def weights_and_bias(features: Doubles, right: Doubles, shrinking: float) -> tuple[Doubles, float]:
    """A ridge logistic regression, by Newton's method."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    inputs = np.c_[np.ones(len(features)), (features - mean) / spread]
    weights = np.zeros(inputs.shape[1])
    ridge = shrinking * np.eye(len(weights))
    ridge[0, 0] = 0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + ridge
        weights += np.linalg.solve(bend, inputs.T @ (right - chance) - ridge @ weights)
    raw = weights[1:] / spread
    return raw, float(weights[0] - (raw * mean).sum())


def sharpness(modes: Sequence[ModeExample]) -> float:
    """That by which what is known of the modes is the likeliest."""

    def loss(sharpness: float) -> float:
        of_best = [tonality.chance_of_mode(scores, best, sharpness) for scores, best, _ in modes]
        chances = [
            chance if right else 1 - chance
            for chance, (_, _, right) in zip(of_best, modes, strict=True)
        ]
        return -float(np.log(chances).sum())

    return round(float(min(SHARPNESSES, key=loss)), 1)


# --- words, pieces and what rests on them ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidenced:
    """A clip's own evidence, its piece's, and that of the same sound cut later."""

    truth: renders.Truth
    own: MusicEvidence
    later: MusicEvidence
    whole: piece.PieceEvidence | None


def evidenced(clip: renders.Clip) -> Evidenced:
    return Evidenced(
        clip.truth,
        music.measure(clip.samples, clip.rate_hz),
        music.measure(clip.later, renders.RATE_HZ),
        reliability.piece_of(clip),
    )


def scale_of(measurement: Measurement[Measured]) -> Scale:
    if measurement.scale is None:
        raise TypeError(f"{measurement.name} has no scale")
    return measurement.scale


def same_word(measurement: Measurement[Measured], each: Evidenced) -> bool:
    scale = scale_of(measurement)
    return scale.word(each.own[measurement].value) == scale.word(each.later[measurement].value)


def fitted_errors(
    measurement: Measurement[Measured], clips: Sequence[Evidenced]
) -> tuple[float, ...]:
    """The errors at the borders that make a word's probability right: of the least Brier score.

    One is sought while the others stay, by turns.
    """
    scale = scale_of(measurement)
    values = [each.own[measurement].value for each in clips]
    right = np.array([same_word(measurement, each) for each in clips], dtype=np.float64)

    def brier(errors: Sequence[float]) -> float:
        bordered = [replace(b, error=e) for b, e in zip(scale.borders, errors, strict=True)]
        sure = Scale(scale.words, tuple(bordered)).surety
        return float(np.mean((np.array([sure(value) for value in values]) - right) ** 2))

    errors = [border.margin for border in scale.borders]
    for _ in range(SWEEPS):
        for place, border in enumerate(scale.borders):
            steps = border.margin * ERRORS
            tried = [[*errors[:place], step, *errors[place + 1 :]] for step in steps]
            errors = min(tried, key=brier)
    return tuple(float(f"{error:.2g}") for error in errors)


def pulse_examples(clips: Sequence[Evidenced]) -> list[Example]:
    """Whether the word is right, where one is claimed, of the tempo that a build settles on."""
    found = []
    for each in clips:
        own = each.own[TEMPO]
        tempo = settle(own, each.whole[TEMPO.field]) if each.whole else own
        word = pulse.SCALE.word(tempo.bpm)
        is_claimed = tempo.confidence > 0 and pulse.fits(word, each.own[DENSITY])
        if each.truth.tempo_bpm and is_claimed:
            right = word == pulse.SCALE.word(each.truth.tempo_bpm)
            found.append((pulse.features(tempo), right))
    return found
