"""One item's whole story as a plain value; `show_item.py` turns it into text."""

import os
from dataclasses import dataclass
from pathlib import Path

from mmusset.errors import MmussetError
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.sample import Outcome, Prepared, Quadruple
from mmusset.sample_parts.claims import JudgedClaim
from mmusset.sample_parts.piece import ImageOrigin, Item, Piece
from mmusset.sample_parts.texts import Caption
from mmusset.sample_parts.turns import PERSON
from mmusset.shards.tar import Shard
from mmusset.truth.extract import extract
from mmusset.truth.judge import judge

from . import noted_ears
from .ledger.ledger import Ledger
from .ledger.left_out import REASON
from .ledger.marks import Applied, Mark
from .ledger.plan import PlannedItem
from .reasons import worded
from .trial import Trial


@dataclass(frozen=True, slots=True)
class ItemStory:
    """One item's whole story. None for what has not happened yet.

    `item` is the sample itself where only a shard holds it. `mark` is what a person wants of
    it, `applied` the mark that was applied last; `own_caption` are a person's words for the
    caption, judged, that are not in the outcome yet.
    """

    item: Item | Quadruple
    prepared: Prepared | None
    outcome: Outcome | None
    mark: Mark | None
    applied: Applied | None
    shard: Shard | None
    own_caption: Caption | None = None

    @property
    def caption(self) -> Caption | None:
        """The caption as it is, or as a person wants it."""
        return self.own_caption or (self.outcome.caption if self.outcome else None)

    @property
    def story_text(self) -> str:
        """The story as it is, or as a person wants it; "" where there is none."""
        if self.mark and self.mark.story:
            return self.mark.story
        return self.outcome.story.text if self.outcome and self.outcome.story else ""

    @property
    def piece(self) -> Piece | None:
        """What the source offered; None where only a shard holds the item."""
        return self.item.piece if isinstance(self.item, Item) else None

    @property
    def origin(self) -> ImageOrigin:
        """Where the picture comes from."""
        if isinstance(self.item, Item):
            return self.item.piece.picture.origin
        return self.item.image.origin


def explain(ledger: Ledger, key_or_path: str) -> list[ItemStory]:
    """The stories of the item of this key, or of the items of this file.

    Raises MmussetError, with the reason if the file was skipped.
    """
    planned = ledger.plan.item(key_or_path)
    items = [planned] if planned else _at(ledger, os.fsencode(Path(key_or_path)))
    return [story_of(ledger, planned) for planned in items]


def tried(trial: Trial, outcome: Outcome) -> ItemStory:
    """The story of an item on trial, which is in no plan."""
    prepared = trial.material.prepared.with_heard(outcome.heard)
    return ItemStory(trial.item, prepared, outcome, None, None, None)


def _at(ledger: Ledger, path: bytes) -> list[PlannedItem]:
    """Items by path: as the ledger has it, or with folders before it as a shell writes them."""
    parts = path.split(b"/")
    tails = [b"/".join(parts[start:]) for start in range(len(parts))]
    for tail in tails:
        if items := ledger.plan.items_at(tail):
            return items
    for file in ledger.left_out.skipped():
        if file.path in tails:
            why = worded(file.reason, file.detail)
            raise MmussetError(f"{show_path(file.path)} was skipped: {why}")
    for unread in ledger.left_out.unread_files():
        if unread.path in tails:
            raise MmussetError(
                f"{show_path(unread.path)} {REASON} ({unread.why}); build again to retry"
            )
    raise MmussetError(
        f"no item has the key or path {show_path(path)}; `mmusset status` lists what was lost"
    )


def judged(
    ledger: Ledger, caption: str, prepared: Prepared, outcome: Outcome | None
) -> tuple[JudgedClaim, ...]:
    """What a caption would claim of an item's music, each claim with its verdict, as a build would
    judge it."""
    by_tags = [claim for claim in outcome.told if claim.verdict == "told"] if outcome else ()
    job = ledger.job.facts()
    recipe = Recipe.of_canonical(job.recipe)
    music = prepared.media.music_evidence
    with noted_ears.listed(job):
        return judge(
            extract(caption), music, recipe.certainty, by_tags, recipe.certainty_sounds_like
        )


def _own_caption(
    ledger: Ledger, mark: Mark | None, prepared: Prepared | None, outcome: Outcome | None
) -> Caption | None:
    """A person's caption that waits to become the item's."""
    now = outcome.caption.text if outcome and outcome.caption else ""
    if mark is None or prepared is None or mark.caption in ("", now):
        return None
    claims = judged(ledger, mark.caption, prepared, outcome)
    return Caption(text=mark.caption, claims=claims, writer=PERSON) if claims else None


def story_of(ledger: Ledger, planned: PlannedItem) -> ItemStory:
    """All that is known of an item."""
    prepared = ledger.media.prepared(planned.idx)
    outcome, mark = ledger.verdicts.outcome(planned.idx), ledger.marks.of(planned.idx)
    return ItemStory(
        item=planned.item,
        prepared=prepared,
        outcome=outcome,
        mark=mark,
        applied=ledger.marks.applied(planned.idx),
        shard=ledger.shards.of(planned.block),
        own_caption=_own_caption(ledger, mark, prepared, outcome),
    )
