"""`--accept N`: as many items as it takes for N accepted samples, and not one more.

The plan grows from its start: N items, and then one more for each that is lost. So
what is planned at the end is the shortest run of items, in their order, that holds N
good ones, whatever came back first; and nothing is asked in vain.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mmusset.errors import UsageError
from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.sample import Item, Split
from mmusset.sources.split import deal

from .ledger.ledger import Ledger
from .ledger.plan import PlannedBlock
from .look import Found, Piece
from .plan import drop_short, group_pieces, items_of


@dataclass(frozen=True, slots=True)
class Quota:
    """How many samples must be accepted, of at most `budget` items (None: all there are)."""

    accept: int
    budget: int | None


def quota(accept: int | None, budget: int | None, limit: int | None) -> Quota | None:
    """The quota that a command asks for. Raises UsageError where it contradicts itself."""
    if accept is None:
        if budget is not None:
            raise UsageError("--budget says how many candidates --accept may take; give both")
        return None
    if limit is not None:
        raise UsageError("--limit and --accept exclude each other; --budget bounds --accept")
    if budget is not None and budget < accept:
        raise UsageError(f"--budget {budget} can't give {accept} accepted samples")
    return Quota(accept, budget)


class Candidates:
    """The items that are not planned yet, in order."""

    def __init__(self, found: Found, recipe: Recipe, ledger: Ledger, quota: Quota) -> None:
        self._recipe = recipe
        self._ledger = ledger
        self._quota = quota
        pieces, _ = drop_short(list(found.pieces), recipe.clip)
        fresh = [(p, i) for p in pieces for i in self._unplanned(p)]
        self._groups, _ = group_pieces(list(dict.fromkeys(p for p, _ in fresh)), ledger)
        self._left = iter([(p, i) for p, i in fresh if p in self._groups])
        self._splits = ledger.plan.splits()
        self._provisional = ledger.left_out.has_undecided_files()
        self._sizes = Counter(self._groups[p] for p, _ in fresh if p in self._groups)

    def fill(self) -> list[PlannedBlock]:
        """Plan what is still missing; gives the block that each new item went into."""
        accepted, planned = self._ledger.verdicts.accepted_count(), self._ledger.plan.item_count()
        missing = self._quota.accept - accepted - self._ledger.verdicts.undecided_count()
        if self._quota.budget is not None:
            missing = min(missing, self._quota.budget - planned)
        taken = list(islice(self._left, max(0, missing)))
        if not taken:
            return []
        with self._ledger.transaction():
            if not planned:
                self._deal({self._groups[piece] for piece, _ in taken})
            blocks = [self._add(piece, index) for piece, index in taken]
            failpoint("plan_grown")
        return blocks

    def _add(self, piece: Piece, index: int) -> PlannedBlock:
        group = self._groups[piece]
        if group not in self._splits:
            self._deal({group})
        self._ledger.plan.add_group(group, self._splits[group], piece.labels())
        self._ledger.left_out.unskip(piece.music_path)
        item: Item = items_of(piece, self._recipe.clip, group, self._splits[group])[index]
        size = self._recipe.limits.block_size
        return self._ledger.plan.append_item(item, size, self._provisional)

    def _deal(self, groups: set[str]) -> None:
        sizes = {group: self._sizes[group] for group in groups}
        held: dict[str, int] = self._ledger.plan.items_by_split()
        dealt: dict[str, Split] = deal(sizes, self._splits, held, self._recipe.split)
        self._splits |= dealt

    def _unplanned(self, piece: Piece) -> Iterator[int]:
        for index in range(piece.clip_count(self._recipe.clip)):
            if not self._ledger.plan.item(piece.key(index)):
                yield index
