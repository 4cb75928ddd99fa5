"""Which pitch classes sound, and the key that they make.

Overtones stay in the chroma that a key is found by: taking them away also takes true thirds,
and lost 5 points of exact keys on rendered pieces. The profiles that it is compared with have
overtones, too: a note's third partial is a fifth, and the key a fifth above is what a key was most
often taken for. How sure the key is is told without overtones.

The mode is surer than the key: C major, G major and F major are all major. Its probability is that
of all twelve keys of the mode together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmusset import calibrated

from .spectrum import FLOOR, Spectrum

Doubles = NDArray[np.float64]

LOWEST_MIDI, HIGHEST_MIDI = 33, 96  # A1 (55 Hz) to C7 (2093 Hz)
MIDDLE_MIDI, SPREAD = 60, 15  # the octaves around middle C tell most of harmony
HIGHEST_PARTIAL, NEAR_PARTIAL = 10, 0.0234  # that far off, as a share of its frequency: 40 cents
CLEAR = 0.3  # of the strongest peak of the frame: what is weaker is not taken for a note
LEAST_ROOT = 0.9  # strength of a note against the partials that it explains
PEAK_DEPTH = 10.0  # nepers of power below a frame's loudest bin where peaks end
# A clip has a key where chroma correlates this well with a profile, and its standard
# deviation is this share of its mean: noise is flat (under 0.15; music 0.31 and more).
LEAST_CORRELATION, LEAST_CONTRAST = 0.7, 0.2
LEAST_THIRD = 0.15  # of the strongest pitch class, among the notes: less is no third
SLACK = 0.02
PARTIALS, FAINTER = 8, 0.4  # of a note in the profiles; each so much fainter than the one before

# Albrecht and Shanahan, "The use of large corpora to train a new type of key-finding
# algorithm", Music Perception 31(1), 2013: share of each scale degree, from the tonic.
MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)


@dataclass(frozen=True, slots=True)
class Chroma:
    """Strength of each pitch class from C, `[12]`.

    `notes` leaves out what may be the partials of a lower note: the fifth partial of a bass is
    no major third.
    """

    all: Doubles
    notes: Doubles


def pooled(places: Sequence[Chroma]) -> Chroma:
    """The chroma of a piece, from several places of it."""
    return Chroma(
        np.mean([place.all for place in places], axis=0),
        np.mean([place.notes for place in places], axis=0),
    )


def chroma(spectrum: Spectrum) -> Chroma:
    """Which pitch classes sound in a clip; all zero where no pitch does.

    Spectral peaks (as in Gómez, "Tonal description of polyphonic audio", 2006) vote
    for the nearest semitone of the clip's own tuning, those around middle C most;
    every frame counts by its shape, not its loudness.
    """
    frames, midi, strength = _peaks(spectrum)
    are_notes = _are_notes(frames, midi, strength, len(spectrum.power))
    midi = midi - tuning(midi, strength)
    nearest = np.rint(midi).astype(np.intp)
    strength = strength * np.cos(np.pi * (midi - nearest)) ** 2
    strength = strength * np.exp(-0.5 * ((midi - MIDDLE_MIDI) / SPREAD) ** 2)
    count = len(spectrum.power)

    def voted(strength: Doubles) -> Doubles:
        votes = np.bincount(frames * 12 + nearest % 12, strength, minlength=count * 12)
        by_frame = votes.astype(np.float64).reshape(count, 12)
        loudest = by_frame.max(axis=1, keepdims=True)
        return np.asarray((by_frame / np.where(loudest > 0, loudest, 1)).mean(axis=0))

    return Chroma(voted(strength), voted(np.where(are_notes, strength, 0)))


def tuning(midi: Doubles, strength: Doubles) -> float:
    """How far the clip stands off A = 440 Hz, in semitones from -0.5 to 0.5."""
    if not len(midi):
        return 0.0
    return float(np.angle(np.sum(strength * np.exp(2j * np.pi * midi))) / (2 * np.pi))


def _are_notes(
    frames: NDArray[np.intp], midi: Doubles, strength: Doubles, count: int
) -> NDArray[np.bool_]:
    """Which peaks stand out in their frame, and are no partials of a lower one there.

    A lower peak explains those at up to ten times its frequency, unless it is much weaker.
    """
    loudest = np.zeros(count)
    np.maximum.at(loudest, frames, strength)
    clear = np.flatnonzero(strength > CLEAR * loudest[frames])
    frames = frames[clear]
    first = np.searchsorted(frames, frames)
    below = np.arange(len(clear)) - first  # how many clear peaks of its frame are lower
    higher = np.repeat(np.arange(len(clear)), below)
    lower = np.arange(len(higher)) - np.repeat(np.cumsum(below) - below - first, below)
    hz, loud = (2 ** (midi[clear] / 12)).astype(np.float32), strength[clear].astype(np.float32)
    ratio = hz[higher] / hz[lower]
    partial = np.rint(ratio)
    near = np.abs(ratio - partial) < NEAR_PARTIAL * partial
    strong = loud[higher] * np.float32(LEAST_ROOT) < loud[lower]
    explained = near & strong & (partial >= 2) & (partial <= HIGHEST_PARTIAL)
    notes = np.zeros(len(strength), dtype=np.bool_)
    notes[clear] = True
    notes[clear[higher[explained]]] = False
    return notes


@dataclass(frozen=True, slots=True)
class KeyEstimate:
    """The best and the second best key, each 0 to 11 for major from C, 12 to 23 for minor.

    The confidences are the probabilities that key and mode are right.
    """

    best: int
    second: int
    confidence: float
    mode_confidence: float


def key(chroma: Chroma) -> KeyEstimate:
    """The key whose profile correlates best with `chroma.all` (Krumhansl's method).

    The probabilities are 0 where the clip has no key or no third: a drone and open fifths are in
    neither mode.
    """
    found = key_reading(chroma)
    if not found.is_heard:
        return KeyEstimate(found.best, found.second, 0.0, 0.0)
    return KeyEstimate(
        found.best,
        found.second,
        calibrated.KEY(found.features),
        chance_of_mode(found.scores, found.best, calibrated.MODE_SHARPNESS),
    )


def chance_of_mode(scores: Doubles, best: int, sharpness: float) -> float:
    """The probability of the best key's mode, where a key's odds rise with its score so sharply."""
    odds = np.exp(sharpness * (scores - scores.max()))
    of_mode = odds[:12] if best < 12 else odds[12:]
    return float(of_mode.sum() / odds.sum())


@dataclass(frozen=True, slots=True)
class KeyReading:
    """The best two keys, and how well each of the 24 fits: a correlation, `[24]`.

    `features` tell whether the best is right: its lead over the second, the lead of its third over
    the other third (logarithm of their ratio), the third's share of the strongest pitch class, the
    lead over the parallel key, and the correlation.
    """

    best: int
    second: int
    scores: Doubles
    features: tuple[float, ...]
    is_heard: bool


def key_reading(chroma: Chroma) -> KeyReading:
    """The key of a chroma, and all that tells how sure it is."""
    scores = _profiles() @ _standardised(chroma.all) / 12
    order = np.argsort(-scores, kind="stable")
    best, second = int(order[0]), int(order[1])
    share, against = _third(chroma.notes, best)
    top = float(scores[best])
    lead, over_parallel = top - float(scores[second]), top - float(scores[(best + 12) % 24])
    is_tonal = top > LEAST_CORRELATION and chroma.all.std() > LEAST_CONTRAST * chroma.all.mean()
    return KeyReading(
        best,
        second,
        scores,
        features=(lead, against, share, over_parallel, top),
        is_heard=bool(is_tonal and share >= LEAST_THIRD and against > 0),
    )


def _third(notes: Doubles, key: int) -> tuple[float, float]:
    """How much of the strongest pitch class the key's third has, and its lead over the other
    third, as the logarithm of their ratio.
    """
    strongest = float(notes.max())
    if strongest <= 0:
        return 0.0, -1.0
    major, minor = notes[(key % 12 + 4) % 12], notes[(key % 12 + 3) % 12]
    third, other = (major, minor) if key < 12 else (minor, major)
    slack = SLACK * strongest
    return float(third / strongest), float(np.log((third + slack) / (other + slack)))


def _peaks(spectrum: Spectrum) -> tuple[NDArray[np.intp], Doubles, Doubles]:
    """Frame, pitch (MIDI, with fractions) and strength of each peak of the spectrum."""
    bin_hz = spectrum.rate_hz / 2 / (spectrum.power.shape[1] - 1)
    low = int(440 * 2 ** ((LOWEST_MIDI - 70) / 12) / bin_hz)
    high = min(int(440 * 2 ** ((HIGHEST_MIDI - 68) / 12) / bin_hz), spectrum.power.shape[1] - 1)
    level = np.log(spectrum.power[:, low - 1 : high + 1] + FLOOR)
    middle = level[:, 1:-1]
    loudest = level.max(axis=1, keepdims=True)
    is_peak = (middle > level[:, :-2]) & (middle >= level[:, 2:]) & (middle > loudest - PEAK_DEPTH)
    frames, bins = np.nonzero(is_peak & (loudest > np.log(FLOOR) + 5))
    before, at, after = (level[frames, bins + k].astype(np.float64) for k in range(3))
    shift = 0.5 * (before - after) / (before - 2 * at + after)
    midi = 69 + 12 * np.log2((bins + low + shift) * bin_hz / 440)
    return frames, midi, np.exp(at / 4)


def _standardised(values: Doubles) -> Doubles:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


@cache
def _profiles() -> Doubles:
    """Standardised profiles `[24, 12]`: twelve major keys from C, then twelve minor."""
    profiles = (_standardised(_with_partials(np.array(p))) for p in (MAJOR, MINOR))
    return np.stack([np.roll(profile, tonic) for profile in profiles for tonic in range(12)])


def _with_partials(profile: Doubles) -> Doubles:
    """The profile of notes that sound with their partials, as in Gómez 2006."""
    partials = np.arange(1, PARTIALS + 1)
    semitones = np.rint(12 * np.log2(partials)).astype(np.intp)
    shares = FAINTER ** (partials - 1.0)
    sounding = (s * np.roll(profile, up) for s, up in zip(shares, semitones, strict=True))
    return np.asarray(np.sum(list(sounding), axis=0))
