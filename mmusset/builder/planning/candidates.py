"""`--accept N`: as many items as it takes for N accepted samples, and not one more.

The plan grows from its start: N items, and then one more for each that is lost. So
what is planned at the end is the shortest run of items, in their order, that holds N
good ones, whichever was decided first, and no call to a model is wasted.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mmusset.builder.ledger.plan import PlannedBlock
from mmusset.builder.workspace import Workspace
from mmusset.errors import UsageError
from mmusset.files import failpoint
from mmusset.sample_parts.piece import Item, Split
from mmusset.sources.split import deal

from .inventory import Inventory
from .offers import Offer
from .plan import drop_short, group_offers, items_of, unplanned
from .spool import Subsequence


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

    def __init__(self, inventory: Inventory, workspace: Workspace, quota: Quota) -> None:
        self._recipe = workspace.recipe
        self._ledger = ledger = workspace.ledger
        self._quota = quota
        offers, _ = drop_short(inventory.offers, self._recipe.clip)
        places = array("q", (n for n, offer in enumerate(offers) if self._clips(offer)))
        self._pieces = Subsequence(offers, places)
        self._groups, _ = group_offers(self._pieces, ledger)
        self._sizes, kept = Counter[str](), dict[str, Split]()
        for offer, group in zip(self._pieces, self._groups, strict=True):
            self._sizes[group] += len(self._clips(offer))
            if group and offer.split:
                kept[group] = offer.split
        self._splits: dict[str, Split] = kept | ledger.plan.splits()
        self._provisional = ledger.left_out.has_undecided_files()
        self._left = self._candidates()

    def _clips(self, offer: Offer) -> list[int]:
        return unplanned(offer.piece, self._recipe.clip, self._ledger)

    def _candidates(self) -> Iterator[tuple[Offer, str, int]]:
        """The clips that are not planned yet, each with its piece and the piece's group."""
        for offer, group in zip(self._pieces, self._groups, strict=True):
            for clip in self._clips(offer) if group else ():
                yield offer, group, clip

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
                self._deal({group for _, group, _ in taken})
            blocks = [self._add(*candidate) for candidate in taken]
            failpoint("plan_grown")
        return blocks

    def _add(self, offer: Offer, group: str, index: int) -> PlannedBlock:
        piece = offer.piece
        if group not in self._splits:
            self._deal({group})
        self._ledger.plan.add_group(group, self._splits[group], offer.labels)
        self._ledger.left_out.unskip(piece.music.path)
        item: Item = items_of(piece, self._recipe.clip, group, self._splits[group])[index]
        size = self._recipe.limits.block_size
        return self._ledger.plan.append_item(item, size, self._provisional)

    def _deal(self, groups: set[str]) -> None:
        sizes = {group: self._sizes[group] for group in groups}
        held: dict[str, int] = self._ledger.plan.items_by_split()
        dealt: dict[str, Split] = deal(sizes, self._splits, held, self._recipe.split)
        self._splits |= dealt
