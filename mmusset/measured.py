"""A number measured on media, and how sure it is."""

from itertools import pairwise

from .frozen import Frozen, Share

Knots = tuple[tuple[float, float], ...]  # (score, probability), both rising


class Measured(Frozen):
    """A number measured on media, in the unit that its field's name ends with.

    `confidence` is the probability that the number is right.
    """

    value: float
    confidence: Share


def probability(score: float, knots: Knots) -> float:
    """The probability that belongs to a score: straight lines between the knots, flat beyond."""
    for (low, at_low), (high, at_high) in pairwise(knots):
        if score < high:
            return at_low + (at_high - at_low) * max(0.0, score - low) / (high - low)
    return knots[-1][1]
