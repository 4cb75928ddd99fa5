"""Music for pictures that have none: made by a model before the plan stands, and kept.

What is made is named by what it is made from, so that it is made once, whatever kills the
build; and it stays, since samples are cut from it again where they are lost.
"""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Protocol

from mmusset.errors import MmussetError, Unread, Unusable
from mmusset.files import failpoint, file_sha256
from mmusset.recipe import Recipe
from mmusset.sample import Item
from mmusset.sources.walk import check_there

from .decoding.sandbox import Sandbox
from .decoding.tasks import Survey
from .ledger.file import FOLDER
from .ledger.ledger import Ledger
from .look import Alone, Found, Piece, Skipped, Step, Undecided, once_each


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
    """Where the music of a build is made and kept; `source` and `out` are the build's folders."""

    def __init__(
        self,
        source: Path,
        out: Path,
        recipe: Recipe,
        ledger: Ledger,
        sandbox: Sandbox,
        composer: Composer,
    ) -> None:
        self.folder = out / FOLDER / "generated"
        self._source = source
        self._recipe = recipe
        self._ledger = ledger
        self._sandbox = sandbox
        self._composer = composer
        self._one_at_a_time = asyncio.Lock()

    @property
    def composer(self) -> str:
        """The name of who makes the music."""
        return self._composer.name

    async def supply(self, found: Found, most: int | None, beyond: str, step: Step) -> Found:
        """The same with a piece for each picture that was alone.

        At most so many pieces; the other pictures are skipped with `beyond` as their reason.
        `step(done, total)` is called as music is made. Pictures that nothing can be made of
        are skipped; those that could not be read stay undecided.
        """
        missing = {a for a in found.alone if self._ledger.media.generated(self._name(a)) is None}
        total = len(missing) if most is None else min(most, len(missing))
        pieces: list[Piece] = []
        skipped, undecided, done = list(found.skipped), list(found.undecided), 0
        for alone in found.alone:
            if len(pieces) == most:
                skipped.append(Skipped(alone.image_path, beyond))
                continue
            try:
                pieces.append(alone.with_music(await self._music_for(alone)))
            except Unusable as error:
                skipped.append(Skipped(alone.image_path, error.reason, error.detail))
            except Unread as error:
                undecided.append(Undecided(alone.image_path, error.why))
            if alone in missing:
                done += 1
                step(done, max(done, total))
        in_order = sorted([*found.pieces, *pieces], key=lambda piece: piece.music_path)
        once, twins = once_each(in_order, self._ledger)
        skipped = sorted([*skipped, *twins], key=lambda s: s.path)
        return Found(found.entries, tuple(once), (), tuple(skipped), tuple(undecided))

    async def music_of(self, item: Item) -> Path:
        """The music of an item whose music was made, made again where it was lost or damaged.

        Raises MmussetError where other bytes come out.
        """
        name = self._ledger.media.generated_name(item.music_sha256)
        path = self._path(name)
        async with self._one_at_a_time:
            if not path.exists() or file_sha256(path) != item.music_sha256:
                await self._make(name, item.image_path, item.image_sha256, item.story_path)
                if file_sha256(path) != item.music_sha256:
                    path.unlink()
                    raise MmussetError(
                        f"the music for {os.fsdecode(item.image_path)} was lost, and other bytes"
                        f" come out now: its story, a library or the processor has changed; put"
                        f" the old {path} back, or build into a new --out"
                    )
        return path

    async def _music_for(self, alone: Alone) -> Survey:
        """What the music for a picture says of itself, once it is made. Raises Unusable."""
        name = self._name(alone)
        if known := self._ledger.media.generated(name):
            return known
        path = self._path(name)
        if not path.exists():
            await self._make(name, alone.image_path, alone.image_sha256, alone.story_path)
        music = await self._sandbox.survey(path, "music", self._recipe.image.max_side_px)
        with self._ledger.transaction():
            self._ledger.media.keep_generated(name, music)
        failpoint("music_kept")
        return music

    async def _make(
        self, name: str, image_path: bytes, image_sha256: str, story_path: bytes | None
    ) -> None:
        """Make the music of this name from a picture and its story. Raises Unusable.

        The child that opens them stores the picture as samples hold it: that is what the model
        is shown, here as in its training.
        """
        stem = self.folder.with_name("cache") / name
        for folder in (self.folder, stem.parent):
            folder.mkdir(exist_ok=True)
        try:
            wish = await self._sandbox.wish(
                self._source / os.fsdecode(image_path),
                image_sha256,
                self._source / os.fsdecode(story_path) if story_path else None,
                self._recipe.image,
                stem,
            )
        except (Unread, Unusable):
            check_there(self._source)
            raise
        picture = stem.with_suffix(".jpg")
        self._path(name).unlink(missing_ok=True)
        # Each picture begins from noise of its own.
        asked = (picture, wish.story, self._recipe.clip.seconds, int(name[:8], 16))
        await asyncio.to_thread(self._composer.compose, *asked, self._path(name))
        picture.unlink()

    def _name(self, alone: Alone) -> str:
        seed = self._recipe.music.seed
        told = f"{alone.image_sha256}:{alone.story_sha256}:{self.composer}:{seed}"
        return hashlib.sha256(told.encode()).hexdigest()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.flac"
