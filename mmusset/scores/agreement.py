"""Whether a score is that of a sound, and where in the score the sound begins.

Pitch classes and beginnings of notes are compared on a few places of the piece, at the one shift,
and the one speed, that suit them all best.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmusset.dsp.clip_signal import ClipSignal

from .notation import DRUMS, Notation

Doubles = NDArray[np.float64]

MOST_LENGTH = 0.06  # by how much the lengths may differ, as a share
MOST_TAIL_S = 6.0  # or by so much: a last chord dies away, a file begins with silence
MOST_SHIFT_S, NEAR_SHIFT_S = 4.0, 0.15
SHIFTS_S = np.arange(-MOST_SHIFT_S, MOST_SHIFT_S + 0.001, 0.1)
SPEED_STEP = 0.004
FRAME_S = 0.05
LOWEST_HZ, HIGHEST_HZ = 60.0, 2100.0
TWELFTH = 0.3  # how loud a note's third partial is beside it
ATTACK_S = 0.03
# Of 18 sounds of games with their own scores the sums were 0.83 and more, with 306 others 0.57 and
# less (docs/LOG.md, 2026-11-29).
LEAST_EACH, LEAST_SUM = 0.2, 0.7
LEAST_WITHOUT_PITCH = 0.5  # of beginnings, where nothing but drums plays


@dataclass(frozen=True, slots=True)
class HeardPlace:
    """A part of the sound, and where it begins."""

    start_s: float
    signal: ClipSignal


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a sound goes with a score: what is at `t` in the score is at `shift_s + speed * t` in
    the sound. `pitch` and `attack` are correlations, of pitch classes and of beginnings;
    `transposed` is the best of pitch classes where all notes are so many semitones higher."""

    shift_s: float
    speed: float
    pitch: float
    attack: float
    has_pitch: bool
    transposed: float = 0.0

    @property
    def is_same(self) -> bool:
        """Whether the score is that of the sound."""
        if not self.has_pitch:
            return self.attack >= LEAST_WITHOUT_PITCH
        if self.transposed >= self.pitch:
            return False
        each = min(self.pitch, self.attack)
        return each >= LEAST_EACH and self.pitch + self.attack >= LEAST_SUM

    def in_score(self, sound_s: float) -> float:
        """The moment of the score at a moment of the sound."""
        return (sound_s - self.shift_s) / self.speed


AS_WRITTEN = Agreement(0.0, 1.0, 1.0, 1.0, True)


def lengths_agree(notation: Notation, duration_s: float) -> bool:
    """Whether the sound is as long as the score, but for silence before it and after it."""
    longer_s = duration_s - (notation.ends_s - notation.begins_s)
    return abs(longer_s) <= max(MOST_TAIL_S, MOST_LENGTH * duration_s)


def agreement(notation: Notation, places: Sequence[HeardPlace], duration_s: float) -> Agreement:
    """How a sound of this length, heard at these places, goes with a score.

    Other speeds are tried where it does not go with the score's own.
    """
    if not places:
        return Agreement(0.0, 1.0, 0.0, 0.0, False)
    heard, written = [_heard(place) for place in places], _written(notation)
    has_pitch = bool(written.any()) and any(frames.any() for _, frames in heard)
    if not has_pitch:
        attack, shift_s = _attack(notation, places, 0.0, 1.0, reach_s=MOST_SHIFT_S)
        return Agreement(shift_s, 1.0, 0.0, attack, False)

    def at_speed(speed: float) -> tuple[float, float, float]:
        shifts = (float(shift_s) for shift_s in SHIFTS_S)
        each = ((_pitch(heard, written, s, speed), -abs(s), s) for s in shifts)
        pitch, _, shift_s = max(each)
        return pitch, speed, shift_s

    found = _with_attack(notation, places, *at_speed(1.0), (1.0,))
    if found.is_same:
        return replace(found, transposed=_transposed(heard, written, found.speed))
    others = [at_speed(speed) for speed in _speeds(notation, duration_s)]
    if not others:
        return found
    pitch, speed, shift_s = max(others)
    finer = speed + np.arange(-0.75, 0.76, 0.05) * SPEED_STEP
    slower = _with_attack(notation, places, pitch, speed, shift_s, tuple(finer))
    if not slower.is_same:
        return found
    return replace(slower, transposed=_transposed(heard, written, slower.speed))


def _transposed(heard: Sequence[tuple[Doubles, Doubles]], written: Doubles, speed: float) -> float:
    """The best correlation of pitch classes if the score stood in another key: a tune over usual
    chords goes with itself a fifth higher, a bar later."""
    return max(
        _pitch(heard, np.roll(written, semitones, axis=1), float(shift_s), speed)
        for semitones in range(1, 12)
        for shift_s in SHIFTS_S[::2]
    )


def _with_attack(
    notation: Notation,
    places: Sequence[HeardPlace],
    pitch: float,
    speed: float,
    shift_s: float,
    speeds: Sequence[float],
) -> Agreement:
    """The agreement at that of these speeds at which beginnings agree best."""
    found = (
        (*_attack(notation, places, shift_s, each, reach_s=NEAR_SHIFT_S), each) for each in speeds
    )
    attack, fine_s, best = max(found)
    return Agreement(shift_s + fine_s, float(best), pitch, attack, True)


def _speeds(notation: Notation, duration_s: float) -> Iterator[float]:
    """The speeds at which a score may be as long as a sound, which ends after it or with it."""
    for step in range(round(-MOST_LENGTH / SPEED_STEP), round(MOST_LENGTH / SPEED_STEP) + 1):
        speed = 1 + step * SPEED_STEP
        after_s = duration_s - speed * notation.ends_s
        if step and -1.0 <= after_s <= MOST_TAIL_S:
            yield speed


def _heard(place: HeardPlace) -> tuple[Doubles, Doubles]:
    """The middle of each frame of a place, and how strong its pitch classes are, `[frames, 12]`."""
    spectrum = place.signal.pitch_spectrum
    hz = spectrum.frequencies_hz.astype(np.float64)
    kept = (hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ)
    classes = np.rint(69 + 12 * np.log2(hz[kept] / 440)).astype(np.intp) % 12
    power = spectrum.power[:, kept].astype(np.float64)
    mean = power.mean()
    level = np.log1p(100 * power / mean) if mean > 0 else power
    by_class = np.stack([level[:, classes == c].mean(axis=1) for c in range(12)], axis=1)
    window_s = 2 * (spectrum.power.shape[1] - 1) / spectrum.rate_hz
    middles = place.start_s + np.arange(len(power)) * spectrum.hop_s + window_s / 2
    return middles, by_class


def _written(notation: Notation) -> Doubles:
    """How strong the pitch classes of a score are in steps of `FRAME_S`, `[steps, 12]`."""
    steps = int(notation.ends_s / FRAME_S) + 2
    sounding = np.zeros((steps, 12))
    for note in notation.notes:
        if note.program != DRUMS:
            first, last = int(note.start_s / FRAME_S), int(note.end_s / FRAME_S) + 1
            sounding[first:last, note.pitch % 12] += note.velocity / 127
            sounding[first:last, (note.pitch + 7) % 12] += TWELFTH * note.velocity / 127
    width = round(0.3 / FRAME_S)  # about what the ear's frames are long
    summed = np.cumsum(np.vstack([np.zeros((width, 12)), sounding]), axis=0)
    return np.asarray(np.sqrt(np.maximum(0.0, summed[width:] - summed[:-width])))


def _pitch(
    heard: Sequence[tuple[Doubles, Doubles]], written: Doubles, shift_s: float, speed: float
) -> float:
    """The mean correlation of pitch classes over all frames in which something is written."""
    found = []
    for middles, frames in heard:
        # The score's frames look back by half of what they are long.
        steps = np.rint(((middles - shift_s) / speed + 0.15) / FRAME_S).astype(np.intp)
        inside = (steps >= 0) & (steps < len(written))
        pairs = _centred(frames[inside]), _centred(written[steps[inside]])
        norms = np.linalg.norm(pairs[0], axis=1) * np.linalg.norm(pairs[1], axis=1)
        sounds = norms > 0  # nothing is said of rests
        found.append((pairs[0] * pairs[1]).sum(axis=1)[sounds] / norms[sounds])
        found.append(np.zeros(int((~inside).sum())))
    total = np.concatenate(found) if found else np.zeros(0)
    return float(total.mean()) if len(total) else 0.0


def _centred(frames: Doubles) -> Doubles:
    return np.asarray(frames - frames.mean(axis=1, keepdims=True))


def _attack(
    notation: Notation, places: Sequence[HeardPlace], shift_s: float, speed: float, reach_s: float
) -> tuple[float, float]:
    """The correlation of beginnings, and by how much the shift has to change for it."""
    hop_s = places[0].signal.spectrum.hop_s
    reach = round(reach_s / hop_s)
    starts_s = np.array([note.start_s for note in notation.notes]) * speed + shift_s
    heard, written = [], []
    for place in places:
        strength = place.signal.onsets.strength
        frames = len(strength)
        # Padded, so that it can be moved against the sound.
        at = (starts_s - place.start_s) / hop_s + reach
        train = np.zeros(frames + 2 * reach)
        for start in at[(at >= 0) & (at < len(train) - 1)]:
            train[int(start)] += 1
        width = max(1, round(2 * ATTACK_S / hop_s))
        bell = np.hanning(2 * width + 1)
        written.append(np.convolve(np.minimum(train, 3), bell, mode="same"))
        heard.append(strength)
    sound = np.concatenate(heard)
    return max(
        (
            _correlation(
                sound,
                np.concatenate(
                    [
                        w[reach - move : reach - move + len(h)]
                        for w, h in zip(written, heard, strict=True)
                    ]
                ),
            ),
            move * hop_s,
        )
        for move in range(-reach, reach + 1)
    )


def _correlation(one: Doubles, other: Doubles) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
