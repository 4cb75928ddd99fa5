"""The plan: what a source offers, as items in a fixed order, cut into blocks, frozen.

Items never move between splits or blocks once they are frozen.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from heapq import nsmallest
from itertools import islice

from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.builder.next_match import account_for_all, as_tried, locate
from mmusset.builder.reasons import SHORT, short_detail
from mmusset.builder.workspace import Workspace
from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import ClipPart
from mmusset.sample_parts.piece import Item, Piece, Split
from mmusset.sources.group import group_name, join, least_label
from mmusset.sources.split import SPLITS, deal

from .inventory import Inventory
from .offers import Offer, OtherPicture, Skipped
from .spool import Subsequence


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
    ledger = workspace.ledger
    with ledger.large_transaction():
        ledger.left_out.replace_unread_files({u.path: u.why for u in inventory.undecided})
        fresh, skipped = _fresh(inventory.offers, workspace, limit, beyond, at_random)
        before = ledger.plan.item_count()
        skipped += _plan(fresh, workspace)
        ledger.left_out.replace_skipped(
            LeftOut(s.path, "skipped", s.reason, s.detail) for s in (*inventory.skipped, *skipped)
        )
        account_for_all(ledger)
        ledger.plan.end_completing()
        failpoint("plan_written")
        return ledger.plan.item_count() - before


def _fresh(
    offers: Sequence[Offer],
    workspace: Workspace,
    limit: int | None,
    beyond: str,
    at_random: bool,
) -> tuple[Sequence[Offer], list[Skipped]]:
    """The pieces that the ledger does not know, or of which it lacks clips; and what is left
    out. Of the others it is noted where they are now."""
    ledger, recipe = workspace.ledger, workspace.recipe
    is_incomplete, knows_any = ledger.plan.is_incomplete(), ledger.plan.item_count() > 0
    places, lacking, skipped = array("q"), array("q"), list[Skipped]()
    for place, offer in enumerate(offers):
        if offer.piece.picture.origin == "matched":
            locate(ledger, offer)
        if knows_any and ledger.plan.first_item_of(offer.piece.music.sha256):
            if is_incomplete:
                _complete(offer, recipe, ledger)
                # Of these, clips that no shard holds were lost.
                lacking.extend([place] if unplanned(offer.piece, recipe.clip, ledger) else [])
            _find_again(offer, ledger)
        elif short := _short(offer.piece, recipe.clip):
            skipped.append(short)
        else:
            places.append(place)
    if limit is not None:
        room = max(0, limit - ledger.plan.piece_count())
        draw = partial(_draw, recipe.split.seed, offers)
        taken = set(nsmallest(room, places, key=draw) if at_random else places[:room])
        skipped += [Skipped(offers[p].piece.music.path, beyond) for p in places if p not in taken]
        places = array("q", (place for place in places if place in taken))
    return Subsequence(offers, places + lacking), skipped


def _plan(fresh: Sequence[Offer], workspace: Workspace) -> list[Skipped]:
    """Write pieces into the plan: their groups, and blocks of their items; gives those that can't
    be."""
    ledger, recipe = workspace.ledger, workspace.recipe
    clips = partial(_clips, ledger=ledger, recipe=recipe, lacks=ledger.plan.is_incomplete())
    groups, torn = group_offers(fresh, ledger)
    sizes, kept = Counter[str](), dict[str, Split]()
    for offer, group in zip(fresh, groups, strict=True):
        if group:
            sizes[group] += len(clips(offer.piece))
            if offer.split:  # another build has dealt it already
                kept[group] = offer.split
    dealt = kept | ledger.plan.splits()
    splits = deal(sizes, dealt, ledger.plan.items_by_split(), recipe.split)
    provisional = ledger.left_out.has_undecided_files()
    for split in SPLITS:
        places = array("q", (p for p, g in enumerate(groups) if g and splits[g] == split))
        of_split = zip(Subsequence(fresh, places), map(groups.__getitem__, places), strict=True)
        items = _items(of_split, split, clips, workspace)
        while batch := list(islice(items, recipe.limits.block_size)):
            ledger.plan.add_block(split, batch, provisional)
    return torn


def _items(
    grouped: Iterable[tuple[Offer, str]],
    split: Split,
    clips: Callable[[Piece], Sequence[int]],
    workspace: Workspace,
) -> Iterator[Item]:
    """The items of pieces and their groups; the ledger has each group by then."""
    known = frozenset[str]()
    for offer, group in grouped:
        # Pieces that follow each other share most of their labels.
        new = tuple(label for label in offer.labels if label not in known)
        workspace.ledger.plan.add_group(group, split, new)
        known = frozenset(offer.labels)
        items = items_of(offer.piece, workspace.recipe.clip, group, split)
        yield from (items[clip] for clip in clips(offer.piece))


def _clips(piece: Piece, ledger: Ledger, recipe: Recipe, lacks: bool) -> Sequence[int]:
    """The clips of a fresh piece that are to be planned: all, or what the ledger lacks of them."""
    if lacks:
        return unplanned(piece, recipe.clip, ledger)
    return range(clip_count(piece, recipe.clip))


def _draw(seed: int, offers: Sequence[Offer], place: int) -> bytes:
    """A place in an order that depends on the piece's content alone."""
    return hashlib.sha256(f"{seed}:{offers[place].piece.music.sha256}".encode()).digest()


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


def drop_short(offers: Sequence[Offer], part: ClipPart) -> tuple[Sequence[Offer], list[Skipped]]:
    """Pieces that a clip can be cut from, and the others. A length of 0 is unknown: not dropped."""
    long_enough, skipped = array("q"), list[Skipped]()
    for place, offer in enumerate(offers):
        if short := _short(offer.piece, part):
            skipped.append(short)
        else:
            long_enough.append(place)
    return Subsequence(offers, long_enough), skipped


def _short(piece: Piece, part: ClipPart) -> Skipped | None:
    if not 0 < piece.duration_s < part.seconds:
        return None
    return Skipped(piece.music.path, SHORT, short_detail(piece.duration_s, part.seconds))


def group_offers(offers: Sequence[Offer], ledger: Ledger) -> tuple[Sequence[str], list[Skipped]]:
    """Each piece's group; "" for one that would join groups of two splits, and is left out."""
    dealt = ledger.plan.splits()
    leasts, held = array("Q"), dict[int, set[str]]()

    def all_labels() -> Iterator[Sequence[str]]:
        for place, offer in enumerate(offers):
            leasts.append(least_label(offer.labels))
            # A group that is frozen already is a label like any other: it joins the pieces that
            # have it.
            if dealt and (old := _groups_held(offer, ledger)):
                held[place] = old
            yield *offer.labels, *held.get(place, ())

    firsts = join(all_labels())
    least_of, old_groups = dict[int, int](), dict[int, set[str]]()
    for place, first in enumerate(firsts):
        least_of[first] = min(least_of.get(first, leasts[place]), leasts[place])
        if place in held:
            old_groups.setdefault(first, set()).update(held[place])
    names = {first: group_name(least) for first, least in least_of.items()}
    for first, old in old_groups.items():
        names[first] = "" if len({dealt[group] for group in old}) > 1 else min(old)
    why = ("would join two splits", "artist, picture or sound")
    torn = [
        Skipped(offers[place].piece.music.path, *why)
        for place, first in enumerate(firsts)
        if not names[first]
    ]
    return [names[first] for first in firsts], torn


def _groups_held(offer: Offer, ledger: Ledger) -> set[str]:
    """The groups of the ledger that a piece belongs to."""
    return {group for label in offer.labels if (group := ledger.plan.group_of(label))}


def items_of(piece: Piece, part: ClipPart, group: str, split: Split) -> list[Item]:
    """The items that a piece gives, in order."""
    count = clip_count(piece, part)
    return [
        Item(piece.key(i), i, count, group, split, piece.of_clip(i, count)) for i in range(count)
    ]
