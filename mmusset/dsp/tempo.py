"""The beat's rate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmusset import calibrated
from mmusset.measured import Measured

from .onsets import attack_share, audible_onsets

Doubles = NDArray[np.float64]

SLOWEST_BPM, OCTAVES, STEPS_PER_OCTAVE = 40.0, 2.6, 96  # 40 to 240 beats per minute
PRIOR_BPM, PRIOR_OCTAVES = 90.0, 1.0  # a wide preference for moderate tempos
HALVES = 1.5  # weight of the half-beat's frequency against the beat's own
BEATS = 4  # a beat must come back this often to count fully
SAME_BEAT = 1.08  # nearer readings than this ratio are one reading
NEAR_STEPS = 4  # 3 % to either side
LEAST_THREES = 0.05  # less tells no more
LEAST_PULSE = 1e-9  # an amplitude so small is none
SLOW_BPM, FAST_BPM = 75.0, 150.0  # beyond these, estimators of every kind quarrel over octaves
UNKNOWN = Measured(value=PRIOR_BPM, confidence=0.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """The likeliest tempo, and what tells whether it is right within 4 % (`features`)."""

    bpm: float
    features: tuple[float, ...]

    @property
    def is_clear(self) -> bool:
        """Whether it leads at all over other readings, by attacks."""
        return self.features[0] > 0


def tempo(strengths: Sequence[Doubles], hop_s: float) -> Measured:
    """The rate in beats per minute at which onsets come back.

    `strengths` are those of a clip, or of several places of one piece, each `[frames]`; what
    all places have in common then tells the beat from its half and double.

    Confidence is the probability of being right within 4 %.
    """
    found = candidate(strengths, hop_s)
    if not found:
        return UNKNOWN
    if not found.is_clear:
        return Measured(value=found.bpm, confidence=0.0)
    return Measured(value=found.bpm, confidence=calibrated.TEMPO(found.features))


def candidate(strengths: Sequence[Doubles], hop_s: float) -> Candidate | None:
    """The likeliest tempo of onsets; None where nothing comes back.

    Each candidate is scored by how alike the onsets are one to four beats later
    (autocorrelation, which also likes half the tempo) times how strong its frequency
    and that of its half-beats are (Fourier, which also likes the double), as Peeters
    proposes ("Template-based estimation of time-varying tempo", 2007), times a prior.
    How sure it is: the lead over the best other reading, times the root of the likeness, times
    how much the strength comes in attacks (a swell is no beat); `features` says what else
    tells its probability.
    """
    centred = (strength - strength.mean() for strength in strengths)
    places = [place for place in centred if place.any()]
    if not places:
        return None
    steps = np.arange(round(OCTAVES * STEPS_PER_OCTAVE))
    candidates_bpm = SLOWEST_BPM * 2 ** (steps / STEPS_PER_OCTAVE)
    likeness = _likeness(places, 60 / candidates_bpm / hop_s)
    prior = np.exp(-0.5 * (np.log2(candidates_bpm / PRIOR_BPM) / PRIOR_OCTAVES) ** 2)
    beat = candidates_bpm / 60 * hop_s
    frequency = _frequencies(places)
    pulses = frequency(beat)
    score = likeness * (pulses + HALVES * frequency(2 * beat)) * prior
    best = int(score.argmax())
    if score[best] <= 0:
        return None
    lead = 1 - _best_other(score, best) / score[best]
    bpm = float(SLOWEST_BPM * 2 ** ((best + _summit(score, best)) / STEPS_PER_OCTAVE))
    sure = float(lead * np.sqrt(likeness[best]))
    sure *= float(np.mean([attack_share(strength) for strength in strengths]))
    onsets = sum(len(audible_onsets(strength, hop_s)) for strength in strengths)
    seconds = sum(len(strength) for strength in strengths) * hop_s
    near = slice(max(0, best - NEAR_STEPS), best + NEAR_STEPS + 1)
    in_threes = float(frequency(1.5 * beat[near]).max() / max(LEAST_PULSE, pulses[near].max()))
    return Candidate(bpm, features(bpm, sure, onsets / seconds, in_threes))


def features(bpm: float, sure: float, onsets_hz: float, in_threes: float) -> tuple[float, ...]:
    """What tells whether a tempo is right within 4 %: how sure it is, and whether it is likely.

    One to four notes in a beat are usual; at fewer or more, above 150 and under 75 BPM, half or
    double the tempo may be meant. Where three halves of the tempo is as strong as itself, the beat
    is rather one of three: jigs in 6/8 are easily read at three halves of theirs.
    """
    in_a_beat = float(np.log2(onsets_hz * 60 / bpm + 0.05))
    slow = max(0.0, float(np.log2(SLOW_BPM / bpm)))
    fast = max(0.0, float(np.log2(bpm / FAST_BPM)))
    threes = float(np.log(in_threes + LEAST_THREES))
    return sure, slow, fast, in_a_beat, in_a_beat**2, threes


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


def _frequencies(places: Sequence[Doubles]) -> Callable[[Doubles], Doubles]:
    """What gives the amplitude of frequencies (in cycles per frame) in the onsets.

    Under a Hann window, summed over the places.
    """
    size = 16 << max(len(place) for place in places).bit_length()
    hann = (place * np.hanning(len(place)) for place in places)
    amplitude = np.sum([np.abs(np.fft.rfft(place, size)) for place in hann], axis=0)
    bins = np.arange(len(amplitude))
    return lambda cycles: np.asarray(np.interp(cycles * size, bins, amplitude))


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
