"""Sounds with a known fault, made here, and what is found wrong with them; sounds without one."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from mmusset.evidence.clip import Clip, cut
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.quality import measure
from mmusset.evidence.sound import open_sound
from mmusset.quality import Quality, lines
from mmusset.recipe_parts.media import ClipPart

RATE_HZ = 44100
SECONDS = 6.0
TIME_S = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
Floats = NDArray[np.float32]


def found(sound: Floats, rate_hz: int = RATE_HZ) -> Quality:
    """What is wrong with a sound `[frames, channels]`, kept in 16 bits."""
    stored = (np.clip(np.round(sound * 32768), -32768, 32767) / 32768).astype(np.float32)
    return measure(Clip(stored, rate_hz, 0.0, rate_hz, stored))


def stereo(left: NDArray[np.float64], right: NDArray[np.float64] | None = None) -> Floats:
    return np.stack([left, 0.8 * left if right is None else right], axis=1).astype(np.float32)


@cache
def chords(rate_hz: int = RATE_HZ, level: float = 0.06) -> Floats:
    """Chords that die away, over the hiss of a microphone, which reaches as high as any sound."""
    time_s = np.arange(round(SECONDS * rate_hz)) / rate_hz
    sound = np.zeros_like(time_s)
    for number, root_hz in enumerate((110.0, 146.8, 164.8, 110.0, 196.0, 164.8)):
        now = slice(number * rate_hz, (number + 1) * rate_hz)
        since = time_s[now] - number
        for ratio in (1, 1.26, 1.5, 2):
            for harmonic in range(1, 9):
                wave = np.sin(2 * np.pi * root_hz * ratio * harmonic * since + harmonic)
                sound[now] += level / harmonic * wave * np.exp(-2 * since)
    hiss = np.random.default_rng(0).standard_normal((len(time_s), 2))
    chords = (stereo(sound) + 0.003 * hiss).astype(np.float32)
    chords.setflags(write=False)
    return chords


Sound = NDArray[np.float64]


def melody(wave: Callable[[Sound], Sound], seed: int) -> Sound:
    """Notes of an eighth of a second, none of which fades; `wave` is given hertz by sample."""
    dice, hz = np.random.default_rng(seed), np.zeros_like(TIME_S)
    for start in np.arange(0, SECONDS, 0.125):
        now = slice(round(start * RATE_HZ), round((start + 0.125) * RATE_HZ))
        hz[now] = 110.0 * 2 ** (dice.integers(0, 24) / 12)
    return wave(hz)


def pulse(hz: Sound, duty: float = 0.5) -> Sound:
    return np.where(hz * TIME_S % 1 < duty, 1.0, -1.0)


def rounded_pulse(hz: Sound) -> Sound:
    """A square wave whose jumps take two samples, as synthesizers make them."""
    phase, step = hz * TIME_S % 1, hz / RATE_HZ
    return np.clip(np.minimum(phase, 0.5 - phase) / step, -1, 1)


def test_nothing_is_wrong_with_a_clean_sound() -> None:
    quality = found(chords())
    assert (quality.score, quality.worst) == (1.0, "none")
    assert (quality.clipped_share, quality.hum_hz, quality.cut_off) == (0.0, 0, False)
    assert not quality.mono_in_stereo


@pytest.mark.parametrize("gain_db", [6, 9, 12])
def test_clipped_tops_are_found_and_counted(gain_db: float) -> None:
    loud = chords() / np.abs(chords()).max() * 10 ** (gain_db / 20)
    quality = found(np.clip(loud, -1, 1))
    assert quality.clipped_share == pytest.approx(np.mean(np.abs(loud) >= 1), rel=0.3)
    assert quality.longest_clip_ms > 0.1
    assert found(0.3 * np.clip(loud, -1, 1)).clipped_share == pytest.approx(
        quality.clipped_share, rel=0.1
    ), "however loud it is now"


def test_clipping_is_found_where_the_clip_gets_another_sample_rate(tmp_path: Path) -> None:
    loud = chords(48000) / np.abs(chords(48000)).max() * 4
    soundfile.write(tmp_path / "loud.wav", np.clip(loud, -1, 1), 48000)
    with MediaFile(tmp_path / "loud.wav") as media:
        quality = measure(cut(open_sound(media), 0, 1, ClipPart(seconds=5.0)))
    assert quality.worst == "clipping"
    assert quality.clipped_share == pytest.approx(np.mean(np.abs(loud) >= 1), rel=0.3)


@pytest.mark.parametrize(
    "sound",
    [
        lambda: 0.5 * melody(pulse, 1),
        lambda: 0.5 * melody(rounded_pulse, 1),
        lambda: 0.3 * melody(pulse, 1) + 0.2 * melody(lambda hz: pulse(hz, 0.25), 2),
        lambda: 0.4 * melody(rounded_pulse, 3) + 0.4 * melody(rounded_pulse, 4),
        lambda: 0.4 * melody(pulse, 5) * np.exp(-(TIME_S % 0.125) * 8),
        lambda: 0.9 * np.sin(2 * np.pi * 41.2 * TIME_S),
        lambda: 0.02 * np.sin(2 * np.pi * 41.2 * TIME_S),
    ],
    ids=["square", "rounded", "two pulses", "two rounded", "fading", "bass", "quiet bass"],
)
def test_waves_that_are_flat_or_slow_by_nature_are_not_clipped(sound: Callable[[], Sound]) -> None:
    assert found(stereo(sound())).clipped_share == 0.0


@pytest.mark.parametrize("mains_hz", [49.95, 60.0])
def test_hum_is_found_with_its_mains(mains_hz: float) -> None:
    hum = sum(np.sin(2 * np.pi * n * mains_hz * TIME_S) / n for n in (1, 2, 3, 4))
    quality = found(chords() + 0.01 * stereo(hum))
    assert quality.hum_hz == round(mains_hz)
    assert quality.hum_db > 10
    assert quality.worst == "hum"


@pytest.mark.parametrize("bpm", [120, 125, 150, 180])
def test_even_strokes_are_no_hum(bpm: float) -> None:
    """Sixteenths at 125 BPM make lines 8.33 Hz apart, of which every sixth is a multiple of 50."""
    since = TIME_S % (15 / bpm)
    assert found(stereo(0.5 * np.exp(-30 * since) * np.sin(2 * np.pi * 55 * since))).hum_hz == 0


def test_a_bass_that_is_held_is_no_hum() -> None:
    held = sum(
        np.sin(2 * np.pi * n * 49.0 * TIME_S) / n for n in range(1, 7)
    )  # G1 and its partials
    assert found(chords() + 0.1 * stereo(held)).hum_hz == 0


def mp3(sound: Floats, kbits: int) -> tuple[Floats, int]:
    """What is left of it after an mp3 of a constant rate."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ)
        stream.bit_rate, stream.layout = 1000 * kbits, "stereo"
        planes = np.ascontiguousarray(sound.T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.rate = RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    file.seek(0)
    samples, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    return samples, rate_hz


def test_a_lossless_file_that_was_an_mp3_once_is_cut_off() -> None:
    quality = found(*mp3(chords(), 64))
    assert quality.cut_off
    assert quality.bandwidth_hz == pytest.approx(11100, abs=400)
    assert quality.worst == "bandwidth"
    assert ("bandwidth", "11.2 kHz, where the sound is cut off") in lines(quality)


def test_a_muffled_sound_has_little_bandwidth_and_is_not_cut_off() -> None:
    hz = np.fft.rfftfreq(len(TIME_S), 1 / RATE_HZ)
    gain = 1 / (1 + (hz / 800) ** 4)
    waves = chords() + 0.05 * np.random.default_rng(1).standard_normal((len(TIME_S), 2))
    muffled = np.fft.irfft(np.fft.rfft(waves, axis=0) * gain[:, None], len(TIME_S), axis=0)
    quality = found(muffled.astype(np.float32))
    assert quality.bandwidth_hz < 9000
    assert not quality.cut_off
    assert quality.score == 1.0


def test_silence_offset_and_channels() -> None:
    half = chords() * (TIME_S < SECONDS / 2)[:, None]
    assert found(half).silence_share == pytest.approx(0.5, abs=0.02)
    assert found(chords() + np.float32(0.1)).dc_offset == pytest.approx(0.1, abs=0.002)
    mono = chords()[:, :1]
    assert not found(mono).mono_in_stereo
    assert found(np.repeat(mono, 2, axis=1)).mono_in_stereo


def test_the_score_is_that_of_the_worst_part() -> None:
    quality = found(np.clip(chords() * 20 + 0.05, -1, 1))
    assert (quality.score, quality.worst) == (0.0, "clipping")
    assert found(np.zeros((len(TIME_S), 2), dtype=np.float32)).worst == "silence"
