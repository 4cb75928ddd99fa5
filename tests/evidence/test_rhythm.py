"""The beat among its rivals: half, double, and three halves of it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mmusset.dsp import tempo
from mmusset.dsp.onsets import Onsets
from mmusset.dsp.rhythm import Rhythm
from mmusset.recipe import CERTAINTY

HOP_S = 384 / 22050
SECONDS = 10.24
Doubles = NDArray[np.float64]


def onsets(bar: dict[float, float], beats: int, bpm: float) -> Doubles:
    """Onset strengths of a bar again and again: by its beat, how strong each onset is."""
    strength = np.zeros(round(SECONDS / HOP_S))
    for start in range(0, 100, beats):
        for beat, strong in bar.items():
            frame = (start + beat) * 60 / bpm / HOP_S
            if frame < len(strength) - 1:
                low = int(frame)
                strength[low] += strong * (1 - frame + low)
                strength[low + 1] += strong * (frame - low)
    return strength


def found(bar: dict[float, float], beats: int, bpm: float) -> tempo.Candidate:
    candidate = tempo.candidate([Onsets(onsets(bar, beats, bpm), HOP_S)])
    assert candidate
    return candidate


MARCH = {0.0: 1.0, 0.5: 0.3, 1.0: 0.8, 1.5: 0.3, 2.0: 0.9, 2.5: 0.3, 3.0: 0.8, 3.5: 0.3}
JIG = {0.0: 1.0, 2 / 3: 0.5, 1.0: 0.9, 4 / 3: 0.4, 5 / 3: 0.5}


def test_a_march_has_its_beat() -> None:
    candidate = found(MARCH, 4, 110.0)
    assert candidate.bpm == pytest.approx(110.0, rel=0.01)
    assert candidate.confidence >= CERTAINTY


def test_a_jig_that_is_read_in_twos_is_doubted() -> None:
    """Its beat has three notes, and two of them are three halves of its tempo."""
    even = dict.fromkeys((0.0, 1 / 3, 2 / 3, 1.0, 4 / 3, 5 / 3), 0.7)
    rhythm = Rhythm([(s := onsets(even | JIG, 2, 90.0)) - s.mean()], HOP_S)
    per_second = 6 * 90 / 60 / 2
    in_threes = tempo.doubts(rhythm, 135.0, per_second).in_threes
    right = tempo.doubts(rhythm, 90.0, per_second).in_threes
    assert tempo.calibrated.TEMPO_IN_THREES(in_threes) > 0.5
    assert tempo.calibrated.TEMPO_IN_THREES(right) < 0.1


@pytest.mark.parametrize("bpm", [180.0, 200.0, 220.0])
def test_no_beat_is_claimed_that_is_faster_than_one_is_heard(bpm: float) -> None:
    candidate = found({0.0: 1.0, 1.0: 0.95}, 2, bpm)
    assert candidate.bpm <= tempo.FASTEST_BPM or candidate.confidence == 0


def test_onsets_come_back_after_their_lag_and_at_their_rate() -> None:
    strength = onsets({0.0: 1.0}, 1, 120.0)
    rhythm = Rhythm([strength - strength.mean()], HOP_S)
    assert rhythm.likeness_near(0.5) > 0.8 > 0.2 > rhythm.likeness_near(0.75)
    assert rhythm.returning_near(0.5) > 0.8
    assert rhythm.strength_near(2.0) > 5 * rhythm.strength_near(1.5)
    assert rhythm.likeness_near(60.0) == 0  # later than the sound is long
