"""The key of written notes, by how long each pitch class sounds.

Nothing is guessed here that sound would hide: notes have no overtones, and a signature that
somebody wrote leaves two keys, of which the notes choose.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmusset.dsp.tonality import MAJOR, MINOR

from .notation import DRUMS, KeyMark, Note

Doubles = NDArray[np.float64]


def _standardised(values: Doubles) -> Doubles:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


_PROFILES = np.stack(
    [
        np.roll(_standardised(np.array(profile)), tonic)
        for profile in (MAJOR, MINOR)
        for tonic in range(12)
    ]
)


def pitch_classes(notes: Iterable[Note], start_s: float, end_s: float) -> Doubles:
    """For how many seconds each pitch class from C sounds between two moments, `[12]`."""
    seconds = np.zeros(12)
    for note in notes:
        if note.program != DRUMS:
            long_s = min(note.end_s, end_s) - max(note.start_s, start_s)
            seconds[note.pitch % 12] += max(0.0, long_s)
    return seconds


@dataclass(frozen=True, slots=True)
class KeyScores:
    """How well the notes fit each key, 0 to 11 major from C, 12 to 23 minor: correlations."""

    scores: Doubles

    @classmethod
    def of(cls, seconds: Doubles) -> "KeyScores":
        return cls(_PROFILES @ _standardised(seconds) / 12)

    def best(self, among: Sequence[int] = range(24)) -> tuple[int, int, float]:
        """The best key of these, the second best, and the lead over it."""
        order = sorted(among, key=lambda key: -self.scores[key])
        return order[0], order[1], float(self.scores[order[0]] - self.scores[order[1]])


def of_signature(mark: KeyMark) -> tuple[int, int]:
    """The major and the minor key that a signature leaves."""
    major = mark.fifths * 7 % 12
    return major, 12 + (major + 9) % 12
