"""Up to which frequency there is sound, and whether it fades out there or was cut off.

Lossy codecs and low sample rates cut it off; instruments fade out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .spectrum import spectrum

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

WINDOW = 2048  # samples
PLACES = 24  # spread over each channel: what ends the spectrum does so all along
BAND_HZ = 200.0
# Sound is what lies less than so much under the strongest band: the rest is masked, or too faint.
DEEPEST_DB = 80.0
# Under it, in dB of full scale in a band, lies the rounding of 16 bits, dithered or not.
NOTHING_DBFS = -112.0
# What is compared lies so far from the end of the sound, below and above.
BELOW_HZ, ABOVE_HZ = (200.0, 1000.0), (300.0, 1300.0)


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Where the sound ends, 0 where there is none, and by how much it falls about there.

    The fall is 0 where the sample rate leaves no room above the end.
    """

    end_hz: float
    fall_db: float


def bandwidth(samples: Floats, rate_hz: float) -> Bandwidth:
    """Of `samples` `[frames, channels]`. The noise of a recording is sound too."""
    starts = np.linspace(0, max(0, len(samples) - WINDOW), PLACES).astype(int).tolist()
    places = [samples[start : start + WINDOW].T for start in starts]
    end_to_end = np.concatenate(places, axis=1).reshape(-1)
    power = spectrum(end_to_end, rate_hz, WINDOW, WINDOW).power.mean(axis=0, dtype=np.float64)
    power[:2] = 0.0  # an offset, and the window's width about it
    width = max(1, round(BAND_HZ * WINDOW / rate_hz))
    bands = np.convolve(power, np.ones(width), mode="valid")
    levels_db = 10 * np.log10(np.maximum(bands, 1e-13))
    floor_db = max(float(levels_db.max()) - DEEPEST_DB, NOTHING_DBFS)
    sounding = np.flatnonzero(levels_db > floor_db)
    if not len(sounding):
        return Bandwidth(0.0, 0.0)
    # By its first bin alone does the last band that sounds reach down to the sound.
    end = int(sounding[-1])
    end_hz = min((end + 1) * rate_hz / WINDOW, rate_hz / 2)
    return Bandwidth(end_hz, _fall_db(levels_db, end, WINDOW / rate_hz))


def _fall_db(levels_db: Doubles, end: int, bins_in_hz: float) -> float:
    nearest, farthest = (round(hz * bins_in_hz) for hz in BELOW_HZ)
    below = levels_db[max(0, end - farthest) : max(1, end + 1 - nearest)]
    nearest, farthest = (round(hz * bins_in_hz) for hz in ABOVE_HZ)
    above = levels_db[end + nearest : end + farthest]
    if not len(above):
        return 0.0
    return float(np.median(below) - np.median(above))
