"""Clipped sound: tops of the wave that were cut off flat.

Clipping leaves runs of samples at the highest or the lowest value of a channel, its rails, which
the wave meets at a slope and leaves at a slope. Three kinds of wave have such runs and are whole,
so they are told apart: the round top of a slow wave comes to its rail gently; a square wave jumps
to it, or is there nearly all the time; and where several square waves play, most runs lie between
the rails.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

STEP = 1 / 32768  # of 16-bit audio: values that are no farther apart count as one
LEAST_RUN = 3  # samples: two equal ones are at the top of many whole waves
# How far the wave is under its rail one run's half length away from it, in steps: the parabola of
# a round top, whose run is what lies within a step and a half of it, falls by four times that.
LEAST_FALL = 12
QUIETEST_RAIL = 0.01  # of full scale: below it, a step of 16 bits is coarse
JUMP = 0.45  # of the rail within two samples, in the median: music clipped by 12 dB has 0.32
MOST_AT_RAILS = 0.5  # of a channel's samples: a wave that has more is square
SILENT = 0.02  # of the highest sample
NONE = 1e-5  # of the samples: what is less is not looked at any further


@dataclass(frozen=True, slots=True)
class Clipping:
    """`share` of the samples that lie in flat tops, and the length of the longest."""

    share: float
    longest_s: float


@dataclass(frozen=True, slots=True)
class _Runs:
    """Runs of equal samples: their first ones, and how many each has."""

    starts: Places
    lengths: Places


@dataclass(frozen=True, slots=True)
class _Tops:
    """The lengths of flat tops, and how far the wave falls within two samples, of the rail."""

    lengths: Places
    falls: Floats


def clipping(channels: Floats, rate_hz: float) -> Clipping:
    """Of `channels` `[channels, frames]` as they were decoded: resampling rounds flat tops off."""
    lengths = [_flat_tops(channel) for channel in channels]
    count = sum(int(each.sum()) for each in lengths)
    longest = max((int(each.max(initial=0)) for each in lengths), default=0)
    return Clipping(share=count / max(1, channels.size), longest_s=longest / rate_hz)


def _flat_tops(channel: Floats) -> Places:
    """The lengths of a channel's flat tops; none for a whole wave."""
    nothing = np.zeros(0, dtype=np.intp)
    if not len(channel):
        return nothing
    rails = [_at_rail(channel, 1.0), _at_rail(channel, -1.0)]
    lengths = np.concatenate([each.lengths for each in rails])
    count = int(lengths.sum())
    if count < NONE * len(channel) or count > MOST_AT_RAILS * len(channel):
        return nothing
    if float(np.median(np.concatenate([each.falls for each in rails]))) > JUMP:
        return nothing
    return nothing if _level(channel) > 2 * count else lengths


def _at_rail(channel: Floats, sign: float) -> _Tops:
    """The runs at one rail that are no round tops."""
    rail = float(channel.max() if sign > 0 else -channel.min())
    if rail < QUIETEST_RAIL:
        return _Tops(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.float32))
    bound = rail - 1.5 * STEP
    runs = _runs_of(np.flatnonzero(channel >= bound if sign > 0 else channel <= -bound))
    sharp = _fall(channel, runs, (runs.lengths + 1) // 2, sign) > LEAST_FALL * STEP
    falls = _fall(channel, runs, 2, sign) / rail
    return _Tops(runs.lengths[sharp], falls[sharp])


def _fall(channel: Floats, runs: _Runs, away: Places | int, sign: float) -> Floats:
    """How far the wave is under each run, so many samples away from it; on its higher side."""
    before = channel[np.maximum(runs.starts - away, 0)]
    after = channel[np.minimum(runs.starts + runs.lengths - 1 + away, len(channel) - 1)]
    sides = np.maximum(before, after) if sign > 0 else -np.minimum(before, after)
    rail = channel[runs.starts] * np.float32(sign)
    return np.asarray(rail - sides, dtype=np.float32)


def _runs_of(places: Places, least: int = LEAST_RUN) -> _Runs:
    """The runs of `least` or more neighbours among ascending places."""
    if not len(places):
        return _Runs(places, places)
    breaks = np.flatnonzero(np.diff(places) > 1) + 1
    firsts = np.concatenate([[0], breaks])
    lengths = np.diff(np.concatenate([firsts, [len(places)]]))
    long = lengths >= least
    return _Runs(places[firsts[long]], lengths[long])


def _level(channel: Floats) -> int:
    """How many samples lie in runs of equal ones anywhere, but for silence."""
    loud = np.abs(channel[1:]) > SILENT * np.abs(channel).max()
    level = (np.abs(np.diff(channel)) <= STEP) & loud
    return int((_runs_of(np.flatnonzero(level), LEAST_RUN - 1).lengths + 1).sum())
