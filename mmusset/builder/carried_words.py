"""`build --words-from OTHER`: what people wrote in another dataset is theirs in this one too.

A sample's key comes from its music's content, so their words find the clip in whatever folder it is
built again, by whichever speaker. Words alone are carried: to keep, drop or fix a sample was said
of what it had there. Words that a person wrote here stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mmusset.errors import UsageError
from mmusset.files import failpoint
from mmusset.shards.mirror import name_of

from .apply_marks import apply_mark
from .ledger.file import open_any_version
from .ledger.ledger import Ledger
from .ledger.marks import Applied, Mark
from .marks import without_fix


@dataclass(frozen=True, slots=True)
class CarriedWords:
    """How many samples have their words from another dataset, how many kept those that a person
    wrote here, and of how many there is no item here, so that theirs wait for one."""

    source: str
    carried: int
    own: int
    waiting: int


def words_in(other: Path, out: Path) -> list[Mark]:
    """People's words in another dataset, whichever version of mmusset made it.

    Raises UsageError where it is `out` itself, MmussetError where there is no such dataset.
    """
    if other.resolve() == out.resolve():
        raise UsageError(
            f"--words-from {name_of(other)} is the dataset that is built; its words stay anyway"
        )
    with open_any_version(other) as ledger:
        return ledger.marks.words()


def carry(ledger: Ledger, words: Sequence[Mark], other: Path) -> CarriedWords:
    """Set words as marks of the samples of their keys, and apply them: all of them or none.

    An item that is not decided yet is decided with them. Those of no item are kept aside until one
    is planned, and wait then to be applied.
    """
    carried = own = waiting = 0
    with ledger.transaction():
        for mark in words:
            planned = ledger.plan.item(mark.key)
            if planned is None:
                ledger.marks.keep_aside(mark)
                waiting += 1
            elif _take_over(ledger, planned.idx, mark):
                carried += 1
            else:
                own += 1
        failpoint("words_carried")
    return CarriedWords(name_of(other), carried, own, waiting)


def _take_over(ledger: Ledger, idx: int, words: Mark) -> bool:
    """Set and apply one sample's words; False where a person wrote all of them here already."""
    here = ledger.marks.of(idx) or Mark(words.key, "words", "")
    both = replace(
        without_fix(here),
        caption=here.caption or words.caption,
        story=here.story or words.story,
    )
    if (both.caption, both.story) != (here.caption, here.story):
        ledger.marks.set(idx, both)
        if ledger.verdicts.outcome(idx) or ledger.marks.applied(idx):
            apply_mark(ledger, idx)
        else:
            ledger.marks.set_applied(idx, Applied(both, "", None))
    taken = (words.caption, words.story)
    return any(text and text in (both.caption, both.story) for text in taken)
