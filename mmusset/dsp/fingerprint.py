"""A fingerprint of sound: what stays of a recording whatever its encoding, level and channels are.

After Haitsma and Kalker (2002): of each moment, a bit for each of 32 pairs of neighbouring bands
says whether their difference rises or falls. Gain changes no sign; a codec changes a few. Their
method with other constants: longer frames and steps, which are a twentieth of the data.
`benchmarks/fingerprint.py` measures what it finds.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .mono import to_mono
from .spectrum import spectrum

RATE_HZ = 6000
FRAME, HOP = 3072, 384  # samples: half a second of sound each 64 ms
STEPS_PER_S = RATE_HZ / HOP
LAG = 6  # steps back, with which each moment is compared
BANDS, LOWEST_HZ, HIGHEST_HZ = 33, 200.0, 2000.0  # what every codec keeps
FLOOR = np.float32(1e-5)  # of the strongest band's power: 50 dB below it
SILENT = 1e-4  # RMS: -80 dB of full scale
SILENCE = 0  # the word of a moment without any sound

Words = NDArray[np.uint32]


def fingerprint(samples: NDArray[np.float32], rate_hz: int) -> Words:
    """A word of 32 bits for each 64 ms of `samples` `[frames, channels]`; none for less than a
    second. It is the same for any gain, and about the same for any encoding."""
    import soxr

    mono = soxr.resample(to_mono(samples), rate_hz, RATE_HZ, quality="LQ")
    if len(mono) < FRAME + LAG * HOP:
        return np.zeros(0, np.uint32)
    frames = np.lib.stride_tricks.sliding_window_view(mono, FRAME)[::HOP]
    power = spectrum(mono, RATE_HZ, FRAME, HOP).power @ _bands()
    # What lies far below the strongest band is each encoding's own.
    level = np.log(power + FLOOR * power.max(axis=1, keepdims=True) + np.float32(1e-20))
    tilt = np.diff(level, axis=1)
    bits = tilt[LAG:] > tilt[:-LAG]
    words = np.packbits(bits, axis=1).view(">u4")[:, 0].astype(np.uint32)
    squares = np.einsum("ij,ij->i", frames, frames)[LAG:]
    words[squares < FRAME * SILENT**2] = SILENCE
    return words


@cache
def _bands() -> NDArray[np.float32]:
    """How much of each bin of the spectrum lies in each band `[bins, bands]`: bands of one width in
    octaves, whose borders cut through bins."""
    edges = LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** (np.arange(BANDS + 1) / BANDS)
    width = RATE_HZ / FRAME
    low = (np.arange(FRAME // 2 + 1)[:, None] - 0.5) * width
    covered = np.minimum(low + width, edges[None, 1:]) - np.maximum(low, edges[None, :-1])
    return np.asarray(np.clip(covered / width, 0, 1), np.float32)
