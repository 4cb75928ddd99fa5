"""What a label of an ear is worth, counted on clips whose truth is known."""

from typing import Annotated

from pydantic import Field

from mmusset.frozen import Frozen
from mmusset.intervals import wilson

LEAST = 10  # clips with the thing, and clips without it: of fewer, nothing follows
LEAST_SILENT = 30  # and clips with it, before an ear's silence counts
MOST_MISSED = 0.1  # the share of them that it may miss then, at the worst that 95 % allow

Count = Annotated[int, Field(ge=0)]


class LabelWorth(Frozen):
    """How often an ear heard a thing that was there, and one that was not.

    It counts as heard from the score `gate` on. `found` of `positives` clips that have the thing,
    `false` of `negatives` that do not.
    """

    label: str
    gate: float
    positives: Count
    found: Count
    negatives: Count
    false: Count

    @property
    def is_enough(self) -> bool:
        """Whether there were clips enough to say anything."""
        return min(self.positives, self.negatives) >= LEAST

    @property
    def precision(self) -> tuple[float, float]:
        """The 95 % interval of how often it is right where it hears the thing, on these clips."""
        heard = self.found + self.false
        return wilson(self.found / heard if heard else 0.0, heard)

    @property
    def recall(self) -> tuple[float, float]:
        """The 95 % interval of how much of what is there it hears."""
        return wilson(self.found / self.positives if self.positives else 0.0, self.positives)

    @property
    def silence_counts(self) -> bool:
        """Whether it misses so little that what it does not hear is not there."""
        return self.positives >= LEAST_SILENT and self.recall[0] >= 1 - MOST_MISSED

    @property
    def ratio(self) -> float:
        """How much more often the thing is heard where it is than where it is not; with one more
        miss and one more false alarm than there were."""
        false = (self.false + 1) / (self.negatives + 1)
        return self.found / (self.positives + 1) / false

    def if_heard(self, base_rate: float) -> float:
        """The probability that the thing is there when it is heard, in music of which the share
        `base_rate` has it; 0 where too few clips were heard.

        One more miss and one more false alarm are counted than there were: a rate of which
        nothing was seen yet is not 0.
        """
        if not self.is_enough:
            return 0.0
        there = self.found / (self.positives + 1) * base_rate
        not_there = (self.false + 1) / (self.negatives + 1) * (1 - base_rate)
        return round(there / (there + not_there), 3)

    def if_unheard(self, base_rate: float) -> float:
        """The probability that it is there although it is not heard; 0 where nothing is known."""
        if not self.is_enough:
            return 0.0
        missed = (self.positives - self.found + 1) / (self.positives + 1) * base_rate
        rightly = (self.negatives - self.false) / (self.negatives + 1) * (1 - base_rate)
        return round(missed / (missed + rightly), 3)
