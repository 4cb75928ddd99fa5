"""Where numbers become words, and which of them may be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.measurements.brightness import BRIGHTNESS
from mmusset.measurements.declaration import Finding, Scale
from mmusset.measurements.density import DENSITY
from mmusset.measurements.energy import ENERGY
from mmusset.measurements.key import relative_key
from mmusset.measurements.loudness import LOUDNESS
from mmusset.measurements.tempo import Tempo
from mmusset.measurements.width import WIDTH
from mmusset.recipe import CERTAINTY
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.extract import extract
from mmusset.truth.findings import carried, findings, sayable
from tests.support.samples import measured, music_evidence
from tests.support.truths import at_most, evidence


def tempo(bpm: float, confidence: float = 0.95) -> Tempo:
    return Tempo(bpm=bpm, half_bpm=bpm / 2, double_bpm=bpm * 2, confidence=confidence)


def test_a_sure_quiet_piece_may_be_said_to_be_one() -> None:
    said = {claim.attribute: claim.value for claim in sayable(music_evidence(), CERTAINTY)}
    assert said == {
        "tempo": "84",
        "pulse": "moderate",
        "key": "A minor",
        "mode": "minor",
        "loudness": "quiet",
        "dynamics": "even",
        "brightness": "dark",
        "density": "sparse",
        "percussion": "absent",
        "width": "wide",
        "energy": "calm",
    }


def test_a_finding_shows_its_number_and_what_it_cannot_rule_out() -> None:
    found = findings(music_evidence(loudness_lufs=measured(-23.9)))
    assert found["loudness"].value == "medium"
    assert found["loudness"].measured == "-23.9 LUFS"
    assert found["loudness"].near == {"quiet"}
    assert 0.5 < found["loudness"].confidence < CERTAINTY
    assert found["key"].near == {"C major"}
    assert found["tempo"].near == {"42", "168"}


@pytest.mark.parametrize(
    ("bpm", "onsets_hz", "value", "sayable_word"),
    [
        (66.0, 1.2, "slow", True),
        (66.0, 5.0, "slow", False),  # many notes over a slow beat: people would not say slow
        (100.0, 3.0, "moderate", True),
        (140.0, 5.0, "fast", True),
        (140.0, 1.5, "fast", False),  # few notes over a fast beat
        (100.0, 0.5, "moderate", False),
        (81.0, 2.0, "moderate", True),  # near a border, which a sure tempo does not cross
    ],
)
def test_a_pulse_word_fits_the_beat_and_the_onsets(
    bpm: float, onsets_hz: float, value: str, sayable_word: bool
) -> None:
    music = music_evidence(tempo=tempo(bpm), onset_density_hz=measured(onsets_hz))
    pulse = findings(music)["pulse"]
    assert pulse.value == value
    assert carried(pulse, CERTAINTY) == sayable_word


def test_half_time_that_fits_the_onsets_as_well_is_not_ruled_out() -> None:
    def pulse(onsets_hz: float) -> Finding:
        music = music_evidence(tempo=tempo(112.0), onset_density_hz=measured(onsets_hz))
        return findings(music)["pulse"]

    clear, doubtful = pulse(3.0), pulse(2.2)
    assert clear.value == doubtful.value == "moderate"
    assert doubtful.near - clear.near == {"slow"}


def test_energy_is_as_sure_as_the_least_sure_of_its_parts() -> None:
    rock = music_evidence(
        loudness_lufs=measured(-9.0),
        onset_density_hz=measured(6.0, 0.4),
        percussiveness=measured(1.0),
    )
    assert rock[ENERGY] == measured(1.0, 0.4)


def test_a_word_changes_at_its_border() -> None:
    assert DENSITY.scale
    assert DENSITY.scale.word(1.79) == "sparse"
    assert DENSITY.scale.word(1.8) == "steady"
    assert DENSITY.scale.word(3.8) == "busy"


def test_relative_keys() -> None:
    assert relative_key("A", "minor") == "C major"
    assert relative_key("C", "major") == "A minor"


@given(evidence())
def test_nothing_may_be_said_of_worthless_evidence(music: MusicEvidence) -> None:
    assert sayable(at_most(music, 0.0), 0.0) == ()


@given(evidence())
def test_what_may_be_said_is_read_back_from_its_own_words(music: MusicEvidence) -> None:
    for claim in sayable(music, CERTAINTY):
        [read] = extract(claim.text)
        assert (read.attribute, read.value) == (claim.attribute, claim.value)


@given(
    st.sampled_from([m.scale for m in (LOUDNESS, BRIGHTNESS, WIDTH, ENERGY)]),
    st.floats(-80, 8000),
)
def test_a_word_is_sure_where_no_other_is_near(scale: Scale, value: float) -> None:
    assert 0.5 <= scale.surety(value) <= 1.0
    assert scale.near(value) or scale.surety(value) > 0.99
    assert scale.word(value) not in scale.near(value)
