"""The next best picture of a matched piece: tried where the critic found that the first, and its
music, do not go together.

Which pictures stand by for a piece is settled when all are matched (`planning.matching`): no other
piece is given them while an item of this one may still ask. An item holds the last that was tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mmusset.sample import Prepared
from mmusset.sample_parts.piece import Item, SourcePicture
from mmusset.sample_parts.turns import Turn, next_matches_in

from .ledger.ledger import Ledger
from .ledger.left_out import LeftOut
from .ledger.matching import Choice
from .ledger.plan import PlannedItem
from .planning.offers import Offer

GIVEN_UP = "the critic found that it does not go with its music"
STOOD_BY = "stood by for music that went with another picture"


@dataclass(frozen=True, slots=True)
class Tried:
    """An item with the picture that was tried last, and what was measured of both."""

    item: Item
    prepared: Prepared


def choices_of(ledger: Ledger, item: Item) -> list[Item]:
    """The item with each picture that it may have, the best first; as it is, where nothing matched
    it."""
    if item.piece.picture.origin != "matched":
        return [item]
    choices = ledger.matching.choices(item.piece.music.sha256)
    return [_with(item, choice) for choice in choices if choice.image_path] or [item]


def keep_tried(ledger: Ledger, planned: PlannedItem, tried: Tried) -> None:
    """Note that an item has another picture than its piece, and which pictures are left over now.
    Nothing here commits."""
    piece = tried.item.piece
    ledger.plan.give_picture(planned.idx, piece.picture, piece.story_path)
    ledger.media.keep_prepared(planned.idx, tried.prepared)
    account_for(ledger, piece.music.sha256)


def locate(ledger: Ledger, offer: Offer) -> None:
    """Note where the pictures of a matched piece are, and the stories that they bring."""
    music, piece = offer.piece.music.sha256, offer.piece
    ledger.matching.locate(music, piece.picture, piece.story_path)
    for other in offer.others:
        ledger.matching.locate(music, other.picture, other.story_path)


def account_for(ledger: Ledger, music_sha256: str) -> None:
    """Skip the pictures of a piece that no item holds, with the reason, and none that one does."""
    held = ledger.plan.pictures_held(music_sha256)
    choices = ledger.matching.choices(music_sha256)
    last = max((n for n, each in enumerate(choices) if each.picture_sha256 in held), default=0)
    for n, choice in enumerate(choices):
        for path in (choice.image_path, choice.story_path):
            if path and ledger.plan.is_held(path):
                ledger.left_out.unskip(path)
            elif path and (n < last or not ledger.left_out.is_skipped(path)):
                why = GIVEN_UP if n < last else STOOD_BY
                ledger.left_out.skip(LeftOut(path, "skipped", why, ""))


def account_for_all(ledger: Ledger) -> None:
    """The same for every piece of which an item has come to another picture."""
    for music_sha256 in ledger.matching.with_another():
        account_for(ledger, music_sha256)


def as_tried(ledger: Ledger, item: Item, turns: Sequence[Turn]) -> Item:
    """An item that only its shard knows, with the picture that its turns came to."""
    choices = choices_of(ledger, item)
    return choices[min(next_matches_in(turns), len(choices) - 1)]


def _with(item: Item, choice: Choice) -> Item:
    picture = SourcePicture(choice.image_path, choice.picture_sha256, "matched")
    return replace(item, piece=replace(item.piece, picture=picture, story_path=choice.story_path))
