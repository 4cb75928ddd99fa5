"""`mmusset remove`: pieces leave a dataset for good, in a new version of its shards.

What was made of them goes from the shards, from the ledger and from its copy: samples, texts,
replies, measurements, marks, names. What stays is that something was removed, when, why and how
much, and a hash of each piece's hash, by which a later build leaves it out.

All is taken out of the ledger in one transaction; what comes after it (new shards, manifest, the
old shards deleted) is finished by the same command, or by a build, whatever ends it before.
"""

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mmusset.errors import MmussetError, UsageError
from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.sample import Key
from mmusset.shards.manifest import known_manifest
from mmusset.sources.choose import root_at, source_at
from mmusset.text import counted

from .ledger.copy import LedgerCopy
from .ledger.file import open_to_read
from .ledger.ledger import Ledger
from .ledger.plan import PlannedItem
from .ledger.removals import Removal
from .manifest import write_manifest
from .media import Media
from .seal import Sealer
from .workspace import Workspace, open_workspace

MOST_WHY_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal took out. `finished` means that the shards and the manifest have it no more;
    else a build has to decide what is left first. `staying` is what stays of the same recordings.
    """

    pieces: int
    samples: int
    finished: bool
    staying: tuple["StayingPiece", ...] = ()

    def text(self) -> str:
        """For people."""
        return "\n".join([self._what(), *(each.text() for each in self.staying)])

    def _what(self) -> str:
        if not self.pieces:
            return "nothing new to remove; what was begun before is finished"
        samples = counted(self.samples, "accepted sample")
        what = f"removed {counted(self.pieces, 'piece')} with {samples}"
        if self.finished:
            return (
                f"{what}; what was published has them until you push again, and the Hub keeps what"
                " was there before"
            )
        return f"{what}; run `mmusset build` to the end, and the shards have them no more"


@dataclass(frozen=True, slots=True)
class StayingPiece:
    """A piece that a removal does not name, and that sounds the same as one that it does."""

    music: str
    key: Key

    def text(self) -> str:
        """For people: what stays, and how it would go too."""
        return f"{self.music} stays, and is the same recording: --item {self.key} removes it too"


@dataclass(frozen=True, slots=True)
class ToRemove:
    """What a removal would take out: the paths of the music, in the order of the plan; and what
    would stay of the same recordings."""

    music: tuple[bytes, ...]
    staying: tuple[StayingPiece, ...]

    def text(self) -> str:
        """For people."""
        lines = [f"would remove {counted(len(self.music), 'piece')}:"]
        lines += [f"  {show_path(path)}" for path in self.music]
        return "\n".join([*lines, *(each.text() for each in self.staying)])


def to_remove(out: Path, items: Sequence[str], places: Sequence[str]) -> ToRemove:
    """What a removal would take out.

    `items` are keys of samples or paths of their music, `places` files and folders of the source,
    from its top or from that of the disk; all clips of a piece go. Raises UsageError where one of
    them names nothing that is there, or was removed before.
    """
    with open_to_read(out) as ledger:
        planned = _named(ledger, items, places, _is_unfinished(out, ledger))
        paths = dict.fromkeys(each.item.piece.music.path for each in planned)
        return ToRemove(tuple(paths), _staying(ledger, planned))


async def remove(out: Path, items: Sequence[str], places: Sequence[str], why: str) -> Removed:
    """Take out what `to_remove` names, and finish what an earlier removal began.

    Raises as `to_remove` does; UsageError without a reason, MmussetError where the disk refuses or
    a build is running.
    """
    why = " ".join(why.split())
    if not 0 < len(why) <= MOST_WHY_CHARACTERS:
        raise UsageError(
            f"a removal needs a reason of at most {MOST_WHY_CHARACTERS} characters, which the"
            " manifest and the card tell: --why"
        )
    with open_to_read(out) as ledger:
        recipe = Recipe.of_canonical(ledger.job.facts().recipe)
        source = source_at(ledger.job.source)
    async with open_workspace(source, out, recipe) as workspace:
        ledger = workspace.ledger
        planned = _named(ledger, items, places, _is_unfinished(out, ledger))
        staying = _staying(ledger, planned)
        removal = _take_out(workspace, planned, why) if planned else None
        finished = await _finish(workspace)
    pieces, samples = (removal.pieces, removal.samples) if removal else (0, 0)
    return Removed(pieces, samples, finished, staying)


def _staying(ledger: Ledger, planned: Sequence[PlannedItem]) -> tuple[StayingPiece, ...]:
    """What stays of the recordings of these pieces, in the order of the plan."""
    going = {each.item.source_sha256 for each in planned}
    alike = ledger.media.same_recordings(going)
    return tuple(
        StayingPiece(show_path(each.item.piece.music.path), each.item.key)
        for each in (ledger.plan.items() if alike else ())
        if each.item.source_sha256 in alike and each.item.clip_index == 0
    )


def _is_unfinished(out: Path, ledger: Ledger) -> bool:
    """Whether the manifest does not tell of all that was taken out, or old shards are still there,
    as after a kill."""
    manifest = known_manifest(out)
    return (
        manifest is None
        or len(manifest.removed) < len(ledger.removals.all())
        or bool(ledger.shards.replaced())
    )


def _named(
    ledger: Ledger, items: Sequence[str], places: Sequence[str], is_unfinished: bool
) -> list[PlannedItem]:
    """Every planned item of the pieces that are named. A place of which nothing is there may be
    one of a removal that is to be finished."""
    if not items and not places:
        raise UsageError("say what to remove: --item KEY, or --source PATH")
    everything = list(ledger.plan.items())
    pieces: set[str] = set()
    for named in items:
        path = _in_source(ledger, named)
        found = {
            p.item.source_sha256
            for p in everything
            if named == p.item.key or p.item.piece.music.path == path
        }
        if not found and not ledger.removals.knows(named):
            raise UsageError(f"no sample of the dataset has the key or path {named!r}")
        pieces |= found
    for place in places:
        path = _in_source(ledger, place).rstrip(b"/")
        found = {p.item.source_sha256 for p in everything if _is_in(p, path)}
        if not found and not is_unfinished:
            raise UsageError(
                f"nothing in the dataset was made of {show_path(path)}: name a file or a folder as"
                " it lies in the source"
            )
        pieces |= found
    return [planned for planned in everything if planned.item.source_sha256 in pieces]


def _in_source(ledger: Ledger, place: str) -> bytes:
    """A place as the plan has it: from the top of the source, whatever it is named from."""
    if ledger.job.source and Path(place).is_absolute():
        top = root_at(ledger.job.source)
        for path, above in ((Path(place), top), (Path(place).resolve(), top.resolve())):
            if path.is_relative_to(above) and path != above:
                return os.fsencode(path.relative_to(above))
    return os.fsencode(place)


def _is_in(planned: PlannedItem, path: bytes) -> bool:
    """Whether a piece's music is the file of that path, or in the folder."""
    music = planned.item.piece.music.path
    return music == path or music.startswith(path + b"/")


def _take_out(workspace: Workspace, planned: Sequence[PlannedItem], why: str) -> Removal:
    """Take items out of the ledger, all or nothing, and what lies beside it of them."""
    ledger = workspace.ledger
    generated = {
        ledger.media.generated_name(p.item.source_sha256)
        for p in planned
        if p.item.piece.is_generated
    }
    with ledger.transaction():
        samples = 0
        for each in planned:
            outcome = ledger.verdicts.outcome(each.idx)
            samples += outcome is not None and outcome.verdict.status == "accepted"
            ledger.shards.reopen(each.idx)
            ledger.removals.forget(each)
        removal = Removal(
            at=datetime.now(UTC).date().isoformat(),
            why=why,
            samples=samples,
            pieces=len({each.item.source_sha256 for each in planned}),
        )
        ledger.removals.keep(removal)
        failpoint("removal_written")
    failpoint("removal_kept")
    # The ledger first: it never names a sample whose media are gone.
    media = Media(workspace)
    for each in planned:
        media.forget(each.item.key)
    for name in generated:
        (workspace.folder / "generated" / f"{name}.flac").unlink(missing_ok=True)
    return removal


async def _finish(workspace: Workspace) -> bool:
    """Write the shards that are missing, the manifest and the ledger's copy; False where items are
    left to decide. What the ledger deleted is overwritten."""
    ledger, out = workspace.ledger, workspace.out
    media = Media(workspace)
    sealer = Sealer(workspace, media)
    sealer.sweep()
    for block in ledger.plan.blocks():
        if ledger.shards.of(block.n) is None and not (
            block.provisional or ledger.verdicts.undecided_in(block.n)
        ):
            await sealer.seal(block)
    ledger.removals.sweep()
    copied: list[str] = []
    async with LedgerCopy(out, ledger, copied.append) as copy:
        await copy.make()
    if copied:
        raise MmussetError(f"{copied[0]}; the old copy has what was removed: run this again")
    if ledger.verdicts.tally().undecided:
        return False
    # The manifest last: while it lacks the removal, the next command takes that for unfinished.
    write_manifest(out, ledger)
    sealer.remove_replaced()
    await asyncio.to_thread(shutil.rmtree, media.cache, ignore_errors=True)
    return True
