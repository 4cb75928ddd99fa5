"""The hum of the mains: steady lines at 50 or 60 Hz and the multiples."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Mains = Literal[0, 50, 60]

MAINS: tuple[Mains, ...] = (50, 60)
HARMONICS = 6
LOW_RATE_HZ = 2000.0  # about the rate that lines are looked for at
OFF = 0.004  # the share by which mains may be off: notes of a piano are 1 % or more away
GAP_HZ, AROUND_HZ = 0.4, 5.0  # a line's own width; its neighbours reach so far beyond
AUDIBLE_DBFS = -80.0  # a line is compared with this where its neighbours are weaker
CANDIDATE_DB = 6.0
# What a machine strikes evenly makes lines as far apart as the strokes in a second are many: one
# of them may fall on 50 Hz, with others of its strength beside it.
RHYTHM_HZ = 26.0
SEGMENTS = 8  # of a clip, in each of which a steady line has at least this share of its power
LEAST_STEADY = 0.25
SHORTEST_S = 5.0  # a shorter clip does not part 50 Hz from the G at 49
FACTOR = 512  # of the number of samples that are transformed, so that it goes fast


@dataclass(frozen=True, slots=True)
class Hum:
    """How far hum stands over its neighbours, and of which mains; 0 and 0 where there is none."""

    over_neighbours_db: float
    mains_hz: Mains


class _Low:
    """What is below LOW_RATE_HZ / 2: samples, and the power of each bin of their spectrum."""

    def __init__(self, mono: Floats, rate_hz: float) -> None:
        step = max(1, round(rate_hz / LOW_RATE_HZ))
        self.samples = _lowered(mono, step)
        self.power = np.abs(np.fft.rfft(self.samples * _hann(len(self.samples)))) ** 2
        self._bin_hz = rate_hz / step / max(1, len(self.samples))

    def bins(self, width_hz: float) -> int:
        return round(width_hz / self._bin_hz)

    def strongest(self, first: int, end: int) -> int:
        """The bin with the most power, of those from `first` up to `end`."""
        return first + int(np.argmax(self.power[first:end]))

    def is_steady(self, line: int) -> bool:
        """Whether a bin's line is there all along, in each of SEGMENTS parts of the clip."""
        size = len(self.samples) // SEGMENTS
        wave = np.exp(-2j * np.pi * line / len(self.samples) * np.arange(size)) * _hann(size)
        parts = self.samples[: SEGMENTS * size].reshape(SEGMENTS, size) @ wave
        return bool(np.min(np.abs(parts) ** 2) > LEAST_STEADY * self.power[line])


def hum(mono: Floats, rate_hz: float) -> Hum:
    """Of `mono` `[frames]`; in less than SHORTEST_S none is found.

    Two steady lines at least make hum: a single one may be music. It stands as far over its
    neighbours as the second of them stands over the strongest sound up to 5 Hz away.
    """
    if len(mono) < SHORTEST_S * rate_hz:
        return Hum(0.0, 0)
    low = _Low(mono, rate_hz)
    found = [(_second_line_db(low, mains), mains) for mains in MAINS]
    level_db, mains = max(found, key=lambda each: each[0])
    return Hum(level_db, mains) if level_db > 0 else Hum(0.0, 0)


def _second_line_db(low: _Low, mains: Mains) -> float:
    lines = [_line_db(low, mains * number) for number in range(1, HARMONICS + 1)]
    return max(0.0, sorted(lines)[-2])


def _line_db(low: _Low, about_hz: float) -> float:
    """How far a steady line about a frequency stands over its neighbours; 0 without one."""
    off, gap = low.bins(OFF * about_hz), low.bins(GAP_HZ)
    near, far = low.bins(AROUND_HZ), low.bins(RHYTHM_HZ)
    about = low.bins(about_hz)
    first, last = about - off, about + off + 1
    if last + gap + far > len(low.power):
        return 0.0
    top = low.strongest(first, last)
    below, above = max(0, first - gap - near), last + gap + near
    neighbours = max(low.power[below : first - gap].max(), low.power[last + gap : above].max())
    over = low.power[top] / (neighbours + 10 ** (AUDIBLE_DBFS / 10))
    level_db = 10 * math.log10(max(over, 1e-20))
    if level_db < CANDIDATE_DB or not low.is_steady(top):
        return 0.0
    beyond = (
        low.strongest(max(0, below - far + near), below),
        low.strongest(above, above + far - near),
    )
    rhythm = (low.power[each] > low.power[top] / 4 and low.is_steady(each) for each in beyond)
    return 0.0 if any(rhythm) else level_db


def _lowered(mono: Floats, step: int) -> Floats:
    """Each sample is a triangle-weighted mean of 2 * `step` of them.

    What would fold onto 50 Hz falls by 64 dB, onto 300 Hz by 31 dB.
    """
    rising = np.arange(1, step + 1, dtype=np.float32) / np.float32(step**2)
    falling = rising[::-1] - np.float32(1 / step**2)
    blocks = mono[: len(mono) // step * step].reshape(-1, step)
    low = (blocks @ rising)[:-1] + (blocks @ falling)[1:]
    return np.asarray(low[: len(low) // FACTOR * FACTOR], dtype=np.float32)


@cache
def _hann(size: int) -> Floats:
    """Scaled so that a full-scale sine has a power of 0.5 in its bin."""
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return np.asarray(shape * np.sqrt(2) / shape.sum(), dtype=np.float32)
