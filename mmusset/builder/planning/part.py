"""What a part of a source offers once its files are surveyed: what belongs together is paired."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mmusset.builder.decoding.tasks import Survey
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.workspace import Workspace
from mmusset.recipe import Recipe
from mmusset.recipe_parts.rights import LicencesPart
from mmusset.safe_text import show_path
from mmusset.sample_parts.piece import Tags
from mmusset.sources.pair import Paired, Pairing, PicturesFound, pair
from mmusset.sources.rights import speaking_for
from mmusset.sources.score_files import sorted_out
from mmusset.sources.sidecar import sidecars
from mmusset.sources.source import MUSICAL, Entry

from .matching import MatchedFiles, Why, match_left_over
from .offering import LonePicture, lone_picture, offer_of, tags_of
from .offers import Offer, Skipped, Undecided
from .rights import allowed, not_reserved, why_barred
from .rights_found import RightsBeside
from .surveys import Step, Surveys

LYRICS = "lyrics, which the recipe drops"
REMOVED = "removed from the dataset by `mmusset remove`"


@dataclass(frozen=True, slots=True)
class Offered:
    """What is offered, pieces and pictures that music is to be generated for, each in order; and
    what is not, with its reason."""

    entries: list[Entry]
    offers: list[Offer]
    lone_pictures: list[LonePicture]
    skipped: list[Skipped]
    undecided: list[Undecided]


def for_recipe(recipe: Recipe, entries: Sequence[Entry]) -> list[Entry]:
    """The entries of a part, with what the recipe has no use for left out."""
    prepared = _without_other_json(entries)
    if recipe.lyrics == "drop":
        prepared = [left_out(e, LYRICS) if e.kind == "lyrics" else e for e in prepared]
    return sorted_out(prepared, recipe.scores)


def media_of(entries: Sequence[Entry], recipe: Recipe) -> list[Entry]:
    """The entries that are to be read."""
    kinds = {"music", "video", "image", "sidecar", "rights"}
    if recipe.music.source == "generate":
        kinds.add("text")  # music is generated again where a story changes
    return [e for e in entries if not e.skip and not e.unread and e.kind in kinds]


def left_out(entry: Entry, why: str) -> Entry:
    """An entry that nothing is made of."""
    return replace(entry, kind="other", skip=why)


def _without_other_json(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, of which those that only look like sidecars are no media."""
    used = {path for both in sidecars(entries).values() for path in both}
    return [
        left_out(e, "JSON of no music") if e.kind == "sidecar" and e.path not in used else e
        for e in entries
    ]


async def offered_by(
    entries: Sequence[Entry],
    workspace: Workspace,
    surveys: Surveys,
    rights: RightsBeside,
    step: Step,
) -> Offered:
    """What entries offer. `step(done, total)` is called as those that nothing pairs are measured,
    where the recipe matches them."""
    recipe, ledger = workspace.recipe, workspace.ledger
    read = surveys.read(media_of(entries, recipe), ledger)
    if ledger.removals.are_any():
        entries = [left_out(e, REMOVED) if _was_removed(e, read, ledger) else e for e in entries]
    usable = [e for e in entries if not e.skip and e.path not in surveys.unusable]
    matched = MatchedFiles()
    if recipe.pairing.mode != "given":
        paired = pair(usable, _seen(read), nearby=recipe.pairing.mode == "any")
        barred = _barred(usable, read, rights, recipe)
        is_all_read = not surveys.unread
        matched = await match_left_over(workspace, usable, paired, read, barred, is_all_read, step)
        surveys.unread.update(matched.unread)
    paired = pair(
        usable,
        _seen(read),
        generate=recipe.music.source == "generate",
        matched=matched.pictures,
        nearby=recipe.pairing.mode != "match",
    )
    return _PlanPart(list(entries), read, surveys, rights, matched).offered(paired, workspace)


def _was_removed(entry: Entry, read: Mapping[bytes, Survey], ledger: Ledger) -> bool:
    """Whether a file is music that was removed from the dataset for good."""
    survey = read.get(entry.path) if entry.kind in MUSICAL else None
    return survey is not None and ledger.removals.knows(survey.sha256)


def _barred(
    entries: Sequence[Entry], read: Mapping[bytes, Survey], rights: RightsBeside, recipe: Recipe
) -> dict[bytes, Why]:
    """Why music and pictures may be put to no use, by their paths. A picture has no licence of its
    own: as in a pair that the source has, the music's counts."""
    whys = {}
    for path, beside in sidecars(entries).items():
        if path in read:
            tags = tags_of(read, path, beside)
            whys[path] = why_barred(path, tags, rights.said, recipe.licences)
    for path in _pictures(entries):
        whys[path] = why_barred(path, Tags(), rights.said, LicencesPart())
    return {path: why for path, why in whys.items() if why}


def _pictures(entries: Sequence[Entry]) -> set[bytes]:
    return {entry.path for entry in entries if entry.kind == "image"}


def _seen(read: Mapping[bytes, Survey]) -> PicturesFound:
    """What pairing has to know of the pictures that were looked at."""
    return PicturesFound(
        covers={p: s.cover_is_front for p, s in read.items() if s.cover_sha256},
        unusable=frozenset(p for p, s in read.items() if s.trouble[0]),
        without_frames=frozenset(p for p, s in read.items() if not s.has_frames),
    )


@dataclass(frozen=True, slots=True)
class _PlanPart:
    """Entries, what they say of themselves, what speaks for them, and who was matched."""

    entries: list[Entry]
    read: Mapping[bytes, Survey]
    surveys: Surveys
    rights: RightsBeside
    matched: MatchedFiles

    def offered(self, paired: Paired, workspace: Workspace) -> Offered:
        """What is offered once these are paired."""
        recipe, beside = workspace.recipe, sidecars(self.entries)
        pairs, waiting = self._readable(paired.pairs, beside)
        alone, waiting_alone = self._readable(paired.alone, {})
        pairs, reserved = not_reserved(pairs, self.rights.said)
        alone, reserved_alone = not_reserved(alone, self.rights.said)
        every = [offer_of(p, self.read, beside[p.music], workspace.source) for p in pairs]
        licensed, refused = allowed(every, self.rights.said, recipe.licences)
        is_given = recipe.pairing.mode == "given"
        unpaired, undecided = self._left_over(paired.leftover, is_given)
        return Offered(
            self.entries,
            licensed,
            [lone_picture(pairing, self.read) for pairing in alone],
            [*unpaired, *reserved, *reserved_alone, *refused],
            [*undecided, *waiting, *waiting_alone],
        )

    def _left_over(
        self, leftover: Sequence[tuple[bytes, str]], is_given: bool
    ) -> tuple[list[Skipped], list[Undecided]]:
        """What is in no pair, and what may come into one once it can be read."""
        unread, alone = self.surveys.unread, self.matched.alone
        skipped = [Skipped(e.path, e.skip) for e in self.entries if e.skip]
        undecided = [
            Undecided(e.path, e.unread) for e in self.entries if e.kind == "folder" and e.unread
        ]
        musical = {e.path for e in self.entries if e.kind in MUSICAL}
        # While a picture can't be read, nobody knows what it would go with.
        awaited = musical if is_given else {*musical, *_pictures(self.entries)}
        for path, reason in leftover:
            survey = self.read.get(path)
            if path in unread and path in awaited:
                undecided.append(Undecided(path, unread[path]))
            elif path not in musical and survey and survey.trouble[0]:
                skipped.append(Skipped(path, *survey.trouble))
            else:
                skipped.append(Skipped(path, *alone.get(path, (reason, ""))))
        return skipped, undecided

    def _readable(
        self, pairings: Sequence[Pairing], beside: Mapping[bytes, tuple[bytes, bytes]]
    ) -> tuple[list[Pairing], list[Undecided]]:
        """The pairings of which every file could be read, and the others."""
        unread, readable, undecided = self.surveys.unread, [], []
        for pairing in pairings:
            files = self._files_of(pairing, beside)
            failing = next((path for path in files if path in unread), None)
            if failing is None:
                readable.append(pairing)
            else:
                whose = "" if failing == pairing.music else f"{show_path(failing)}: "
                undecided.append(Undecided(pairing.music, whose + unread[failing]))
        return readable, undecided

    def _files_of(
        self, pairing: Pairing, beside: Mapping[bytes, tuple[bytes, bytes]]
    ) -> Iterator[bytes]:
        """All files that have to be read before a pairing is known."""
        yield pairing.music
        yield pairing.image
        yield from pairing.sequence
        yield from (text for text in (pairing.story, pairing.caption) if text)
        yield from beside.get(pairing.music, ())
        yield from speaking_for(pairing.music, self.rights.closed)
