"""What a source offers: its files surveyed, paired, and each that is left out with its reason.

What could not be read is left undecided, with all that belongs to it.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmusset.errors import MmussetError, Unread, Unusable, first_error
from mmusset.recipe import ClipPart, Recipe
from mmusset.safe_text import show_path
from mmusset.sample import ImageOrigin, Tags
from mmusset.sources.group import labels
from mmusset.sources.pair import Pairing, pair
from mmusset.sources.walk import MUSICAL, Entry, check_there

from .decoding.sandbox import Sandbox
from .decoding.tasks import Survey
from .ledger.ledger import Ledger

# Surveys per commit: after a kill, at most so many files are read again.
BATCH = 64
# After so many in a row that can't be read, one that could be is tried: is it the whole source?
MOST_UNREAD_IN_A_ROW = 10
Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the source that becomes no item, and why."""

    path: bytes
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Music, or a folder, of which nothing can be planned yet, since it or what belongs to it could
    not be read; and why."""

    path: bytes
    why: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of music with its picture: the clips of one pairing, not yet cut."""

    music_path: bytes
    music_sha256: str
    duration_s: float
    image_path: bytes
    image_origin: ImageOrigin
    image_sha256: str
    pixels_sha256: str
    sound_sha256: str
    story_path: bytes | None
    tags: Tags

    def clip_count(self, part: ClipPart) -> int:
        """How many clips it gives: each needs a stretch of its own."""
        return max(1, min(part.per_track, int(self.duration_s // part.seconds)))

    def key(self, clip_index: int) -> str:
        """The key of a clip: from the music's content, never from its name."""
        return f"{self.music_sha256[:24]}{clip_index:02d}"

    def labels(self) -> tuple[str, ...]:
        """What it may share with other pieces that must stay in one split."""
        return labels(self.tags.artist, self.music_path, self.pixels_sha256, self.sound_sha256)


@dataclass(frozen=True, slots=True)
class Alone:
    """A picture of no music, that some is to be made for. `story_sha256` is "" without a story."""

    image_path: bytes
    image_sha256: str
    pixels_sha256: str
    story_path: bytes | None
    story_sha256: str

    def with_music(self, music: Survey) -> Piece:
        """The piece that the picture is with its music."""
        return Piece(
            music_path=self.image_path,
            music_sha256=music.sha256,
            duration_s=music.duration_s,
            image_path=self.image_path,
            image_origin="alone",
            image_sha256=self.image_sha256,
            pixels_sha256=self.pixels_sha256,
            sound_sha256=music.sound_sha256,
            story_path=self.story_path,
            tags=Tags(),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What a source folder offers: pieces in order, pictures that are alone, where music is to be
    made for them, and the rest with its reasons."""

    entries: tuple[Entry, ...]
    pieces: tuple[Piece, ...]
    alone: tuple[Alone, ...]
    skipped: tuple[Skipped, ...]
    undecided: tuple[Undecided, ...] = ()


async def look(
    source: Path,
    entries: list[Entry],
    recipe: Recipe,
    sandbox: Sandbox,
    ledger: Ledger | None,
    step: Step,
) -> Found:
    """Read what the media of a walked source say of themselves, and pair them.

    `step(done, total)` is called as files are read. With a ledger, files that have
    not changed since the last time are not read again. What the machine could not read keeps its
    place in the pairs: nothing else is taken for it. Raises MmussetError where the source is gone,
    or nothing of it can be read.
    """
    generate = recipe.music.source == "generate"
    kinds = {"music", "video", "image", *(["text"] if generate else [])}
    unread = {e.path: e.unread for e in entries if e.unread}
    wanted = [e for e in entries if not e.skip and not e.unread and e.kind in kinds]
    surveys, skipped, failures = await _survey_all(source, wanted, recipe, sandbox, ledger, step)
    unread |= failures
    if unread and not surveys and not skipped:
        raise _nothing_read(source, unread)
    skipped += [Skipped(e.path, e.skip) for e in entries if e.skip]
    lost = {s.path for s in skipped}
    covers = {path for path, survey in surveys.items() if survey.cover_sha256}
    pairing = pair([e for e in entries if e.path not in lost], covers, generate)
    musical = {e.path for e in entries if e.kind in MUSICAL}
    undecided = [Undecided(e.path, e.unread) for e in entries if e.kind == "folder" and e.unread]
    for path, reason in pairing.leftover:
        if path in unread and path in musical:
            undecided.append(Undecided(path, unread[path]))
        else:
            skipped.append(Skipped(path, reason))
    pairs, waiting = _readable(pairing.pairs, unread)
    lone, waiting_alone = _readable(pairing.alone, unread)
    undecided += [*waiting, *waiting_alone]
    pieces, twins = once_each([_piece(p, surveys) for p in pairs], ledger)
    alone, alike = _alone([_picture(p, surveys) for p in lone])
    skipped = sorted([*skipped, *twins, *alike], key=lambda s: s.path)
    undecided.sort(key=lambda u: u.path)
    return Found(tuple(entries), tuple(pieces), tuple(alone), tuple(skipped), tuple(undecided))


def _readable(
    pairings: list[Pairing], unread: dict[bytes, str]
) -> tuple[list[Pairing], list[Undecided]]:
    """The pairings of which every file could be read, and the others."""
    readable, undecided = [], []
    for pairing in pairings:
        files = (pairing.music, pairing.image, pairing.story or pairing.music)
        failing = next((path for path in files if path in unread), None)
        if failing is None:
            readable.append(pairing)
        else:
            whose = "" if failing == pairing.music else f"{show_path(failing)}: "
            undecided.append(Undecided(pairing.music, whose + unread[failing]))
    return readable, undecided


def reads_still(source: Path, path: bytes | None) -> bool:
    """Whether a file of the source that could be read before can be read now."""
    if path is None:
        return False
    try:
        with (source / os.fsdecode(path)).open("rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def _nothing_read(source: Path, unread: dict[bytes, str]) -> MmussetError:
    path, why = next(iter(unread.items()))
    return MmussetError(
        f"nothing in {source} could be read ({show_path(path)}: {why}); mend that and run the same"
        " command again"
    )


async def _survey_all(
    source: Path,
    wanted: Sequence[Entry],
    recipe: Recipe,
    sandbox: Sandbox,
    ledger: Ledger | None,
    step: Step,
) -> tuple[dict[bytes, Survey], list[Skipped], dict[bytes, str]]:
    """What each file says of itself; those that can't be used; and those that were not read."""
    surveys: dict[bytes, Survey] = {}
    skipped: list[Skipped] = []
    unread: dict[bytes, str] = {}
    unread_in_a_row = 0

    async def one(entry: Entry) -> None:
        nonlocal unread_in_a_row
        survey = ledger.media.survey(entry.path, entry.size, entry.mtime_ns) if ledger else None
        if survey:
            surveys[entry.path] = survey
            return
        path = source / os.fsdecode(entry.path)
        try:
            surveys[entry.path] = await sandbox.survey(path, entry.kind, recipe.image.max_side_px)
        except Unusable as error:
            check_there(source)
            skipped.append(Skipped(entry.path, error.reason, error.detail))
        except Unread as error:
            check_there(source)
            unread[entry.path] = error.why
            unread_in_a_row += 1
            if unread_in_a_row < MOST_UNREAD_IN_A_ROW:
                return
            if not reads_still(source, next(reversed(surveys), None)):
                raise _nothing_read(source, {entry.path: error.why}) from None
        unread_in_a_row = 0

    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        try:
            async with asyncio.TaskGroup() as group:
                for entry in batch:
                    group.create_task(one(entry))
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        if ledger:
            with ledger.transaction():
                for entry in batch:
                    if survey := surveys.get(entry.path):
                        ledger.media.keep_survey(entry.path, entry.size, entry.mtime_ns, survey)
        step(start + len(batch), len(wanted))
    return surveys, skipped, unread


def once_each(pieces: list[Piece], ledger: Ledger | None) -> tuple[list[Piece], list[Skipped]]:
    """One piece for the same bytes: the one that is planned already, else the first."""
    chosen: dict[str, Piece] = {}
    for piece in pieces:
        planned = ledger.plan.item(piece.key(0)) if ledger else None
        if piece.music_sha256 not in chosen or (
            planned and planned.item.music_path == piece.music_path
        ):
            chosen[piece.music_sha256] = piece
    twins = [
        Skipped(p.music_path, "same bytes as another", show_path(chosen[p.music_sha256].music_path))
        for p in pieces
        if p != chosen[p.music_sha256]
    ]
    return [p for p in pieces if p == chosen[p.music_sha256]], twins


def _alone(pictures: list[Alone]) -> tuple[list[Alone], list[Skipped]]:
    """Of the same picture with the same story only the first, and the others."""
    first: dict[tuple[str, str], Alone] = {}
    for each in pictures:
        first.setdefault((each.image_sha256, each.story_sha256), each)
    twins = [
        Skipped(each.image_path, "same bytes as another", show_path(chosen.image_path))
        for each in pictures
        if each != (chosen := first[each.image_sha256, each.story_sha256])
    ]
    return list(first.values()), twins


def _picture(pairing: Pairing, surveys: dict[bytes, Survey]) -> Alone:
    image = surveys[pairing.image]
    story = surveys[pairing.story].sha256 if pairing.story else ""
    return Alone(pairing.image, image.sha256, image.pixels_sha256, pairing.story, story)


def _piece(pairing: Pairing, surveys: dict[bytes, Survey]) -> Piece:
    music = surveys[pairing.music]
    image = surveys[pairing.image]
    if pairing.image_origin == "embedded":
        image_sha256, pixels_sha256 = music.cover_sha256, music.pixels_sha256
    elif pairing.image_origin == "video":
        image_sha256 = pixels_sha256 = music.sha256
    else:
        image_sha256, pixels_sha256 = image.sha256, image.pixels_sha256
    return Piece(
        music_path=pairing.music,
        music_sha256=music.sha256,
        duration_s=music.duration_s,
        image_path=pairing.image,
        image_origin=pairing.image_origin,
        image_sha256=image_sha256,
        pixels_sha256=pixels_sha256,
        sound_sha256=music.sound_sha256,
        story_path=pairing.story,
        tags=music.tags,
    )
