"""Failed items tried again: undecided once more, in new blocks, since shards stay sealed."""

from dataclasses import replace

from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.sample import Split

from .ledger.ledger import Ledger
from .ledger.plan import PlannedItem
from .look import Found, Piece
from .plan import SPLITS


def retry_failed(found: Found, recipe: Recipe, ledger: Ledger) -> int:
    """Put every failed item into a new block of its split; gives how many.

    An item whose picture was replaced since gets the new one, unless that is known from
    another split.
    """
    pieces = {piece.music_sha256: piece for piece in found.pieces}
    size = recipe.limits.block_size
    failed, splits = ledger.verdicts.failed(), ledger.plan.splits()
    provisional = ledger.left_out.has_undecided_files()
    with ledger.transaction():
        for split in SPLITS:
            chosen = [planned for planned in failed if planned.item.split == split]
            for start in range(0, len(chosen), size):
                batch = chosen[start : start + size]
                mended = [_mended(p, pieces, ledger, splits) for p in batch]
                ledger.plan.plan_again(split, mended, provisional)
        failpoint("retry_planned")
    return len(failed)


def _mended(
    planned: PlannedItem, pieces: dict[str, Piece], ledger: Ledger, splits: dict[str, Split]
) -> PlannedItem:
    """The item with the picture and story that lie beside its music now.

    The old ones where something that the piece shares with others is in another split.
    """
    item = planned.item
    piece = pieces.get(item.music_sha256)
    if piece is None:
        return planned
    groups = {group for label in piece.labels() if (group := ledger.plan.group_of(label))}
    if any(splits[group] != item.split for group in groups):
        return planned
    ledger.plan.add_group(item.group, item.split, piece.labels())
    item = replace(
        item,
        image_path=piece.image_path,
        image_sha256=piece.image_sha256,
        image_origin=piece.image_origin,
        story_path=piece.story_path,
    )
    return replace(planned, item=item)
