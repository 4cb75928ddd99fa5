"""The beat's rate."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Knots, Measured, probability

from .onsets import attack_share

Doubles = NDArray[np.float64]

SLOWEST_BPM, OCTAVES, STEPS_PER_OCTAVE = 40.0, 2.6, 96  # 40 to 240 beats per minute
PRIOR_BPM, PRIOR_OCTAVES = 90.0, 1.0  # a wide preference for moderate tempos
HALVES = 1.5  # weight of the half-beat's frequency against the beat's own
BEATS = 4  # a beat must come back this often to count fully
# Beyond these, estimators of every kind quarrel over the octave; there a lead counts less.
USUAL_BPM, UNUSUAL = (65.0, 158.0), 0.7
SAME_BEAT = 1.08  # nearer readings than this ratio are one reading
# The probability of being right within 4 % by the score below; benchmarks/README.md.
CALIBRATION: Knots = ((0.0, 0.0), (0.28, 0.9), (1.0, 1.0))
UNKNOWN = Measured(value=PRIOR_BPM, confidence=0.0)


def tempo(strengths: Sequence[Doubles], hop_s: float) -> Measured:
    """The rate in beats per minute at which onsets come back.

    `strengths` are those of a clip, or of several places of one piece, each `[frames]`; what
    all places have in common then tells the beat from its half and double.

    Each candidate is scored by how alike the onsets are one to four beats later
    (autocorrelation, which also likes half the tempo) times how strong its frequency
    and that of its half-beats are (Fourier, which also likes the double), as Peeters
    proposes ("Template-based estimation of time-varying tempo", 2007), times a prior.
    Confidence is the probability of being right within 4 %, by the lead over the best other
    reading, times the root of the likeness, times how much the strength comes in attacks (a
    swell is no beat).
    """
    centred = (strength - strength.mean() for strength in strengths)
    places = [place for place in centred if place.any()]
    if not places:
        return UNKNOWN
    steps = np.arange(round(OCTAVES * STEPS_PER_OCTAVE))
    candidates_bpm = SLOWEST_BPM * 2 ** (steps / STEPS_PER_OCTAVE)
    likeness = _likeness(places, 60 / candidates_bpm / hop_s)
    prior = np.exp(-0.5 * (np.log2(candidates_bpm / PRIOR_BPM) / PRIOR_OCTAVES) ** 2)
    beat = candidates_bpm / 60 * hop_s
    frequency = _frequency(places, beat) + HALVES * _frequency(places, 2 * beat)
    score = likeness * frequency * prior
    best = int(score.argmax())
    if score[best] <= 0:
        return UNKNOWN
    lead = 1 - _best_other(score, best) / score[best]
    bpm = float(SLOWEST_BPM * 2 ** ((best + _summit(score, best)) / STEPS_PER_OCTAVE))
    attacks = float(np.mean([attack_share(strength) for strength in strengths]))
    octave = 1.0 if USUAL_BPM[0] < bpm < USUAL_BPM[1] else UNUSUAL
    sure = float(lead * np.sqrt(likeness[best]) * attacks * octave)
    return Measured(value=bpm, confidence=probability(sure, CALIBRATION))


def _likeness(places: Sequence[Doubles], lags: Doubles) -> Doubles:
    """Mean autocorrelation at one to four times each of `lags` (in frames), 0 to 1."""
    frames = max(len(place) for place in places)
    size = 1 << (2 * frames - 1).bit_length()
    power = np.sum([np.abs(np.fft.rfft(place, size)) ** 2 for place in places], axis=0)
    raw = np.fft.irfft(power, size)[:frames]
    unbiased = raw / raw[0] * frames / np.arange(frames, 0, -1)
    at = lags[:, None] * np.arange(1, BEATS + 1)
    inside = at < 0.75 * frames  # later lags rest on too few frames
    values = np.where(inside, np.interp(at, np.arange(frames), unbiased), 0)
    return np.asarray(np.clip(values.sum(axis=1) / np.maximum(inside.sum(axis=1), 1), 0, 1))


def _frequency(places: Sequence[Doubles], cycles_per_frame: Doubles) -> Doubles:
    """Amplitude of each frequency in the onsets, under a Hann window, summed over the places."""
    size = 16 << max(len(place) for place in places).bit_length()
    hann = (place * np.hanning(len(place)) for place in places)
    amplitude = np.sum([np.abs(np.fft.rfft(place, size)) for place in hann], axis=0)
    return np.asarray(np.interp(cycles_per_frame * size, np.arange(len(amplitude)), amplitude))


def _best_other(score: Doubles, best: int) -> float:
    """The highest summit of `score` that is not the one at `best`."""
    near = round(np.log2(SAME_BEAT) * STEPS_PER_OCTAVE)
    summit = (score[1:-1] >= score[:-2]) & (score[1:-1] >= score[2:])
    summit = np.pad(summit, 1)
    summit[max(0, best - near) : best + near + 1] = False
    return float(score[summit].max(initial=0.0))


def _summit(score: Doubles, best: int) -> float:
    """Where between the candidates the parabola through the best three has its summit."""
    if not 0 < best < len(score) - 1:
        return 0.0
    before, at, after = score[best - 1 : best + 2]
    bend = before - 2 * at + after
    return float(0.5 * (before - after) / bend) if bend < 0 else 0.0
