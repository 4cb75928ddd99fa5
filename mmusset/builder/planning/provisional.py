"""A plan is provisional while something could not be read: what is in it may change its order,
its groups and its splits. No block of it is sealed, and the next run makes it anew; so the shards
come out as if everything had been read at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from mmusset.builder.ledger.ledger import Ledger
from mmusset.sample import Item


@contextmanager
def planning(ledger: Ledger) -> Iterator[Callable[[], None]]:
    """Plan in one transaction, without the provisional blocks that stand.

    What is called in it gives back to items that are planned again what was known of them.
    The rest is forgotten at the end. Answers are kept, so nothing is paid for twice, and so are
    people's marks, for the day that an item is planned again.
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
    """Whether an item is what it was, wherever the new plan has put it."""
    return new == replace(old, group=new.group, split=new.split)
