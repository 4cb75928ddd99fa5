"""Failed items tried again: undecided once more, in new blocks, since shards stay sealed."""

from dataclasses import replace

from mmusset.recipe import Recipe
from mmusset.sample import Item
from mmusset.shards.durable import failpoint

from .ledger import Ledger, PlannedItem
from .plan import SPLITS, Found, Piece


def retry_failed(found: Found, recipe: Recipe, ledger: Ledger) -> int:
    """Put every failed item into a new block of its split; gives how many.

    An item whose picture was replaced since gets the new one, unless that is known from
    another split.
    """
    pieces = {piece.music_sha256: piece for piece in found.pieces}
    size = recipe.limits.block_size
    failed = ledger.failed()
    with ledger.transaction():
        for split in SPLITS:
            chosen = [planned for planned in failed if planned.item.split == split]
            for start in range(0, len(chosen), size):
                batch = chosen[start : start + size]
                ledger.plan_again(split, [_mended(p, pieces, ledger) for p in batch])
        failpoint("retry_planned")
    return len(failed)


def _mended(planned: PlannedItem, pieces: dict[str, Piece], ledger: Ledger) -> PlannedItem:
    """The item with the picture and story that lie beside its music now."""
    item = planned.item
    piece = pieces.get(item.music_sha256)
    if piece is None or not _stays(item, piece, ledger):
        return planned
    ledger.add_group(item.group, item.split, piece.labels())
    item = replace(
        item,
        image_path=piece.image_path,
        image_sha256=piece.image_sha256,
        image_origin=piece.image_origin,
        story_path=piece.story_path,
    )
    return replace(planned, item=item)


def _stays(item: Item, piece: Piece, ledger: Ledger) -> bool:
    """Whether all that the piece shares with others is in the item's split."""
    splits = ledger.splits()
    groups = {group for label in piece.labels() if (group := ledger.group_of(label))}
    return all(splits[group] == item.split for group in groups)
