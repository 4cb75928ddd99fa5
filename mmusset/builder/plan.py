"""The plan: what a source offers, as items in a fixed order, cut into blocks, frozen.

Items never move between splits or blocks once they are frozen.
"""

from collections import Counter

from mmusset.files import failpoint
from mmusset.recipe import ClipPart, Recipe
from mmusset.sample import Item, Split
from mmusset.sources.group import group_name, join
from mmusset.sources.split import deal

from .ledger.ledger import Ledger
from .ledger.left_out import LeftOut
from .look import Found, Piece, Skipped

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def freeze(
    found: Found,
    recipe: Recipe,
    ledger: Ledger,
    limit: int | None,
    beyond: str = "beyond --limit",
) -> int:
    """Write the pieces that the ledger does not know into it as new blocks; gives how many items.

    What could not be read is noted. `limit` is how many pieces the ledger may hold in all; the
    others are skipped with `beyond` as their reason.
    """
    with ledger.transaction():
        ledger.left_out.replace_unread_files({u.path: u.why for u in found.undecided})
        if ledger.plan.is_incomplete():
            for piece in found.pieces:
                _complete(piece, recipe, ledger)
        for piece in found.pieces:
            _find_again(piece, ledger)
        items, skipped = _plan_fresh(found, recipe, ledger, limit, beyond)
        provisional = ledger.left_out.has_undecided_files()
        for split in SPLITS:
            chosen = [item for item in items if item.split == split]
            for start in range(0, len(chosen), recipe.limits.block_size):
                batch = chosen[start : start + recipe.limits.block_size]
                ledger.plan.add_block(split, batch, provisional)
        ledger.left_out.replace_skipped(
            LeftOut(s.path, "skipped", s.reason, s.detail) for s in (*found.skipped, *skipped)
        )
        ledger.plan.end_completing()
        failpoint("plan_written")
    return len(items)


def _plan_fresh(
    found: Found, recipe: Recipe, ledger: Ledger, limit: int | None, beyond: str
) -> tuple[list[Item], list[Skipped]]:
    """The items of the pieces that the ledger does not know, their groups noted; and what is left
    out."""
    fresh = [p for p in found.pieces if not ledger.plan.first_item_of(p.music_sha256)]
    fresh, skipped = drop_short(fresh, recipe.clip)
    if limit is not None:
        room = max(0, limit - ledger.plan.piece_count())
        skipped += [Skipped(p.music_path, beyond) for p in fresh[room:]]
        fresh = fresh[:room]
    if ledger.plan.is_incomplete():
        # Of these, clips that no shard holds were lost.
        fresh += [p for p in found.pieces if _lacks_clips(p, recipe, ledger)]
    groups, torn = group_pieces(fresh, ledger)
    sizes = Counter[str]()
    for piece in fresh:
        if piece in groups:
            sizes[groups[piece]] += len(_unplanned(piece, recipe, ledger))
    splits = deal(sizes, ledger.plan.splits(), ledger.plan.items_by_split(), recipe.split)
    for piece, group in groups.items():
        ledger.plan.add_group(group, splits[group], piece.labels())
    items = [
        item
        for piece in fresh
        if piece in groups
        for item in items_of(piece, recipe.clip, groups[piece], splits[groups[piece]])
        if item.clip_index in _unplanned(piece, recipe, ledger)
    ]
    return items, [*skipped, *torn]


def _complete(piece: Piece, recipe: Recipe, ledger: Ledger) -> None:
    """Fill in what a ledger that was recovered lacks of a piece."""
    planned = ledger.plan.first_item_of(piece.music_sha256)
    if planned is None:
        return
    item = planned.item
    ledger.plan.add_group(item.group, item.split, piece.labels())
    ledger.plan.complete_items(items_of(piece, recipe.clip, item.group, item.split)[0])


def _unplanned(piece: Piece, recipe: Recipe, ledger: Ledger) -> list[int]:
    """The clips of a piece that are not in the plan."""
    return [i for i in range(piece.clip_count(recipe.clip)) if not ledger.plan.item(piece.key(i))]


def _lacks_clips(piece: Piece, recipe: Recipe, ledger: Ledger) -> bool:
    planned = ledger.plan.first_item_of(piece.music_sha256)
    return planned is not None and bool(_unplanned(piece, recipe, ledger))


def _find_again(piece: Piece, ledger: Ledger) -> None:
    """Note where the files of a piece that is planned already are now.

    The picture of the plan stays: one of other content is not taken for it.
    """
    planned = ledger.plan.first_item_of(piece.music_sha256)
    if planned is None:
        return
    item = planned.item
    if piece.image_sha256 == item.image_sha256:
        image = (piece.image_path, piece.image_origin)
    else:
        image = (item.image_path, item.image_origin)
    places = (piece.music_path, *image, piece.story_path)
    if places != (item.music_path, item.image_path, item.image_origin, item.story_path):
        ledger.plan.move_items(piece.music_sha256, *places)


def drop_short(pieces: list[Piece], part: ClipPart) -> tuple[list[Piece], list[Skipped]]:
    """Pieces that a clip can be cut from, and the others. A length of 0 is unknown: kept."""
    kept, skipped = [], []
    for piece in pieces:
        if 0 < piece.duration_s < part.seconds:
            detail = f"{piece.duration_s:.2f} s of {part.seconds:g} s"
            skipped.append(Skipped(piece.music_path, "shorter than a clip", detail))
        else:
            kept.append(piece)
    return kept, skipped


def group_pieces(pieces: list[Piece], ledger: Ledger) -> tuple[dict[Piece, str], list[Skipped]]:
    """Each piece's group; a piece that would join groups of two splits is left out."""
    dealt = ledger.plan.splits()
    held = [{g for label in p.labels() if (g := ledger.plan.group_of(label))} for p in pieces]
    groups: dict[Piece, str] = {}
    skipped: list[Skipped] = []
    # A group that is frozen already is a label like any other: it joins what bears it.
    for members in join([(*p.labels(), *held[i]) for i, p in enumerate(pieces)]):
        old = {g for i in members for g in held[i]}
        name = min(old) if old else group_name([pieces[i].labels() for i in members])
        if len({dealt[g] for g in old}) > 1:
            skipped += [
                Skipped(pieces[i].music_path, "would join two splits", "artist, picture or sound")
                for i in members
            ]
        else:
            groups |= {pieces[i]: name for i in members}
    return groups, skipped


def items_of(piece: Piece, part: ClipPart, group: str, split: Split) -> list[Item]:
    """The items that a piece gives, in order."""
    count = piece.clip_count(part)
    return [
        Item(
            key=piece.key(index),
            music_path=piece.music_path,
            music_sha256=piece.music_sha256,
            duration_s=piece.duration_s,
            clip_index=index,
            clip_count=count,
            image_path=piece.image_path,
            image_sha256=piece.image_sha256,
            image_origin=piece.image_origin,
            story_path=piece.story_path,
            group=group,
            split=split,
            tags=piece.tags,
        )
        for index in range(count)
    ]
