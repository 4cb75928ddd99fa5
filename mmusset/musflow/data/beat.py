"""A clip's beat: its tempo, where in the beat the clip begins, and how sure that is.

The tempo is the evidence's, as far as a sample's JSON has it, and is measured otherwise. No
evidence holds the phase: it is read from the onsets of the clip itself, at the rate near the
tempo at which they come back most strongly.
"""

import math
from typing import NamedTuple

import numpy as np
from pydantic import ValidationError

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.dsp.onsets import Onsets
from mmusset.measurements.tempo import TEMPO, Tempo
from mmusset.shards.reader import Read

SILENCE_DBFS = -60.0
# The evidence's tempo is right within 4 %: in 10 s of a fast piece that is a whole beat. Near it
# the clip's own rate is found to a fraction of that.
NEAR, NEARBY = 0.03, 25
LEAD_S = 0.041  # by which a frame's onset is ahead of an attack: its window reaches so far
HALVES = 0.5  # weight of the half-beats' strength beside the beat's, in finding that rate


class Beat(NamedTuple):
    """The beat of a clip: `bpm`, `phase` in beats at the clip's start (0 on a beat, 0.5 between
    two), and `weight` from 0 to 1, how sure it is. Without weight nothing is known of it."""

    bpm: float
    phase: float
    weight: float

    def moved(self, seconds: float) -> "Beat":
        """Of the same clip begun so much later."""
        return self._replace(phase=(self.phase + self.bpm / 60 * seconds) % 1)


NO_BEAT = Beat(0.0, 0.0, 0.0)


def beat_of(read: Read) -> Beat:
    """The beat of a sample; NO_BEAT where its sound is too short or has too many channels to be
    measured, or its tempo is unsure."""
    try:
        signal = ClipSignal(read.sound, read.rate_hz, SILENCE_DBFS)
    except ValueError:
        return NO_BEAT
    tempo = _told(read) or (TEMPO.measure(signal) if TEMPO.measure else None)
    if tempo is None or not tempo.confidence > 0:
        return NO_BEAT
    return located(signal.onsets, tempo)


def located(onsets: Onsets, tempo: Tempo) -> Beat:
    """The beat of a tempo in a clip's onsets."""
    if not onsets.strength.any():
        return NO_BEAT
    rates_hz = tempo.bpm / 60 * np.linspace(1 - NEAR, 1 + NEAR, NEARBY)
    at_s = np.arange(len(onsets.strength)) * onsets.hop_s + LEAD_S
    wave = onsets.strength * np.hanning(len(onsets.strength))
    turns = np.exp(-2j * np.pi * rates_hz[:, None] * at_s)
    strength = np.abs(turns @ wave) + HALVES * np.abs(np.square(turns) @ wave)
    best = int(strength.argmax())
    # Where the beats are: at phase 0 the fundamental of the onsets is at its top.
    phase = float(np.angle(turns[best] @ wave)) / (2 * math.pi)
    return Beat(60 * float(rates_hz[best]), phase % 1, tempo.confidence)


def _told(read: Read) -> Tempo | None:
    """The tempo in a sample's JSON; None where it has none."""
    evidence = read.facts.get("music_evidence")
    try:
        return Tempo.model_validate(evidence.get("tempo")) if isinstance(evidence, dict) else None
    except ValidationError:
        return None
