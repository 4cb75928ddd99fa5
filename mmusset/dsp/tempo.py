"""The beat's rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmusset import calibrated
from mmusset.measured import Measured

from .onsets import Onsets
from .rhythm import Rhythm

Doubles = NDArray[np.float64]

SLOWEST_BPM, OCTAVES, STEPS_PER_OCTAVE = 40.0, 2.6, 96  # 40 to 240 beats per minute
PRIOR_BPM, PRIOR_OCTAVES = 90.0, 1.0  # a wide preference for moderate tempos
HALVES = 1.5  # weight of the half-beat's frequency against the beat's own
SAME_BEAT = 1.08  # nearer readings than this ratio are one reading
MIDDLE_BPM = 100.0  # where half and double are as usual as each other
FAST_BPM = 150.0  # jigs that are read at three halves of their tempo are faster
LEAST_STRENGTH = 0.05  # of one rate against another: less tells no more
LEAST_PULSE = 1e-9  # an amplitude so small is none
# Faster ones are not claimed: in each of 12 clips of games' music that were read so, most of the
# estimators of other kinds heard half of it, and what is fitted on hardly goes further.
FASTEST_BPM = 175.0
UNKNOWN = Measured(value=PRIOR_BPM, confidence=0.0)


@dataclass(frozen=True, slots=True)
class Doubts:
    """What tells how likely it is that another tempo is meant than the one that was found."""

    faster: tuple[float, ...]  # double of it, or more
    in_threes: tuple[float, ...]  # two thirds of it: a beat that has three notes, not two
    slower: tuple[float, ...]  # half of it, or less


@dataclass(frozen=True, slots=True)
class Candidate:
    """The likeliest tempo, and whether it can be told at all from other readings."""

    bpm: float
    is_clear: bool
    doubts: Doubts

    @property
    def confidence(self) -> float:
        """The probability of being right within 4 %, by the odds of the other readings."""
        odds = (
            calibrated.TEMPO_FASTER.odds(self.doubts.faster)
            + calibrated.TEMPO_IN_THREES.odds(self.doubts.in_threes)
            + calibrated.TEMPO_SLOWER.odds(self.doubts.slower)
        )
        return 1 / (1 + odds) if self.is_clear else 0.0


def tempo(clips: Sequence[Onsets]) -> Measured:
    """The rate in beats per minute at which onsets come back.

    `clips` are one, or several places of one piece; what all places have in common then tells the
    beat from its half and double.

    Confidence is the probability of being right within 4 %.
    """
    found = candidate(clips)
    return Measured(value=found.bpm, confidence=found.confidence) if found else UNKNOWN


def candidate(clips: Sequence[Onsets]) -> Candidate | None:
    """The likeliest tempo of onsets; None where nothing comes back.

    Each candidate is scored by how alike the onsets are one to four beats later
    (autocorrelation, which also likes half the tempo) times how strong its frequency
    and that of its half-beats are (Fourier, which also likes the double), as Peeters
    proposes ("Template-based estimation of time-varying tempo", 2007), times a prior.
    It is clear where it leads over the best other reading, is no faster than what is heard as a
    beat, and the strength comes in attacks (a swell is no beat).
    """
    hop_s = clips[0].hop_s
    centred = (each.strength - each.strength.mean() for each in clips)
    places = [place for place in centred if place.any()]
    if not places:
        return None
    rhythm = Rhythm(places, hop_s)
    steps = np.arange(round(OCTAVES * STEPS_PER_OCTAVE))
    candidates_bpm = SLOWEST_BPM * 2 ** (steps / STEPS_PER_OCTAVE)
    prior = np.exp(-0.5 * (np.log2(candidates_bpm / PRIOR_BPM) / PRIOR_OCTAVES) ** 2)
    beat_hz = candidates_bpm / 60
    pulses = rhythm.strength(beat_hz) + HALVES * rhythm.strength(2 * beat_hz)
    score = rhythm.returning(1 / beat_hz) * pulses * prior
    best = int(score.argmax())
    if score[best] <= 0:
        return None
    bpm = float(SLOWEST_BPM * 2 ** ((best + _summit(score, best)) / STEPS_PER_OCTAVE))
    leads = _best_other(score, best) < score[best]
    has_attacks = any(each.attack_share > 0 for each in clips)
    is_clear = leads and has_attacks and bpm <= FASTEST_BPM
    onsets = sum(len(each.frames) for each in clips)
    seconds = sum(len(each.strength) for each in clips) * hop_s
    return Candidate(bpm, is_clear, doubts(rhythm, bpm, onsets / seconds))


def doubts(rhythm: Rhythm, bpm: float, onsets_hz: float) -> Doubts:
    """What tells whether a tempo is meant, or another.

    Double the tempo, by how many notes a beat has, how alike beats are, and how slow they are;
    half of it likewise, and by whether onsets come back after odd halves of the beat, as they would
    not within a beat of double the length. Jigs in 6/8, whose beat has three notes, are easily read
    at three halves of their tempo, a beat of two notes: two thirds of the rate are then the
    stronger, and notes are more alike than beats.
    """
    beat_hz, beat_s = bpm / 60, 60 / bpm
    crowd = float(np.log2(onsets_hz * beat_s + LEAST_STRENGTH)) ** 2
    octaves = float(np.log2(bpm / MIDDLE_BPM))
    one, more, two, three = (rhythm.likeness_near(n * beat_s) for n in (1, 1.5, 2, 3))
    own = max(LEAST_PULSE, rhythm.strength_near(beat_hz))
    two_thirds = float(np.log(rhythm.strength_near(beat_hz / 1.5) / own + LEAST_STRENGTH))
    notes = rhythm.returning_near(beat_s / 2) - rhythm.returning_near(beat_s)
    fast = max(0.0, float(np.log2(bpm / FAST_BPM)))
    return Doubts(
        faster=(crowd, one, octaves),
        in_threes=(two_thirds, notes, fast),
        slower=(crowd, one, octaves, more + three - one - two),
    )


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
