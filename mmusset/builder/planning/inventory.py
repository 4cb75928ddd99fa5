"""What a source offers: its files surveyed, paired, and each that is left out with its reason.

What could not be read is left undecided, with all that belongs to it. A source may have more files
than fit in memory: they are looked at part by part, and what was found goes into a file.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.workspace import Workspace
from mmusset.sources.source import MUSICAL, Entry

from .neighbourhoods import Neighbourhoods, Neighbours
from .offering import LonePicture
from .offers import Offer, Skipped, Undecided
from .part import REMOVED, Offered, for_recipe, media_of, offered_by
from .recordings import recognised
from .rights_found import RightsFound
from .spool import Spool, Subsequence
from .surveys import Step, Surveys, nothing_read, survey_all, tell_apart
from .twins import different, music_number, once_each

# Files of which `scan` decodes every one, some 0.1 CPU-seconds each; of more it reads headers.
MOST_DECODED = 200


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a source offers: pieces in order, pictures that music is to be generated for, and the
    rest with its reasons. `alike` counts the pieces that are the recording of an earlier one,
    `files` all that there is, by kind, `music` what of it could be a piece; `glanced` if nothing
    of it was decoded."""

    offers: Sequence[Offer]
    lone_pictures: tuple[LonePicture, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    alike: int = 0
    files: Mapping[str, int] = field(default_factory=dict)
    music: int = 0
    glanced: bool = False


async def take_inventory(
    workspace: Workspace,
    entries: Iterable[Entry],
    step: Step,
    matched_step: Step | None = None,
    most_decoded: int | None = None,
) -> Inventory:
    """Read what the media of a source say of themselves, and pair them. Of more files than
    `most_decoded` none is decoded.

    `step(done, total)` is called as files are read, `matched_step` as those that nothing pairs are
    measured; what has not changed since the last time is not read again. What the machine could
    not read keeps its place in the pairs: nothing else is taken for it. Raises MmussetError where
    the source is gone, or nothing of it can be read.
    """
    recipe = workspace.recipe
    # Who is matched with whom is settled among all.
    is_matching = recipe.pairing.mode != "given"
    parts = Neighbourhoods(entries, partial(for_recipe, recipe), whole=is_matching)
    surveys, rights = await _surveyed(parts, workspace, step, most_decoded)
    gathered = _Gathered()
    for part in parts:
        beside = rights.beside(part.entries)
        gathered.add(
            part, await offered_by(part.entries, workspace, surveys, beside, matched_step or step)
        )
    return gathered.inventory(workspace, surveys)


async def _surveyed(
    parts: Neighbourhoods, workspace: Workspace, step: Step, most_decoded: int | None
) -> tuple[Surveys, RightsFound]:
    """All files read, and those of rights among them."""
    recipe, total, closed, rights = workspace.recipe, 0, dict[bytes, str](), list[Entry]()
    for part in parts:
        total += len(media_of(part.entries, recipe))
        closed |= {entry.path: entry.unread for entry in part.entries if entry.unread}
        rights += [entry for entry in part.entries if entry.kind == "rights"]

    def media() -> Iterator[Entry]:
        return (entry for part in parts for entry in media_of(part.entries, recipe))

    glance = most_decoded is not None and total > most_decoded
    surveys = await survey_all(workspace, media(), total, step, glance)
    if glance:
        await tell_apart(workspace, media(), surveys, step)
    surveys.unread |= closed
    if surveys.unread and not surveys.count and not surveys.unusable:
        raise nothing_read(workspace.source, surveys.unread)
    return surveys, RightsFound(rights, surveys, workspace.ledger)


def without_removed(inventory: Inventory, ledger: Ledger) -> Inventory:
    """The same without the pieces, of generated music, that were removed from the dataset."""
    offers, kept, skipped = inventory.offers, array("q"), list(inventory.skipped)
    for place, offer in enumerate(offers):
        if ledger.removals.knows(offer.piece.music.sha256):
            skipped.append(Skipped(offer.piece.music.path, REMOVED))
        else:
            kept.append(place)
    if len(kept) == len(offers):
        return inventory
    skipped.sort(key=lambda each: each.path)
    return replace(inventory, offers=Subsequence(offers, kept), skipped=tuple(skipped))


class _Gathered:
    """What the parts of a source offer, put into the order of the source."""

    def __init__(self) -> None:
        self._offers, self._order, self._numbers = Spool[Offer](), array("q"), array("Q")
        self._alone: list[tuple[int, LonePicture]] = []
        self._skipped: list[Skipped] = []
        self._undecided: list[Undecided] = []
        self._files, self._music = Counter[str](), 0

    def add(self, part: Neighbours, found: Offered) -> None:
        """What one part offers."""
        place_of = {e.path: place for e, place in zip(part.entries, part.places, strict=True)}
        for offer in found.offers:
            self._offers.append(offer)
            self._order.append(place_of[offer.piece.music.path])
            self._numbers.append(music_number(offer))
        self._alone += [(place_of[each.picture.path], each) for each in found.lone_pictures]
        self._skipped += found.skipped
        self._undecided += found.undecided
        self._files.update(str(entry.kind) for entry in found.entries)
        self._music += sum(e.kind in MUSICAL and not e.skip for e in found.entries)

    def inventory(self, workspace: Workspace, surveys: Surveys) -> Inventory:
        """What all of the source offers, each piece once."""
        order = np.argsort(self._order, kind="stable")
        numbers = np.frombuffer(self._numbers, np.uint64)[order]
        offers = Subsequence(self._offers, array("q", order.tobytes()))
        each, twins = once_each(offers, numbers, workspace.ledger)
        known = recognised(each, workspace.recipe, workspace.ledger)
        self._alone.sort(key=lambda placed: placed[0])
        lone, alike = different([picture for _, picture in self._alone])
        unusable = [Skipped(path, *why) for path, why in surveys.unusable.items()]
        skipped = [*unusable, *self._skipped, *twins, *known.skipped, *alike]
        return Inventory(
            known.offers,
            tuple(lone),
            tuple(sorted(skipped, key=lambda each: each.path)),
            tuple(sorted(self._undecided, key=lambda each: each.path)),
            known.alike,
            self._files,
            self._music,
            surveys.glanced,
        )
