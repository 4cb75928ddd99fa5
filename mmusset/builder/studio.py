"""Music for pictures that have none: made by a model before the plan stands, and kept.

What is made is named by what it is made from, so that it is made once, whatever kills the
build; and it stays, since samples are cut from it again where they are lost.
"""

import asyncio
import hashlib
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from mmusset.errors import MmussetError, Unread, Unusable
from mmusset.files import failpoint, file_sha256
from mmusset.sample import Piece, SourcePicture

from .decoding.tasks import ComposingTask, Survey
from .planning.inventory import Inventory, LonePicture, Offer, Skipped, Undecided, once_each
from .planning.surveys import Step
from .workspace import Workspace


class Composer(Protocol):
    """Who makes the music."""

    @property
    def name(self) -> str:
        """The model's, with a hash of its weights."""

    def compose(self, picture: Path, story: str, seconds: float, seed: int, out: Path) -> None:
        """Write music for a picture and its story, if that is not ""; at least so long.

        It is whole on the disk when this returns. The same in, the same bytes. Raises
        Unusable where it can make nothing of them.
        """


class Studio:
    """Where the music of a build is generated and kept."""

    def __init__(self, workspace: Workspace, composer: Composer) -> None:
        self.folder = workspace.folder / "generated"
        self._workspace = workspace
        self._composer = composer
        self._one_at_a_time = asyncio.Lock()

    @property
    def composer(self) -> str:
        """The name of the composer."""
        return self._composer.name

    async def supply(
        self, inventory: Inventory, most: int | None, beyond: str, step: Step
    ) -> Inventory:
        """The same with an offer for each picture that had no music.

        At most so many; the other pictures are skipped with `beyond` as their reason.
        `step(done, total)` is called as music is generated. Pictures that nothing can be made of
        are skipped; those that could not be read stay undecided.
        """
        work = self._workspace
        pictures = inventory.lone_pictures
        missing = {p for p in pictures if work.ledger.media.generated(self._name(p)) is None}
        total = len(missing) if most is None else min(most, len(missing))
        offers: list[Offer] = []
        skipped, undecided, done = list(inventory.skipped), list(inventory.undecided), 0
        for lone in pictures:
            path = lone.picture.path
            if len(offers) == most:
                skipped.append(Skipped(path, beyond))
                continue
            try:
                offers.append(lone.with_music(await self._music_for(lone), work.source))
            except Unusable as error:
                skipped.append(Skipped(path, error.reason, error.detail))
            except Unread as error:
                undecided.append(Undecided(path, error.why))
            if lone in missing:
                done += 1
                step(done, max(done, total))
        in_order = sorted([*inventory.offers, *offers], key=lambda offer: offer.piece.music.path)
        once, twins = once_each(in_order, work.ledger)
        skipped = sorted([*skipped, *twins], key=lambda s: s.path)
        return Inventory(inventory.entries, tuple(once), (), tuple(skipped), tuple(undecided))

    async def music_of(self, piece: Piece) -> Path:
        """The generated music of a piece, generated again where it was lost or damaged.

        Raises MmussetError where other bytes come out.
        """
        name = self._workspace.ledger.media.generated_name(piece.music.sha256)
        path = self._path(name)
        async with self._one_at_a_time:
            if not path.exists() or file_sha256(path) != piece.music.sha256:
                await self._generate(name, piece.picture, piece.story_path)
                if file_sha256(path) != piece.music.sha256:
                    path.unlink()
                    raise MmussetError(
                        f"the music for {os.fsdecode(piece.picture.path)} was lost, and other"
                        f" bytes come out now: its story, a library or the processor has changed;"
                        f" put the old {path} back, or build into a new --out"
                    )
        return path

    async def _music_for(self, lone: LonePicture) -> Survey:
        """What the music for a picture says of itself, once it is generated. Raises Unusable."""
        work, name = self._workspace, self._name(lone)
        if known := work.ledger.media.generated(name):
            return known
        path = self._path(name)
        if not path.exists():
            await self._generate(name, lone.picture, lone.story_path)
        music = await work.sandbox.survey(path, "music", work.recipe.image.max_side_px)
        with work.ledger.transaction():
            work.ledger.media.keep_generated(name, music)
        failpoint("music_kept")
        return music

    async def _generate(self, name: str, picture: SourcePicture, story_path: bytes | None) -> None:
        """Generate the music of this name from a picture and its story. Raises Unusable.

        The child that opens them stores the picture as samples hold it: that is what the model
        is shown, here as in its training.
        """
        work = self._workspace
        stem = work.folder / "cache" / name
        for folder in (self.folder, stem.parent):
            folder.mkdir(exist_ok=True)
        try:
            story = await self._read(picture, story_path, stem)
        except (Unread, Unusable):
            work.source.check()
            raise
        jpeg = stem.with_suffix(".jpg")
        self._path(name).unlink(missing_ok=True)
        # Each picture begins from noise of its own.
        request = (jpeg, story, work.recipe.clip.seconds, int(name[:8], 16))
        await asyncio.to_thread(self._composer.compose, *request, self._path(name))
        jpeg.unlink()

    async def _read(self, picture: SourcePicture, story_path: bytes | None, stem: Path) -> str:
        """Store a picture of the source as `stem`.jpg; gives its story, "" for none."""
        work = self._workspace
        async with AsyncExitStack() as files:
            image = await files.enter_async_context(work.source.open(picture.path))
            story = b""
            if story_path:
                story = os.fsencode(await files.enter_async_context(work.source.open(story_path)))
            task = ComposingTask(
                picture=os.fsencode(image),
                picture_sha256=picture.sha256,
                story=story,
                stem=os.fsencode(stem),
                image=work.recipe.image,
            )
            return (await work.sandbox.composing_input(task)).story

    def _name(self, lone: LonePicture) -> str:
        """The hash of all that the music of a picture depends on."""
        seed = self._workspace.recipe.music.seed
        facts = f"{lone.picture.sha256}:{lone.story_sha256}:{self.composer}:{seed}"
        return hashlib.sha256(facts.encode()).hexdigest()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.flac"
