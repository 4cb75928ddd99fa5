"""Failed items tried again: undecided once more, in new blocks, since shards stay sealed."""

from collections.abc import Mapping
from dataclasses import replace

from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.ledger.plan import PlannedItem
from mmusset.builder.workspace import Workspace
from mmusset.files import failpoint
from mmusset.sources.split import SPLITS

from .inventory import Inventory
from .offers import Offer


def retry_failed(inventory: Inventory, workspace: Workspace) -> int:
    """Put every failed item into a new block of its split; gives how many.

    An item whose picture was replaced since gets the new one, unless that is known from
    another split.
    """
    ledger = workspace.ledger
    offers = {offer.piece.music.sha256: offer for offer in inventory.offers}
    size = workspace.recipe.limits.block_size
    failed = ledger.verdicts.failed()
    provisional = ledger.left_out.has_undecided_files()
    with ledger.transaction():
        for split in SPLITS:
            chosen = [planned for planned in failed if planned.item.split == split]
            for start in range(0, len(chosen), size):
                batch = chosen[start : start + size]
                mended = [_mended(planned, offers, ledger) for planned in batch]
                ledger.plan.plan_again(split, mended, provisional)
        failpoint("retry_planned")
    return len(failed)


def _mended(planned: PlannedItem, offers: Mapping[str, Offer], ledger: Ledger) -> PlannedItem:
    """The item with the picture and story that lie beside its music now.

    The old ones where something that the piece shares with others is in another split.
    """
    item = planned.item
    offer = offers.get(item.source_sha256)
    if offer is None:
        return planned
    splits = ledger.plan.splits()
    groups = {group for label in offer.labels if (group := ledger.plan.group_of(label))}
    if any(splits[group] != item.split for group in groups):
        return planned
    ledger.plan.add_group(item.group, item.split, offer.labels)
    now = offer.piece
    piece = replace(
        item.piece,
        picture=now.of_clip(item.clip_index, item.clip_count).picture,
        story_path=now.story_path,
        lyrics_path=now.lyrics_path,
        caption_path=now.caption_path,
        score_path=now.score_path,
    )
    return replace(planned, item=replace(item, piece=piece))
