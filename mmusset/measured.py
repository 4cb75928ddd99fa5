"""A number measured on media, and how sure it is."""

from .frozen import Frozen, Share


class Measured(Frozen):
    """A number measured on media, in the unit that its field's name ends with."""

    value: float
    confidence: Share
