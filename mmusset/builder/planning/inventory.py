"""What a source offers: its files surveyed, paired, and each that is left out with its reason.

What could not be read is left undecided, with all that belongs to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from mmusset.builder.decoding.tasks import Survey
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.workspace import Workspace
from mmusset.recipe import Recipe
from mmusset.recipe_parts.rights import LicencesPart
from mmusset.safe_text import show_path
from mmusset.sample_parts.piece import Piece, SourceFile, SourcePicture, Tags
from mmusset.sources.group import file_label, labels
from mmusset.sources.pair import Pairing, PicturesFound, pair
from mmusset.sources.rights import speaking_for
from mmusset.sources.score_files import sorted_out
from mmusset.sources.sidecar import sidecars, together
from mmusset.sources.source import MUSICAL, NO_ROW, Entry, Row, Source

from .matching import MatchedFiles, match_left_over
from .offers import Offer, OtherPicture, Skipped
from .recordings import recognised
from .rights import allowed, not_reserved, why_barred
from .surveys import Step, Surveys, nothing_read, survey_all

LYRICS = "lyrics, which the recipe drops"
REMOVED = "removed from the dataset by `mmusset remove`"


@dataclass(frozen=True, slots=True)
class Undecided:
    """Music, a picture or a folder of which nothing can be planned yet, since it or what belongs
    to it could not be read; and why."""

    path: bytes
    why: str


@dataclass(frozen=True, slots=True)
class LonePicture:
    """A picture without music, for which some is to be generated.

    `pixels_sha256` is of the decoded picture; `story_sha256` is "" without a story.
    """

    picture: SourcePicture
    pixels_sha256: str
    story_path: bytes | None
    story_sha256: str

    def with_music(self, music: Survey, source: Source) -> Offer:
        """What the picture and its music offer."""
        file = SourceFile(self.picture.path, music.sha256)
        piece = Piece(file, music.duration_s, self.picture, self.story_path, Tags())
        return _offer(piece, self.pixels_sha256, music, source)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a source offers: pieces in order, pictures that music is to be generated for, and the
    rest with its reasons. `alike` counts the pieces that are the recording of an earlier one."""

    entries: tuple[Entry, ...]
    offers: tuple[Offer, ...]
    lone_pictures: tuple[LonePicture, ...]
    skipped: tuple[Skipped, ...]
    undecided: tuple[Undecided, ...] = ()
    alike: int = 0


async def take_inventory(
    workspace: Workspace, entries: list[Entry], step: Step, matched_step: Step | None = None
) -> Inventory:
    """Read what the media of a source say of themselves, and pair them.

    `step(done, total)` is called as files are read, `matched_step` as those that nothing pairs are
    measured; what has not changed since the last time is not read again. What the machine could
    not read keeps its place in the pairs: nothing else is taken for it. Raises MmussetError where
    the source is gone, or nothing of it can be read.
    """
    entries = _without_other_json(entries)
    if workspace.recipe.lyrics == "drop":
        entries = [_left_out(e, LYRICS) if e.kind == "lyrics" else e for e in entries]
    entries = sorted_out(entries, workspace.recipe.scores)
    surveys = await survey_all(workspace, _media(entries, workspace.recipe), step)
    surveys.unread.update((e.path, e.unread) for e in entries if e.unread)
    if surveys.unread and not surveys.read and not surveys.unusable:
        raise nothing_read(workspace.source, surveys.unread)
    entries = [_left_out(e, REMOVED) if _was_removed(e, surveys, workspace) else e for e in entries]
    mode, matched = workspace.recipe.pairing.mode, MatchedFiles()
    if mode != "given":
        usable = _usable(entries, surveys)
        paired = pair(usable, _seen(surveys.read), nearby=mode == "any")
        barred = _barred(usable, surveys, workspace.recipe)
        matched = await match_left_over(
            workspace, usable, paired, surveys, barred, matched_step or step
        )
        surveys.unread.update(matched.unread)
    return _inventory(workspace, entries, surveys, matched)


def _barred(
    entries: Sequence[Entry], surveys: Surveys, recipe: Recipe
) -> dict[bytes, tuple[str, str]]:
    """Why music and pictures may be put to no use, by their paths. A picture has no licence of its
    own: as in a pair that the source has, the music's counts."""
    rights = {e.path: surveys.read[e.path].rights for e in entries if _speaks(e, surveys)}
    whys = {}
    for path, beside in sidecars(entries).items():
        if path in surveys.read:
            tags = _tags(surveys.read, path, beside)
            whys[path] = why_barred(path, tags, rights, recipe.licences)
    for path in _pictures(entries):
        whys[path] = why_barred(path, Tags(), rights, LicencesPart())
    return {path: why for path, why in whys.items() if why}


def _usable(entries: Sequence[Entry], surveys: Surveys) -> list[Entry]:
    return [e for e in entries if not e.skip and e.path not in surveys.unusable]


def _media(entries: list[Entry], recipe: Recipe) -> list[Entry]:
    """The entries that are to be read."""
    kinds = {"music", "video", "image", "sidecar", "rights"}
    if recipe.music.source == "generate":
        kinds.add("text")  # music is generated again where a story changes
    return [e for e in entries if not e.skip and not e.unread and e.kind in kinds]


def _without_other_json(entries: list[Entry]) -> list[Entry]:
    """The entries, of which those that only look like sidecars are no media."""
    used = {path for both in sidecars(entries).values() for path in both}
    return [
        _left_out(e, "JSON of no music") if e.kind == "sidecar" and e.path not in used else e
        for e in entries
    ]


def _left_out(entry: Entry, why: str) -> Entry:
    return replace(entry, kind="other", skip=why)


def _inventory(
    workspace: Workspace, entries: list[Entry], surveys: Surveys, matched: MatchedFiles
) -> Inventory:
    skipped = [Skipped(path, *why) for path, why in surveys.unusable.items()]
    skipped += [Skipped(e.path, e.skip) for e in entries if e.skip]
    recipe = workspace.recipe
    paired = pair(
        _usable(entries, surveys),
        _seen(surveys.read),
        generate=recipe.music.source == "generate",
        matched=matched.pictures,
        nearby=recipe.pairing.mode != "match",
    )
    musical = {e.path for e in entries if e.kind in MUSICAL}
    undecided = [Undecided(e.path, e.unread) for e in entries if e.kind == "folder" and e.unread]
    # While a picture can't be read, nobody knows what it would go with.
    awaited = musical if recipe.pairing.mode == "given" else {*musical, *_pictures(entries)}
    for path, reason in paired.leftover:
        if path in surveys.unread and path in awaited:
            undecided.append(Undecided(path, surveys.unread[path]))
        elif path not in musical and path in surveys.read and surveys.read[path].trouble[0]:
            skipped.append(Skipped(path, *surveys.read[path].trouble))
        elif path in matched.alone:
            skipped.append(Skipped(path, *matched.alone[path]))
        else:
            skipped.append(Skipped(path, reason))
    beside = sidecars(entries)
    rights = {e.path: surveys.read[e.path].rights for e in entries if _speaks(e, surveys)}
    closed = [e.path for e in entries if e.kind == "rights" and e.path in surveys.unread]
    pairs, waiting = _readable(paired.pairs, surveys.unread, beside, closed)
    alone, waiting_alone = _readable(paired.alone, surveys.unread, {}, closed)
    undecided += [*waiting, *waiting_alone]
    pairs, reserved = not_reserved(pairs, rights)
    alone, reserved_alone = not_reserved(alone, rights)
    all_offers = [_offer_of(p, surveys.read, beside[p.music], workspace.source) for p in pairs]
    licensed, refused = allowed(all_offers, rights, workspace.recipe.licences)
    skipped += [*reserved, *reserved_alone, *refused]
    each, twins = once_each(licensed, workspace.ledger)
    known = recognised(each, entries, workspace.recipe, workspace.ledger)
    lone, alike = _different([_lone_picture(p, surveys.read) for p in alone])
    skipped = sorted([*skipped, *twins, *known.skipped, *alike], key=lambda s: s.path)
    undecided.sort(key=lambda u: u.path)
    offers, same = tuple(known.offers), known.alike
    return Inventory(tuple(entries), offers, tuple(lone), tuple(skipped), tuple(undecided), same)


def _pictures(entries: Sequence[Entry]) -> set[bytes]:
    return {entry.path for entry in entries if entry.kind == "image"}


def _speaks(entry: Entry, surveys: Surveys) -> bool:
    return entry.kind == "rights" and entry.path in surveys.read


def _seen(surveys: Mapping[bytes, Survey]) -> PicturesFound:
    """What pairing has to know of the pictures that were looked at."""
    return PicturesFound(
        covers={p: s.cover_is_front for p, s in surveys.items() if s.cover_sha256},
        unusable=frozenset(p for p, s in surveys.items() if s.trouble[0]),
        without_frames=frozenset(p for p, s in surveys.items() if not s.has_frames),
    )


def _readable(
    pairings: Sequence[Pairing],
    unread: Mapping[bytes, str],
    beside: Mapping[bytes, tuple[bytes, bytes]],
    closed: Sequence[bytes],
) -> tuple[list[Pairing], list[Undecided]]:
    """The pairings of which every file could be read, and the others. `closed` are files of rights
    that could not: what they speak for waits for them."""
    readable, undecided = [], []
    for pairing in pairings:
        own_and_album = beside.get(pairing.music, ())
        texts = (text for text in (pairing.story, pairing.caption) if text)
        rights = speaking_for(pairing.music, closed)
        pictures = (pairing.image, *pairing.sequence)
        files = (pairing.music, *pictures, *texts, *own_and_album, *rights)
        failing = next((path for path in files if path in unread), None)
        if failing is None:
            readable.append(pairing)
        else:
            whose = "" if failing == pairing.music else f"{show_path(failing)}: "
            undecided.append(Undecided(pairing.music, whose + unread[failing]))
    return readable, undecided


def once_each(offers: Sequence[Offer], ledger: Ledger) -> tuple[list[Offer], list[Skipped]]:
    """One piece for the same bytes: the one that is planned already, else the first."""
    chosen: dict[str, Offer] = {}
    for offer in offers:
        music = offer.piece.music
        planned = ledger.plan.item(offer.piece.key(0))
        if music.sha256 not in chosen or (planned and planned.item.piece.music.path == music.path):
            chosen[music.sha256] = offer
    twins = [
        _twin(music.path, chosen[music.sha256].piece.music)
        for offer in offers
        if offer != chosen[(music := offer.piece.music).sha256]
    ]
    return [o for o in offers if o == chosen[o.piece.music.sha256]], twins


def _was_removed(entry: Entry, surveys: Surveys, workspace: Workspace) -> bool:
    """Whether a file is music that was removed from the dataset for good."""
    survey = surveys.read.get(entry.path) if entry.kind in MUSICAL else None
    return survey is not None and workspace.ledger.removals.knows(survey.sha256)


def without_removed(inventory: Inventory, ledger: Ledger) -> Inventory:
    """The same without the pieces, of generated music, that were removed from the dataset."""
    removed = [o for o in inventory.offers if ledger.removals.knows(o.piece.music.sha256)]
    if not removed:
        return inventory
    skipped = [Skipped(o.piece.music.path, REMOVED) for o in removed]
    return replace(
        inventory,
        offers=tuple(offer for offer in inventory.offers if offer not in removed),
        skipped=tuple(sorted((*inventory.skipped, *skipped), key=lambda s: s.path)),
    )


def _different(pictures: Sequence[LonePicture]) -> tuple[list[LonePicture], list[Skipped]]:
    """Of the same picture with the same story only the first, and the others."""
    first: dict[tuple[str, str], LonePicture] = {}
    for each in pictures:
        first.setdefault((each.picture.sha256, each.story_sha256), each)
    twins = [
        _twin(each.picture.path, chosen.picture)
        for each in pictures
        if each != (chosen := first[each.picture.sha256, each.story_sha256])
    ]
    return list(first.values()), twins


def _twin(path: bytes, other: SourceFile) -> Skipped:
    return Skipped(path, "same bytes as another", show_path(other.path))


def _lone_picture(pairing: Pairing, surveys: Mapping[bytes, Survey]) -> LonePicture:
    image = surveys[pairing.image]
    picture = SourcePicture(pairing.image, image.sha256, "alone")
    story_sha256 = surveys[pairing.story].sha256 if pairing.story else ""
    return LonePicture(picture, image.pixels_sha256, pairing.story, story_sha256)


def _tags(surveys: Mapping[bytes, Survey], music: bytes, beside: tuple[bytes, bytes]) -> Tags:
    """What is told of music, by its own tags and by the files beside it."""
    own, album = (surveys.get(path, Survey(sha256="")) for path in beside)
    of_album = album.tags.model_copy(update={"title": ""})  # that is the album's own
    return together(own.tags, surveys[music].tags, of_album)


def _offer_of(
    pairing: Pairing,
    surveys: Mapping[bytes, Survey],
    beside: tuple[bytes, bytes],
    source: Source,
) -> Offer:
    music, image = surveys[pairing.music], surveys[pairing.image]
    if pairing.image_origin.startswith("embedded"):
        image_sha256, pixels_sha256 = music.cover_sha256, music.pixels_sha256
    elif pairing.image_origin == "video":
        # Its picture is one of many frames: what other pieces could share is the video itself.
        image_sha256 = pixels_sha256 = music.sha256
    else:
        image_sha256, pixels_sha256 = image.sha256, image.pixels_sha256
    file = SourceFile(pairing.music, music.sha256)
    picture = SourcePicture(pairing.image, image_sha256, pairing.image_origin)
    own = surveys.get(beside[0], Survey(sha256=""))
    tags = _tags(surveys, pairing.music, beside)
    texts = dict.fromkeys(own.texts, beside[0])
    piece = Piece(
        file,
        music.duration_s,
        picture,
        pairing.story or texts.get("story"),
        tags,
        pairing.lyrics or texts.get("lyrics"),
        pairing.caption or texts.get("caption"),
        pairing.row.stretch,
        pairing.score,
        tuple(SourcePicture(p, surveys[p].sha256, "sequence") for p in pairing.sequence),
    )
    offer = _offer(piece, pixels_sha256, music, source, pairing.row)
    more = (*pairing.sequence[1:], *(path for path, _ in pairing.others))
    shared = (labels((), (), surveys[path].pixels_sha256) for path in more)
    others = tuple(
        OtherPicture(SourcePicture(path, surveys[path].sha256, "matched"), story)
        for path, story in pairing.others
    )
    return replace(offer, labels=(*offer.labels, *chain.from_iterable(shared)), others=others)


def _offer(
    piece: Piece, pixels_sha256: str, music: Survey, source: Source, row: Row = NO_ROW
) -> Offer:
    artists: tuple[str, ...] = (piece.tags.artist, music.album_artist)
    groups = source.groups(piece.music.path)
    if row.kept_group:  # it is of more than an artist, and stays as it is
        artists, groups = (), (b"kept:" + row.kept_group.encode(),)
    found = labels(artists, groups, pixels_sha256, music.sound_sha256)
    if row.stretch:
        found = (*found, file_label(row.file))
    return Offer(piece, found, row.kept_split)
