"""A number measured on media, and how sure it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .frozen import Frozen, Share

EVEN = 0.5  # as likely right as wrong
MOST_SCORE = 50.0  # what is beyond tells no more
LEAST = 1e-4  # of a probability, and of what it lacks of 1


class Measured(Frozen):
    """A number measured on media, in the unit that its field's name ends with.

    `confidence` is the probability that the number is right.
    """

    value: float
    confidence: Share


@dataclass(frozen=True, slots=True)
class Regression:
    """A logistic regression: the probability of being right, by features in a fixed order."""

    weights: tuple[float, ...]
    bias: float

    def __call__(self, features: Sequence[float]) -> float:
        return 1 / (1 + 1 / self.odds(features))

    def odds(self, features: Sequence[float]) -> float:
        """The probability against what it lacks of 1."""
        score = self.bias + sum(w * x for w, x in zip(self.weights, features, strict=True))
        return math.exp(max(-MOST_SCORE, min(MOST_SCORE, score)))


def shared(clip: float, piece: float) -> float:
    """The probability of what a clip and its piece both have: that of the surer of the two where
    the clip alone is likelier right than wrong, else the clip's."""
    return max(clip, piece) if clip >= EVEN else clip


def logit(probability: float) -> float:
    """Logarithm of the odds, within what a regression bears."""
    kept = min(1 - LEAST, max(LEAST, probability))
    return math.log(kept / (1 - kept))


def probability(odds: float) -> float:
    """The probability of which this is the logarithm of the odds."""
    return 1 / (1 + math.exp(-odds))
