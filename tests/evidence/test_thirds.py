"""Key and mode are said where their third is heard, on sounds made here."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mmusset.evidence.music import measure
from mmusset.measurements.key import KEY
from mmusset.recipe import CERTAINTY
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.findings import sayable

RATE_HZ = 22050
BEAT_S = 0.5
BEATS = 20
Doubles = NDArray[np.float64]
Chords = tuple[tuple[int, ...], ...]  # MIDI notes, two beats each


def tone(midi: float, seconds: float, partials: int, slope: float) -> Doubles:
    """A note whose nth partial has the amplitude n to the power of -slope."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch_hz = 440 * 2 ** ((midi - 69) / 12)
    count = min(partials, int(0.45 * RATE_HZ / pitch_hz))
    waves = sum(np.sin(2 * np.pi * pitch_hz * n * time_s) * n**-slope for n in range(1, count + 1))
    return np.asarray(0.1 * waves * np.exp(-1.5 * time_s / seconds))


def played(
    chords: Chords, cents: float = 0.0, partials: int = 6, slope: float = 1.2
) -> MusicEvidence:
    """The evidence on these chords, again and again for ten seconds."""
    length = round(BEAT_S * RATE_HZ)
    sound = np.zeros((BEATS + 4) * length)
    for place, beat in enumerate(range(0, BEATS, 2)):
        for midi in chords[place % len(chords)]:
            note = tone(midi + cents / 100, 2 * BEAT_S, partials, slope)
            sound[beat * length : beat * length + len(note)] += note
    samples = sound[: BEATS * length, None].astype(np.float32)
    return measure(samples, RATE_HZ)


def said(music: MusicEvidence) -> dict[str, str]:
    found = {claim.attribute: claim.value for claim in sayable(music, CERTAINTY)}
    return {name: found[name] for name in ("key", "mode") if name in found}


THIRDLESS: dict[str, Chords] = {
    "a bass note": ((33,),),
    "a bass note and its octave": ((33,), (45,)),
    "a note in the middle": ((60,),),
    "a drone of fifths": ((36, 43, 48),),
    "fifths that move": ((45, 52, 57), (43, 50, 55), (41, 48, 53), (43, 50, 55)),
    "fifths over a drone": ((33, 57, 64), (33, 55, 62), (33, 57, 64), (33, 52, 59)),
}


@pytest.mark.parametrize("slope", [0.3, 0.8, 1.5])
@pytest.mark.parametrize("what", THIRDLESS)
def test_where_no_third_is_played_neither_key_nor_mode_is_said(what: str, slope: float) -> None:
    """The fifth partial of a note is its major third, two octaves up: none that was played."""
    assert said(played(THIRDLESS[what], partials=20, slope=slope)) == {}


MAJOR: Chords = ((45, 57, 61, 64), (38, 57, 62, 66), (40, 56, 59, 64), (45, 57, 61, 64))
MINOR: Chords = ((45, 57, 60, 64), (38, 57, 62, 65), (40, 56, 59, 64), (45, 57, 60, 64))


@pytest.mark.parametrize("cents", [0.0, 30.0, -40.0])
@pytest.mark.parametrize(("chords", "mode"), [(MAJOR, "major"), (MINOR, "minor")])
def test_a_cadence_has_its_key_in_every_tuning(chords: Chords, mode: str, cents: float) -> None:
    music = played(chords, cents)
    assert music[KEY].name == f"A {mode}"
    assert said(music).get("mode", mode) == mode
    assert music[KEY].mode_confidence > 0.6


# On A: Mixolydian has the third of major, Dorian that of minor.
MODAL: dict[str, tuple[Chords, str]] = {
    "mixolydian": (
        ((45, 57, 61, 64), (43, 55, 59, 62), (38, 57, 62, 66), (45, 57, 61, 64)),
        "major",
    ),
    "dorian": (((45, 57, 60, 64), (38, 57, 62, 66), (43, 55, 59, 62), (45, 57, 60, 64)), "minor"),
}


@pytest.mark.parametrize("name", MODAL)
def test_a_modal_piece_is_not_given_the_other_mode(name: str) -> None:
    chords, mode = MODAL[name]
    assert said(played(chords)).get("mode", mode) == mode


@pytest.mark.parametrize("slope", [0.1, 0.4])
def test_a_piece_that_dwells_on_its_dominant_keeps_its_key(slope: float) -> None:
    """The third partial of each note is a fifth: it speaks for the key a fifth above."""
    tonic, dominant = (45, 57, 61, 64), (52, 64, 68, 71)
    music = played((tonic, dominant, dominant, dominant, tonic), partials=10, slope=slope)
    assert music[KEY].name == "A major"
