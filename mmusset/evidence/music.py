"""What can be measured on a clip of music."""

import numpy as np
from numpy.typing import NDArray

from mmusset.sample import MusicEvidence

from . import loudness, onsets, percussion, spectrum, tempo, tonality

Floats = NDArray[np.float32]

RATE_HZ = 22050  # what tempo and timbre are measured at
WINDOW, HOP = 1024, 384  # 46 ms every 17 ms
OPPOSED = 0.9  # width from which the channels cancel each other in the middle
KEY_RATE_HZ = 5512.5  # what the key is measured at: pitches end near 2 kHz
KEY_WINDOW, KEY_HOP = 2048, 1024  # 0.37 s: neighbouring semitones part from 110 Hz up


def measure(samples: Floats, rate_hz: int, silence_dbfs: float = -60.0) -> MusicEvidence:
    """Evidence on a clip: `samples` float32 `[frames, 1 or 2]`, -1 to 1, finite, 2 to 60 s.

    Silence is RMS under `silence_dbfs` over 50 ms. A silent clip gets confidence 0
    throughout. Swapping the channels changes nothing; gain moves only the levels.
    Raises ValueError where the shape is another or the clip is shorter than 0.4 s.
    """
    _check(samples, rate_hz)
    left, right = samples[:, 0], samples[:, -1]
    half = np.float32(0.5)
    mid, side = half * (left + right), half * (left - right)
    silence = loudness.silence_share(samples, rate_hz, silence_dbfs)
    audible_share = 1.0 - silence.value
    blocks_lufs = loudness.block_loudness(samples, rate_hz)
    width = loudness.stereo_width(mid, side, audible_share)
    # Where the channels cancel each other, the side tells what plays.
    mono = _resample(side if width.value > OPPOSED else mid, rate_hz, RATE_HZ)
    if audible_share == 0:
        mono = np.zeros_like(mono)
    power = spectrum.spectrum(mono, RATE_HZ, WINDOW, HOP)
    mel_power = spectrum.mel(power)
    strength = onsets.onset_strength(mel_power, power.hop_s)
    low = spectrum.spectrum(_resample(mono, RATE_HZ, KEY_RATE_HZ), KEY_RATE_HZ, KEY_WINDOW, KEY_HOP)
    return MusicEvidence(
        duration_s=len(samples) / rate_hz,
        peak_dbfs=loudness.peak_dbfs(samples),
        tempo=tempo.tempo(strength, power.hop_s),
        key=tonality.key(tonality.chroma(low)),
        loudness_lufs=loudness.integrated(blocks_lufs),
        dynamic_range_db=loudness.dynamic_range(blocks_lufs),
        brightness_hz=spectrum.brightness(power, audible_share),
        onset_density_hz=onsets.onset_density(strength, power.hop_s),
        percussiveness=percussion.percussiveness(power, mel_power, onsets.attack_share(strength)),
        stereo_width=width,
        silence_share=silence,
    )


def _check(samples: Floats, rate_hz: int) -> None:
    if samples.ndim != 2 or samples.shape[1] not in (1, 2):
        raise ValueError(f"samples must be [frames, 1 or 2], not {list(samples.shape)}")
    if len(samples) < 0.4 * rate_hz:
        raise ValueError(
            f"{len(samples)} frames at {rate_hz} Hz are under 0.4 s: too few to measure"
        )


def _resample(mono: Floats, from_hz: float, to_hz: float) -> Floats:
    import soxr

    return np.asarray(soxr.resample(mono, from_hz, to_hz), dtype=np.float32)
