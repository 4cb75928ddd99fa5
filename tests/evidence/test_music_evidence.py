"""Clips of known tempo, key and level, made here, and what is measured on them."""

from functools import cache

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mmusset.evidence.music import measure
from mmusset.evidence.rounding import rounded
from mmusset.measurements.brightness import BRIGHTNESS
from mmusset.measurements.dynamics import DYNAMICS
from mmusset.measurements.key import KEY, TONICS
from mmusset.measurements.loudness import LOUDNESS
from mmusset.measurements.percussion import PERCUSSION
from mmusset.measurements.tempo import TEMPO
from mmusset.measurements.width import WIDTH
from mmusset.recipe import CERTAINTY
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.findings import sayable
from tests.support.thorough import cases, slow

RATE_HZ = 22050
SECONDS = 10.24
FRAMES = round(SECONDS * RATE_HZ)
Floats = NDArray[np.float32]

# Triads of I IV V I and i iv V i, in semitones above the tonic.
CADENCES = {
    "major": ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)),
    "minor": ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7)),
}


@cache
def song(bpm: float = 96.0, tonic: int = 0, mode: str = "major", drums: bool = True) -> Floats:
    """A cadence, a chord every two beats, with a drum on each beat: `[frames, 2]`."""
    beat_s = 60 / bpm
    out = np.zeros(FRAMES + RATE_HZ)
    for beat in range(int(SECONDS / beat_s)):
        start = round(beat * beat_s * RATE_HZ)
        if beat % 2 == 0:
            for pitch in CADENCES[mode][beat // 2 % 4]:
                _add(out, start, _note(57 + tonic + pitch, 2 * beat_s))
        if drums:
            _add(out, start, _drum())
    mono = out[:FRAMES].astype(np.float32)
    return np.stack([mono, mono], axis=1)


def _note(midi: int, duration_s: float) -> NDArray[np.float64]:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    pitch_hz = 440 * 2 ** ((midi - 69) / 12)
    waves = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k**2 for k in (1, 2, 3, 4))
    return np.asarray(0.08 * waves * np.exp(-time_s / duration_s))


def _drum() -> NDArray[np.float64]:
    time_s = np.arange(round(0.12 * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    return np.asarray(0.2 * noise * np.exp(-time_s / 0.02))


def _add(out: NDArray[np.float64], start: int, sound: NDArray[np.float64]) -> None:
    out[start : start + len(sound)] += sound[: len(out) - start]


def near_octave(measured: float, true: float, tolerance: float = 0.04) -> bool:
    return any(abs(measured / (true * ratio) - 1) < tolerance for ratio in (0.5, 1.0, 2.0))


@pytest.mark.parametrize("bpm", [72.0, 84.0, 96.0, 120.0, 140.0])
def test_the_tempo_of_a_clear_beat_is_found(bpm: float) -> None:
    tempo = measure(song(bpm), RATE_HZ)[TEMPO]
    assert near_octave(tempo.bpm, bpm, tolerance=0.01)
    assert tempo.half_bpm == pytest.approx(tempo.bpm / 2)
    assert tempo.double_bpm == pytest.approx(tempo.bpm * 2)


@settings(max_examples=cases(12), deadline=None)
@given(tonic=st.integers(0, 11), mode=st.sampled_from(["major", "minor"]))
def test_the_key_of_a_cadence_is_found_in_every_transposition(tonic: int, mode: str) -> None:
    key = measure(song(tonic=tonic, mode=mode), RATE_HZ)[KEY]
    assert key.name == f"{TONICS[(9 + tonic) % 12]} {mode}"
    assert key.confidence > 0


def test_a_piece_out_of_tune_keeps_its_key() -> None:
    import soxr

    flat = soxr.resample(song(), RATE_HZ, RATE_HZ * 2 ** (30 / 1200))
    assert measure(flat, RATE_HZ)[KEY].name == "A major"


@settings(max_examples=cases(10), deadline=None)
@given(gain_db=st.floats(-30, 6))
def test_gain_moves_the_levels_and_nothing_else(gain_db: float) -> None:
    before = measure(song(), RATE_HZ)
    after = measure(song() * np.float32(10 ** (gain_db / 20)), RATE_HZ, -100.0)
    assert after[LOUDNESS].value - before[LOUDNESS].value == pytest.approx(gain_db, abs=0.01)
    assert after.peak_dbfs - before.peak_dbfs == pytest.approx(gain_db, abs=0.01)
    assert after[TEMPO].bpm == pytest.approx(before[TEMPO].bpm, rel=1e-3)
    assert after[KEY].name == before[KEY].name
    assert after[PERCUSSION].value == pytest.approx(before[PERCUSSION].value, abs=0.01)
    assert after[BRIGHTNESS].value == pytest.approx(before[BRIGHTNESS].value, rel=1e-3)
    assert after[DYNAMICS].value == pytest.approx(before[DYNAMICS].value, abs=0.01)


def test_swapped_channels_measure_the_same() -> None:
    wide = song().copy()
    wide[:, 1] = np.roll(wide[:, 1], 300) * 0.5
    assert rounded(measure(wide[:, ::-1], RATE_HZ)) == rounded(measure(wide, RATE_HZ))


def test_width_runs_from_mono_over_unrelated_to_opposed_channels() -> None:
    noise = np.random.default_rng(1).standard_normal((FRAMES, 2)).astype(np.float32) * 0.1
    opposed = noise[:, :1] * np.array([[1, -1]], dtype=np.float32)
    assert measure(noise[:, :1], RATE_HZ)[WIDTH].value == 0
    assert measure(noise[:, [0, 0]], RATE_HZ)[WIDTH].value == 0
    assert measure(noise, RATE_HZ)[WIDTH].value == pytest.approx(0.5, abs=0.01)
    assert measure(opposed, RATE_HZ)[WIDTH].value == 1


def test_music_out_of_phase_is_not_taken_for_silence() -> None:
    opposed = song() * np.array([1, -1], dtype=np.float32)
    assert measure(opposed, RATE_HZ)[KEY] == measure(song(), RATE_HZ)[KEY]


def test_drums_are_told_from_none() -> None:
    assert measure(song(drums=True), RATE_HZ)[PERCUSSION].value > 0.5
    assert measure(song(drums=False), RATE_HZ)[PERCUSSION].value < 0.5


def test_drums_are_told_from_none_at_the_papers_rate_too() -> None:
    """And from a telephone's sound, which ends at 4 kHz, nobody can tell."""
    for drums in (True, False):
        slow = soxr.resample(song(drums=drums), RATE_HZ, 16000)
        heard = measure(slow, 16000)[PERCUSSION]
        assert (heard.value > 0.5) == drums
        assert heard.confidence > 0
        telephone = soxr.resample(soxr.resample(slow, 16000, 8000), 8000, RATE_HZ)
        assert measure(telephone, RATE_HZ)[PERCUSSION].confidence == 0


def test_a_sine_at_997_hz_has_the_loudness_that_the_standard_says() -> None:
    """ITU-R BS.1770-4: 0 dB of full scale in one channel reads -3.01 LKFS."""
    sine = np.sin(2 * np.pi * 997 * np.arange(480000) / 48000)
    one_channel = np.stack([sine, np.zeros_like(sine)], axis=1).astype(np.float32)
    assert measure(one_channel, 48000)[LOUDNESS].value == pytest.approx(-3.01, abs=0.02)


def test_loudness_agrees_with_pyloudnorm() -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm")
    reference = pyloudnorm.Meter(RATE_HZ).integrated_loudness(song())
    assert measure(song(), RATE_HZ)[LOUDNESS].value == pytest.approx(reference, abs=0.2)


def test_silent_halves_are_counted_and_do_not_lower_the_loudness() -> None:
    half = song().copy()
    half[FRAMES // 2 :] = 0
    evidence = measure(half, RATE_HZ)
    assert evidence.silence_share.value == pytest.approx(0.5, abs=0.05)
    whole = measure(song(), RATE_HZ)[LOUDNESS].value
    assert evidence[LOUDNESS].value == pytest.approx(whole, abs=1.0)


def test_digital_silence_gives_finite_numbers_that_nobody_is_sure_of() -> None:
    evidence = measure(np.zeros((FRAMES, 2), dtype=np.float32), RATE_HZ)
    assert evidence[LOUDNESS].value == -70
    assert evidence.silence_share.value == 1
    assert confidences(evidence) == {0.0}


def confidences(evidence: MusicEvidence) -> set[float]:
    return {value.confidence for value in evidence.fields.values()}


def not_music() -> dict[str, NDArray[np.float64]]:
    time_s = np.arange(FRAMES) / RATE_HZ
    rng = np.random.default_rng(3)
    noise = rng.standard_normal(FRAMES)
    return {
        "white noise": 0.1 * noise,
        "faint noise": 1e-5 * noise,
        "brown noise": 0.001 * np.cumsum(noise),
        "noise swelling twice a second": 0.1 * noise * (1 + np.sin(4 * np.pi * time_s)),
        "noise swelling slowly": 0.1 * noise * (1 + np.sin(np.pi * time_s)),
        "sine": 0.5 * np.sin(2 * np.pi * 440 * time_s),
        "chirp": 0.5 * np.sin(2 * np.pi * (100 + 150 * time_s) * time_s),
        "clicks at random": np.where(rng.random(FRAMES) < 5 / RATE_HZ, 0.9, 0.0),
        "one click": np.where(np.arange(FRAMES) == 5000, 0.9, 0.0),
        "mains hum": sum(np.sin(2 * np.pi * 50 * k * time_s) / k for k in range(1, 9)) * 0.2,
    }


@pytest.mark.parametrize("what", not_music())
def test_what_is_no_music_gets_neither_tempo_nor_key(what: str) -> None:
    sound = not_music()[what].astype(np.float32)[:, None]
    evidence = measure(sound, RATE_HZ)
    said = {claim.attribute for claim in sayable(evidence, CERTAINTY)}
    assert not said & {"tempo", "pulse", "key", "mode"}


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 44100, 48000])
@pytest.mark.parametrize("seconds", [2.0, *slow(60.0)])
def test_any_rate_and_length_is_measured(rate_hz: int, seconds: float) -> None:
    rng = np.random.default_rng(5)
    clip = rng.uniform(-1, 1, (round(seconds * rate_hz), 1)).astype(np.float32)
    assert measure(clip, rate_hz).duration_s == seconds


def test_samples_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[frames, 1 or 2\], not \[22050\]"):
        measure(np.zeros(RATE_HZ, dtype=np.float32), RATE_HZ)
    with pytest.raises(ValueError, match=r"under 0\.4 s"):
        measure(np.zeros((100, 1), dtype=np.float32), RATE_HZ)


# What librosa 0.11 finds in `song()`, written down because importing it compiles for half a minute:
# `feature.tempo`; and the mean of 40 HTK bands from 30 Hz, in mel, weighted by their amplitudes in
# `feature.melspectrogram` (n_fft=1024, hop_length=384, center=False, norm=None).
LIBROSAS_BPM, LIBROSAS_HZ = 95.70, 1265.76


def test_tempo_and_brightness_agree_with_librosa() -> None:
    evidence = measure(song(), RATE_HZ)
    assert near_octave(evidence[TEMPO].bpm, LIBROSAS_BPM)
    assert evidence[BRIGHTNESS].value == pytest.approx(LIBROSAS_HZ, rel=0.01)


def word_of_brightness(samples: Floats) -> str:
    return BRIGHTNESS.finding(measure(samples, RATE_HZ)).value


def test_a_strong_bass_takes_no_brightness_from_what_has_much_treble() -> None:
    """By power alone a bass drum and cymbals are dark: nearly all of it lies under 100 Hz."""
    time_s = np.arange(FRAMES) / RATE_HZ
    bass = 0.5 * np.sin(2 * np.pi * 55 * time_s)
    hiss = np.diff(np.random.default_rng(1).standard_normal(FRAMES + 1))
    bright = (bass + 0.03 * hiss).astype(np.float32)[:, None]
    muffled = np.sin(2 * np.pi * 220 * time_s) * 0.2
    dark = (bass + muffled).astype(np.float32)[:, None]
    assert word_of_brightness(bright) == "bright"
    assert word_of_brightness(dark) == "dark"
