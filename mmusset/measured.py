"""A number measured on media, and how sure it is."""

import math
from collections.abc import Sequence

from .frozen import Frozen, Share


class Measured(Frozen):
    """A number measured on media, in the unit that its field's name ends with.

    `confidence` is the probability that the number is right.
    """

    value: float
    confidence: Share


def logistic(features: Sequence[float], weights: Sequence[float], bias: float) -> float:
    """The probability that a logistic regression gives to features."""
    score = bias + sum(w * x for w, x in zip(weights, features, strict=True))
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))
