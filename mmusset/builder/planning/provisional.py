"""A plan is provisional while something could not be read.

What could not be read may change the order of the items, their groups and their splits. So no
block of a provisional plan is sealed, and the next run plans again: the shards come out as if
everything had been read at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from mmusset.builder.ledger.ledger import Ledger
from mmusset.sample_parts.piece import Item


@contextmanager
def planning(ledger: Ledger) -> Iterator[Callable[[], None]]:
    """Plan in one transaction, after the provisional blocks have been taken back.

    The function that it yields restores what was known of items that are planned again. What is
    known of the others is forgotten at the end, except for replies, so that nothing is paid for
    twice, and people's marks, in case an item is planned once more.
    """
    with ledger.transaction():
        before = {planned.item.key: planned for planned in ledger.plan.take_back()}

        def restore() -> None:
            for key, old in list(before.items()):
                new = ledger.plan.item(key)
                if new and _same(new.item, old.item):
                    ledger.plan.move_known(old.idx, new.idx)
                    del before[key]

        yield restore
        restore()
        for key, planned in before.items():
            ledger.marks.set_aside(planned.idx, key)
            ledger.plan.forget_known(planned.idx)
        ledger.marks.restore()


def _same(new: Item, old: Item) -> bool:
    """Whether an item is the same but for its group and split."""
    return new == replace(old, group=new.group, split=new.split)
