"""A number measured on media, and how sure it is."""

import math
from collections.abc import Sequence
from itertools import pairwise

from .frozen import Frozen, Share

Knots = tuple[tuple[float, float], ...]  # (score, probability), both rising


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


def probability(score: float, knots: Knots) -> float:
    """The probability that belongs to a score: straight lines between the knots, flat beyond."""
    for (low, at_low), (high, at_high) in pairwise(knots):
        if score < high:
            return at_low + (at_high - at_low) * max(0.0, score - low) / (high - low)
    return knots[-1][1]
