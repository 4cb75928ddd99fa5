"""A clip's samples, and what several measurements need of them, each computed once."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Measured

from . import loudness, spectrum
from .mono import to_mono
from .onsets import Onsets, onset_strength
from .spectrum import Spectrum

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

RATE_HZ = 22050  # what tempo and timbre are measured at
WINDOW, HOP = 1024, 384  # 46 ms every 17 ms
OPPOSED = 0.9  # width from which the channels cancel each other in the middle
KEY_RATE_HZ = 5512.5  # what the key is measured at: pitches end near 2 kHz
KEY_WINDOW, KEY_HOP = 2048, 1024  # 0.37 s: neighbouring semitones part from 110 Hz up


class ClipSignal:
    """A clip: `samples` float32 `[frames, 1 or 2]`, -1 to 1, at `rate_hz`.

    Silence is RMS under `silence_dbfs` over 50 ms.
    Raises ValueError where the shape is another or the clip is shorter than 0.4 s.
    """

    def __init__(self, samples: Floats, rate_hz: int, silence_dbfs: float) -> None:
        _check(samples, rate_hz)
        self.samples = samples
        self.rate_hz = rate_hz
        self.silence_share = loudness.silence_share(samples, rate_hz, silence_dbfs)

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz

    @property
    def audible_share(self) -> float:
        """Share of the clip that is no silence: how far means over all of it can be trusted."""
        return 1.0 - self.silence_share

    @cached_property
    def mid(self) -> Floats:
        """What both channels share, `[frames]`."""
        return to_mono(self.samples)

    @cached_property
    def side(self) -> Floats:
        """What the channels differ by, `[frames]`."""
        side: Floats = self.samples[:, 0] - self.samples[:, -1]
        side *= np.float32(0.5)
        return side

    @cached_property
    def width(self) -> Measured:
        """How wide the clip stands between the ears, 0 to 1."""
        return loudness.stereo_width(self.mid, self.side, self.audible_share)

    @cached_property
    def blocks_lufs(self) -> Doubles:
        """Momentary loudness of 400 ms blocks, 100 ms apart."""
        return loudness.block_loudness(self.samples, self.rate_hz)

    @cached_property
    def mono(self) -> Floats:
        """One channel at 22.05 kHz; zeros where all is silence."""
        return self.mono_at(RATE_HZ)

    def mono_at(self, rate_hz: int) -> Floats:
        """One channel at this rate; zeros where all is silence.

        Where the channels cancel each other in the middle, the side tells what plays.
        """
        heard = self.side if self.width.value > OPPOSED else self.mid
        mono = _resampled(heard, self.rate_hz, rate_hz)
        return np.zeros_like(mono) if self.audible_share == 0 else mono

    @cached_property
    def spectrum(self) -> Spectrum:
        """Of `mono`, in time fine enough for attacks."""
        return spectrum.spectrum(self.mono, RATE_HZ, WINDOW, HOP)

    @cached_property
    def mel_power(self) -> Floats:
        """`spectrum` in 40 mel bands, `[frames, 40]`."""
        return spectrum.mel(self.spectrum)

    @cached_property
    def onsets(self) -> Onsets:
        """Where notes begin, by how much louder each frame of `spectrum` is than those before."""
        hop_s = self.spectrum.hop_s
        return Onsets(onset_strength(self.mel_power, hop_s), hop_s)

    @cached_property
    def pitch_spectrum(self) -> Spectrum:
        """Of `mono`, in frequency fine enough for semitones."""
        low = _resampled(self.mono, RATE_HZ, KEY_RATE_HZ)
        return spectrum.spectrum(low, KEY_RATE_HZ, KEY_WINDOW, KEY_HOP)


def _check(samples: Floats, rate_hz: int) -> None:
    if samples.ndim != 2 or samples.shape[1] not in (1, 2):
        raise ValueError(f"samples must be [frames, 1 or 2], not {list(samples.shape)}")
    if len(samples) < 0.4 * rate_hz:
        raise ValueError(
            f"{len(samples)} frames at {rate_hz} Hz are under 0.4 s: too few to measure"
        )


def _resampled(mono: Floats, from_hz: float, to_hz: float) -> Floats:
    import soxr

    return np.asarray(soxr.resample(mono, from_hz, to_hz), dtype=np.float32)
