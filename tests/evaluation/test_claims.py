"""What was asked for, against what is measured."""

import numpy as np
import pytest

from mmusset.evaluation.claims import asked_of, is_kept, kept_and_asked
from mmusset.measurements.tempo import Tempo
from tests.support.samples import measured, music_evidence


def tempo(bpm: float, confidence: float = 0.9) -> Tempo:
    return Tempo(bpm=bpm, half_bpm=bpm / 2, double_bpm=2 * bpm, confidence=confidence)


@pytest.mark.parametrize(
    ("bpm", "is_right"),
    [(100.0, True), (105.9, True), (94.4, True), (107.0, False), (50.0, False), (200.0, False)],
)
def test_a_tempo_within_six_percent_is_kept(bpm: float, is_right: bool) -> None:
    (claim,) = asked_of("The tempo is 100 BPM.")
    assert is_kept(claim, music_evidence(tempo=tempo(bpm))) is is_right


def test_words_are_kept_as_the_critic_reads_them() -> None:
    (quiet,) = asked_of("A quiet piece.")
    assert is_kept(quiet, music_evidence(loudness_lufs=measured(-32.0)))
    assert not is_kept(quiet, music_evidence(loudness_lufs=measured(-8.0)))
    (no_drums,) = asked_of("There are no drums.")
    assert is_kept(no_drums, music_evidence(percussiveness=measured(0.02)))


def test_silence_keeps_nothing() -> None:
    (claim,) = asked_of("The tempo is 100 BPM.")
    assert not is_kept(claim, music_evidence(tempo=tempo(100.0, confidence=0.0)))


def test_opinions_are_not_asked_about() -> None:
    assert asked_of("A sad waltz, played on a flute.") == ()


def test_counts_are_means_over_seeds() -> None:
    claims = [asked_of("A quiet piece at 100 BPM."), asked_of("A nice piece.")]
    right = music_evidence(tempo=tempo(100.0), loudness_lufs=measured(-32.0))
    wrong = music_evidence(tempo=tempo(70.0), loudness_lufs=measured(-32.0))
    kept, asked = kept_and_asked(claims, [[right, right], [wrong, wrong]])
    np.testing.assert_allclose(kept, [1.5, 0])
    np.testing.assert_allclose(asked, [2, 0])
