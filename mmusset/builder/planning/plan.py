"""The plan: what a source offers, as items in a fixed order, cut into blocks, frozen.

Items never move between splits or blocks once they are frozen.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.builder.next_match import account_for_all, as_tried, locate
from mmusset.builder.reasons import SHORT, short_detail
from mmusset.builder.workspace import Workspace
from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import ClipPart
from mmusset.sample_parts.piece import Item, Piece, Split
from mmusset.sources.group import group_name, join
from mmusset.sources.split import SPLITS, deal

from .inventory import Inventory
from .offers import Offer, OtherPicture, Skipped


def freeze(
    inventory: Inventory,
    workspace: Workspace,
    limit: int | None,
    beyond: str = "beyond --limit",
    at_random: bool = False,
) -> int:
    """Write the pieces that the ledger does not know into it as new blocks; gives how many items.

    What could not be read is noted. `limit` is how many pieces the ledger may hold in all; the
    others are skipped with `beyond` as their reason: the last ones, or `at_random` by the seed of
    the recipe's splits.
    """
    ledger, recipe = workspace.ledger, workspace.recipe
    with ledger.transaction():
        ledger.left_out.replace_unread_files({u.path: u.why for u in inventory.undecided})
        for offer in inventory.offers:
            if offer.piece.picture.origin == "matched":
                locate(ledger, offer)
        if ledger.plan.is_incomplete():
            for offer in inventory.offers:
                _complete(offer, recipe, ledger)
        for offer in inventory.offers:
            _find_again(offer, ledger)
        items, skipped = _plan_fresh(inventory, recipe, ledger, limit, beyond, at_random)
        provisional = ledger.left_out.has_undecided_files()
        for split in SPLITS:
            chosen = [item for item in items if item.split == split]
            for start in range(0, len(chosen), recipe.limits.block_size):
                batch = chosen[start : start + recipe.limits.block_size]
                ledger.plan.add_block(split, batch, provisional)
        ledger.left_out.replace_skipped(
            LeftOut(s.path, "skipped", s.reason, s.detail) for s in (*inventory.skipped, *skipped)
        )
        account_for_all(ledger)
        ledger.plan.end_completing()
        failpoint("plan_written")
    return len(items)


def _plan_fresh(
    inventory: Inventory,
    recipe: Recipe,
    ledger: Ledger,
    limit: int | None,
    beyond: str,
    at_random: bool,
) -> tuple[list[Item], list[Skipped]]:
    """The items of the pieces that the ledger does not know, their groups noted; and what is left
    out."""
    fresh = [o for o in inventory.offers if not ledger.plan.first_item_of(o.piece.music.sha256)]
    fresh, skipped = drop_short(fresh, recipe.clip)
    if limit is not None:
        room = max(0, limit - ledger.plan.piece_count())
        drawn = sorted(fresh, key=partial(_draw, recipe.split.seed)) if at_random else fresh
        taken = set(drawn[:room])
        skipped += [Skipped(o.piece.music.path, beyond) for o in fresh if o not in taken]
        fresh = [o for o in fresh if o in taken]
    if ledger.plan.is_incomplete():
        # Of these, clips that no shard holds were lost.
        fresh += [o for o in inventory.offers if _lacks_clips(o.piece, recipe, ledger)]
    groups, torn = group_offers(fresh, ledger)
    sizes = Counter[str]()
    for offer in fresh:
        if offer in groups:
            sizes[groups[offer]] += len(unplanned(offer.piece, recipe.clip, ledger))
    dealt = splits_kept(groups) | ledger.plan.splits()
    splits = deal(sizes, dealt, ledger.plan.items_by_split(), recipe.split)
    for offer, group in groups.items():
        ledger.plan.add_group(group, splits[group], offer.labels)
    items = [
        item
        for offer in fresh
        if offer in groups
        for item in items_of(offer.piece, recipe.clip, groups[offer], splits[groups[offer]])
        if item.clip_index in unplanned(offer.piece, recipe.clip, ledger)
    ]
    return items, [*skipped, *torn]


def _draw(seed: int, offer: Offer) -> bytes:
    """A place in an order that depends on the piece's content alone."""
    return hashlib.sha256(f"{seed}:{offer.piece.music.sha256}".encode()).digest()


def _complete(offer: Offer, recipe: Recipe, ledger: Ledger) -> None:
    """Fill in what a ledger that was recovered lacks of a piece."""
    planned = ledger.plan.first_item_of(offer.piece.music.sha256)
    if planned is None:
        return
    item = planned.item
    ledger.plan.add_group(item.group, item.split, offer.labels)
    items = items_of(offer.piece, recipe.clip, item.group, item.split)
    if offer.piece.sequence or offer.others:
        for each in items:
            ledger.plan.complete_item(_as_tried(each, ledger))
    else:
        ledger.plan.complete_items(items[0])


def _as_tried(item: Item, ledger: Ledger) -> Item:
    known = ledger.plan.item(item.key)
    outcome = ledger.verdicts.outcome(known.idx) if known else None
    return as_tried(ledger, item, outcome.turns) if outcome else item


def _lacks_clips(piece: Piece, recipe: Recipe, ledger: Ledger) -> bool:
    planned = ledger.plan.first_item_of(piece.music.sha256)
    return planned is not None and bool(unplanned(piece, recipe.clip, ledger))


def _find_again(offer: Offer, ledger: Ledger) -> None:
    """Note where the files of a piece that is planned already are now.

    The picture of the plan stays: one of other content is not taken for it.
    """
    piece = offer.piece
    planned = ledger.plan.first_item_of(piece.music.sha256)
    if planned is None:
        return
    before = planned.item.piece
    picture = piece.picture if piece.picture.sha256 == before.picture.sha256 else before.picture
    now = replace(
        before,
        music=piece.music,
        picture=picture,
        story_path=piece.story_path,
        lyrics_path=piece.lyrics_path,
        caption_path=piece.caption_path,
        score_path=piece.score_path,
    )
    if offer.others:  # an item may hold any of them
        for each in (OtherPicture(piece.picture, piece.story_path), *offer.others):
            ledger.plan.move_piece(replace(now, picture=each.picture, story_path=each.story_path))
    elif now != before:
        for one in piece.sequence or (picture,):
            ledger.plan.move_piece(replace(now, picture=one))


def unplanned(piece: Piece, part: ClipPart, ledger: Ledger) -> list[int]:
    """The clips of a piece that are not in the plan."""
    return [i for i in range(clip_count(piece, part)) if not ledger.plan.item(piece.key(i))]


def clip_count(piece: Piece, part: ClipPart) -> int:
    """How many clips a piece gives: each needs a stretch of its own, and each picture of a sequence
    a clip."""
    most = max(part.per_track, len(piece.sequence))
    return max(1, min(most, int(piece.duration_s // part.seconds)))


def drop_short(offers: Sequence[Offer], part: ClipPart) -> tuple[list[Offer], list[Skipped]]:
    """Pieces that a clip can be cut from, and the others. A length of 0 is unknown: not dropped."""
    long_enough, skipped = [], []
    for offer in offers:
        duration_s = offer.piece.duration_s
        if 0 < duration_s < part.seconds:
            detail = short_detail(duration_s, part.seconds)
            skipped.append(Skipped(offer.piece.music.path, SHORT, detail))
        else:
            long_enough.append(offer)
    return long_enough, skipped


def group_offers(offers: Sequence[Offer], ledger: Ledger) -> tuple[dict[Offer, str], list[Skipped]]:
    """Each piece's group; a piece that would join groups of two splits is left out."""
    dealt = ledger.plan.splits()
    held = [{g for label in o.labels if (g := ledger.plan.group_of(label))} for o in offers]
    groups: dict[Offer, str] = {}
    skipped: list[Skipped] = []
    # A group that is frozen already is a label like any other: it joins the pieces that have it.
    for members in join([(*o.labels, *held[i]) for i, o in enumerate(offers)]):
        old = {g for i in members for g in held[i]}
        name = min(old) if old else group_name([offers[i].labels for i in members])
        if len({dealt[g] for g in old}) > 1:
            why = ("would join two splits", "artist, picture or sound")
            skipped += [Skipped(offers[i].piece.music.path, *why) for i in members]
        else:
            groups |= {offers[i]: name for i in members}
    return groups, skipped


def splits_kept(groups: Mapping[Offer, str]) -> dict[str, Split]:
    """The splits that groups have to go into, where another build has dealt them already."""
    return {group: offer.split for offer, group in groups.items() if offer.split}


def items_of(piece: Piece, part: ClipPart, group: str, split: Split) -> list[Item]:
    """The items that a piece gives, in order."""
    count = clip_count(piece, part)
    return [
        Item(piece.key(i), i, count, group, split, piece.of_clip(i, count)) for i in range(count)
    ]
