"""One item's media and evidence: prepared once, kept, and prepared again where they were lost."""

import hashlib
import os
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mmusset.ears.hearing import valued
from mmusset.ears.listed import ears_named
from mmusset.ears.listener import NAME as LISTENER
from mmusset.errors import MmussetError, Unread, Unusable
from mmusset.eyes.eye import Eye
from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.sample import Material, Prepared, Revision
from mmusset.sample_parts.media import Match
from mmusset.sample_parts.piece import Item
from mmusset.sample_parts.texts import PictureFit
from mmusset.sample_parts.turns import Turn
from mmusset.shards.frames import MEMBER as FRAMES
from mmusset.speakers.asking import Fit
from mmusset.structure import SPREAD

from .decoding.tasks import (
    AestheticsTask,
    CompareTask,
    HearTask,
    Originals,
    PrepareTask,
    TranscribeTask,
)
from .ledger.plan import PlannedItem
from .studio import Studio
from .transcribing import compared
from .workspace import Workspace


class Stored(NamedTuple):
    """The media of an item as its shard holds them; `frames` b"" where the picture is a still."""

    image: bytes
    music: bytes
    frames: bytes = b""


class Media:
    """The media of one build.

    `studio` generates the music of pictures that have none, if there may be such.
    """

    def __init__(self, workspace: Workspace, studio: Studio | None = None) -> None:
        self.cache = workspace.folder / "cache"
        self._workspace = workspace
        self._studio = studio

    async def prepare(self, planned: PlannedItem) -> Prepared:
        """The item's clip, picture and evidence; kept in the ledger the first time.

        Raises Unusable for the item's fault, Unread.
        """
        ledger = self._workspace.ledger
        if known := ledger.media.prepared(planned.idx):
            return known
        prepared = await self.listened(planned.item)
        failpoint("media_stored")
        with ledger.transaction():
            ledger.media.keep_prepared(planned.idx, prepared)
        failpoint("media_kept")
        return prepared

    async def ensure(self, planned: PlannedItem, for_model: bool = True) -> Prepared:
        """What was prepared, its media stored again if they were lost.

        With `for_model` what models are sent, picture and sound, is among them. Raises
        MmussetError if the source no longer gives the bytes that were measured, Unread if it can't
        be read.
        """
        prepared, item = self._workspace.ledger.media.prepared(planned.idx), planned.item
        if prepared is None:
            return await self.prepare(planned)  # and so it has just been stored
        recipe = self._workspace.recipe
        shown = [self.picture(item.key)] if model_pixels(recipe) else []
        shown += [self.sound(item.key)] if LISTENER in recipe.ears else []
        missing = for_model and not all(path.exists() for path in shown)
        if missing or self._stored(item.key, prepared) is None:
            try:
                # The story was read when the item was prepared; its file may be gone since.
                await self.cut(item, with_story=False, before=prepared)
            except Unusable as error:
                raise _changed(item, str(error)) from None
            if self._stored(item.key, prepared) is None:
                raise _changed(item, "other bytes come out of it now")
        return prepared

    async def listened(self, item: Item) -> Prepared:
        """Cut, measure and store an item, and have models that are heavy listen to its clip.

        Raises as `prepare` does.
        """
        prepared, work = await self.cut(item), self._workspace
        path = self._paths(item.key).music
        flac, silence_dbfs = os.fsencode(path), work.recipe.clip.silence_dbfs
        if models := heavy_models(work.recipe):
            places = self._places(item.key)
            listened_to = os.fsencode(places) if places.exists() else flac
            task = HearTask(flac=listened_to, models=models, silence_dbfs=silence_dbfs)
            prepared = prepared.with_heard(valued((await work.sandbox.hear(task)).heard))
            places.unlink(missing_ok=True)
        if judge := work.recipe.quality.aesthetics:
            liked = await work.sandbox.aesthetics(AestheticsTask(flac=flac, model=judge))
            prepared = prepared.with_aesthetics(liked)
        lyrics, asked = prepared.media.lyrics, work.recipe.transcriber
        if work.recipe.transcribes and lyrics.text:
            to_write = TranscribeTask(
                flac=flac, model=asked.model, language=asked.language, silence_dbfs=silence_dbfs
            )
            sung = await work.sandbox.transcribe(to_write)
            prepared = prepared.with_lyrics(compared(lyrics, sung))
        return prepared

    async def cut(
        self, item: Item, with_story: bool = True, before: Prepared | None = None
    ) -> Prepared:
        """Cut, measure and store an item's clip and picture, as if nothing had been prepared.

        But a clip that was chosen by its sound `before` is cut where it was then: to choose takes
        time, and another machine may round otherwise.
        """
        work = self._workspace
        self.cache.mkdir(exist_ok=True)
        try:
            async with AsyncExitStack() as files:
                originals = await self._open(item, with_story, files)
                return await work.sandbox.prepare(self._task(item, originals, before))
        except (Unread, Unusable):
            work.source.check()
            raise

    async def fit(self, key: str, story: str, eye: Eye) -> PictureFit:
        """How well a story goes with the stored picture of that item. Raises as `hear` of the
        sandbox does."""
        picture = self._paths(key).image
        task = CompareTask(picture=os.fsencode(picture), stories=(story,), model=eye.model)
        (cosine,) = (await self._workspace.sandbox.compare(task)).cosines
        return eye.fit(cosine)

    def load(self, key: str, prepared: Prepared) -> Stored:
        """The stored bytes that `ensure` made sure of."""
        stored = self._stored(key, prepared)
        if stored is None:
            raise MmussetError(f"something deleted {self.cache / key}.*; run the command again")
        return stored

    def store(self, key: str, stored: Stored) -> None:
        """Store what a shard holds of an item; whether it is whole, `ensure` will see."""
        self.cache.mkdir(exist_ok=True)
        for path, data in zip(self._paths(key), stored, strict=True):
            if data:
                path.write_bytes(data)

    def picture(self, key: str) -> Path:
        """Where the picture is that a model is shown; `ensure` made sure of it."""
        return self.cache / f"{key}.model.jpg"

    def sound(self, key: str) -> Path:
        """Where the sound is that a listener is sent; `ensure` made sure of it."""
        return self.cache / f"{key}.listener.wav"

    def _places(self, key: str) -> Path:
        """Where the places of an item's piece are, until ears with heavy models have heard them."""
        return self.cache / f"{key}.places.flac"

    def forget(self, key: str) -> None:
        """Drop the stored media of an item that is in a shard, or never will be."""
        for path in (*self._paths(key), self.picture(key), self.sound(key)):
            path.unlink(missing_ok=True)

    async def _open(self, item: Item, with_story: bool, files: AsyncExitStack) -> Originals:
        """The files that an item is made of, open until `files` are closed."""
        piece, source = item.piece, self._workspace.source

        async def open_(path: bytes) -> bytes:
            return os.fsencode(await files.enter_async_context(source.open(path)))

        if piece.is_generated:
            assert self._studio
            music = os.fsencode(await self._studio.music_of(piece))
        else:
            music = await open_(piece.music.path)
        picture = music if piece.picture.is_in_music else await open_(piece.picture.path)
        story = await open_(piece.story_path) if with_story and piece.story_path else b""
        keeps = with_story and self._workspace.recipe.lyrics == "keep"
        lyrics = await open_(piece.lyrics_path) if keeps and piece.lyrics_path else b""
        caption = await open_(piece.caption_path) if with_story and piece.caption_path else b""
        reads = with_story and self._workspace.recipe.scores.are_read and piece.score_path
        score = await open_(reads) if reads else b""
        return Originals(
            music=music, picture=picture, story=story, lyrics=lyrics, caption=caption, score=score
        )

    def _task(self, item: Item, originals: Originals, before: Prepared | None) -> PrepareTask:
        recipe = self._workspace.recipe
        was_chosen = before is not None and before.media.music.chosen != SPREAD
        composer = self._studio.composer if self._studio and item.piece.is_generated else ""
        return PrepareTask(
            item=item,
            originals=originals,
            stem=os.fsencode(self.cache / item.key),
            clip=recipe.clip,
            image=recipe.image,
            model_pixels=model_pixels(recipe),
            generated_by=composer,
            ears=recipe.ears,
            sound=LISTENER in recipe.ears,
            cut_before=before.media.music if before and was_chosen else None,
            # What was measured is kept: a clip that is cut again needs its media alone.
            sections=recipe.finds_sections and before is None,
            whole=recipe.caption.scope == "piece" and before is None,
            places=bool(heavy_models(recipe)),
            lyrics=recipe.lyrics == "keep",
            match=self._match(item),
            scores=recipe.scores.are_read,
            soundfont=os.fsencode(recipe.scores.soundfont),
            # An item that was prepared when frames were not yet kept has none.
            frames=before is None or before.media.frames.count > 0,
        )

    def _match(self, item: Item) -> Match:
        """How an item's picture and music came together, where the recipe matches any."""
        if self._workspace.recipe.pairing.mode == "given":
            return Match()
        if item.piece.picture.origin != "matched":
            return Match(by="source")
        music, picture = item.piece.music, item.piece.picture
        return self._workspace.ledger.matching.match(music.sha256, picture.sha256)

    def _stored(self, key: str, prepared: Prepared) -> Stored | None:
        """What is stored of an item; None where any of it is lost or is not what was prepared."""
        media, paths = prepared.media, self._paths(key)
        expected = (media.image.sha256, media.music.sha256, media.frames.sha256)
        found = Stored(*(_read(path, sha256) for path, sha256 in zip(paths, expected, strict=True)))
        hashes = tuple(hashlib.sha256(data).hexdigest() if data else "" for data in found)
        return found if hashes == expected else None

    def _paths(self, key: str) -> "_Paths":
        image, music, frames = (self.cache / f"{key}.{end}" for end in ("jpg", "flac", FRAMES))
        return _Paths(image, music, frames)


class _Paths(NamedTuple):
    """Where the media of an item are stored."""

    image: Path
    music: Path
    frames: Path


def _read(path: Path, sha256: str) -> bytes:
    """What is stored there, if anything should be; b"" where it is not."""
    return path.read_bytes() if sha256 and path.exists() else b""


def heavy_models(recipe: Recipe) -> dict[str, str]:
    """The folders of the models that are heavy, by the recipe's ears that have them."""
    return {ear.name: ear.model for ear in ears_named(recipe.ears) if ear.opens}


def model_pixels(recipe: Recipe) -> int:
    """How many pixels a model is shown of a picture; 0 where there is no model."""
    return 0 if recipe.speaker.kind == "offline" else recipe.speaker.max_pixels


def material_of(
    item: Item,
    prepared: Prepared,
    media: Media,
    seed: int,
    revision: Revision | None = None,
    others: int = 0,
    earlier: tuple[Turn, ...] = (),
) -> Material:
    """What the agents are given of an item; what models are sent of it lies in `media`.

    Of a matched piece there are so many `others` of pictures that they may ask for, after the turns
    with `earlier` ones.
    """
    picture, sound = media.picture(item.key), media.sound(item.key)
    tags = item.piece.tags
    return Material(item.key, seed, tags, prepared, picture, revision, sound, others, earlier)


def fit_by(eye: Eye | None, media: Media) -> Fit | None:
    """What tells agents how well pictures and stories go together; None where nothing sees."""
    if eye is None:
        return None
    return partial(media.fit, eye=eye)


def _changed(item: Item, why: str) -> MmussetError:
    name = show_path(item.piece.music.path)
    return MmussetError(
        f"{name} or its picture has changed since it was measured ({why}), or a decoding"
        " library has; put the old file or library back, or build into a new --out"
    )
