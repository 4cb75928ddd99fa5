"""What the grid shows of one item: plain values, ready to be JSON."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from mmusset.builder.item_story import ItemStory
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.builder.ledger.marks import Mark
from mmusset.builder.reasons import worded
from mmusset.safe_text import show_path
from mmusset.sample import Outcome
from mmusset.sample_parts.claims import JudgedClaim
from mmusset.sample_parts.turns import PERSON

UNDECIDED, SKIPPED = "undecided", "skipped"


@dataclass(frozen=True, slots=True)
class Words:
    """A run of a caption; `claim` is the number of the claim that it makes, -1 for none."""

    text: str
    claim: int


@dataclass(frozen=True, slots=True)
class Writers:
    """Who had the last word on a card's texts, "" where there is none."""

    caption: str
    story: str


@dataclass(frozen=True, slots=True)
class Card:
    """What the grid shows of an item. `verdicts` are those of its claims, by number. `lone` says
    that it is no item but a picture which can be shown.

    `story_note` is what the critic has against a given story, which is kept as it is.
    `media` says whether its picture and sound are kept: those of what was not accepted are not.
    """

    key: str
    title: str
    path: str
    status: str
    reason: str
    detail: str
    split: str
    duration_s: float
    media: bool
    caption: list[Words]
    verdicts: list[str]
    story: str
    story_note: str
    writers: Writers
    palette: list[str]
    colours: str
    mark: Mark | None
    lone: bool = False


def status_of(outcome: Outcome | None) -> str:
    """accepted, rejected, failed; undecided for what has no verdict."""
    return outcome.verdict.status if outcome else UNDECIDED


def card_of(story: ItemStory) -> Card:
    """What the grid shows of an item."""
    item, outcome, prepared = story.item, story.outcome, story.prepared
    path = story.piece.music.path if story.piece else b""
    status = status_of(outcome)
    caption = story.caption
    colours = prepared.media.image_evidence.palette if prepared else ()
    return Card(
        key=item.key,
        title=title_of(item.tags.title, path, item.key),
        path=show_path(path),
        status=status,
        reason=worded(outcome.verdict.reason) if outcome else "",
        detail=outcome.verdict.detail if outcome else "",
        split=item.split,
        duration_s=prepared.media.music.duration_s if prepared else 0.0,
        media=status == "accepted" or (status == UNDECIDED and prepared is not None),
        caption=words_of(caption.text, caption.claims) if caption else [],
        verdicts=[claim.verdict for claim in caption.claims] if caption else [],
        story=story.story_text,
        story_note=outcome.story.note if outcome and outcome.story else "",
        writers=writers_of(story),
        palette=[colour.hex for colour in colours],
        colours=", ".join(dict.fromkeys(colour.name for colour in colours)),
        mark=story.mark,
    )


def writers_of(item: ItemStory) -> Writers:
    """Who wrote an item's texts: an agent, the source ("given"), or a person."""
    outcome, mark = item.outcome, item.mark
    story = outcome.story.writer if outcome and outcome.story else ""
    return Writers(
        caption=item.caption.writer if item.caption else "",
        story=PERSON if mark and mark.story else story,
    )


def left_out_key(left: LeftOut) -> str:
    """What names a file that no item was made of."""
    return f"{left.status}-{sha256(left.path).hexdigest()[:16]}"


def left_out_card(left: LeftOut, lone: bool) -> Card:
    """What the grid shows of a file that no item was made of; `lone` where it is a picture that can
    be shown."""
    key = left_out_key(left)
    title, why = title_of("", left.path, key), (left.status, left.reason, left.detail)
    return Card(
        key,
        title,
        show_path(left.path),
        *why,
        "",
        0.0,
        False,
        [],
        [],
        "",
        "",
        Writers("", ""),
        [],
        "",
        None,
        lone,
    )


def title_of(tag: str, path: bytes, key: str) -> str:
    """The title that the tags give, else the file's name, else the key; one line of text."""
    name = tag or path.rpartition(b"/")[2].decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else " " for c in name).strip() or key


def words_of(text: str, claims: tuple[JudgedClaim, ...]) -> list[Words]:
    """A caption cut where its claims' words begin and end. Each claim is shown once."""
    places = sorted(_places(text, claims))
    runs, end = list[Words](), 0
    for start, stop, number in places:
        if start < end:
            continue
        if start > end:
            runs.append(Words(text[end:start], -1))
        runs.append(Words(text[start:stop], number))
        end = stop
    if end < len(text):
        runs.append(Words(text[end:], -1))
    return runs


def _places(text: str, claims: tuple[JudgedClaim, ...]) -> Iterator[tuple[int, int, int]]:
    """Start, end and number of each claim whose words are found, as whole words."""
    for number, claim in enumerate(claims):
        match = re.search(rf"(?<!\w){re.escape(claim.text)}(?!\w)", text) if claim.text else None
        if match:
            yield match.start(), match.end(), number
