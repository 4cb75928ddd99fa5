"""One item's media and evidence: made once, found again, made again where lost."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from mmusset.errors import MmussetError, Unread, Unusable
from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.sample import Item, Material, Prepared, Revision
from mmusset.sources.walk import check_there

from .decoding.sandbox import Sandbox
from .decoding.tasks import PrepareRequest
from .ledger.file import FOLDER
from .ledger.ledger import Ledger
from .ledger.plan import PlannedItem
from .studio import Studio


class Media:
    """The media of one build: `source` is the folder of originals, `out` the dataset's.

    `studio` is where the music of pictures that are alone is found, if there may be such.
    """

    def __init__(
        self,
        source: Path,
        out: Path,
        recipe: Recipe,
        ledger: Ledger,
        sandbox: Sandbox,
        studio: Studio | None = None,
    ) -> None:
        self.cache = out / FOLDER / "cache"
        self._source = source
        self._recipe = recipe
        self._ledger = ledger
        self._sandbox = sandbox
        self._studio = studio

    async def prepare(self, planned: PlannedItem) -> Prepared:
        """The item's clip, picture and evidence; kept in the ledger when first made.

        Raises Unusable for the item's fault, Unread.
        """
        if known := self._ledger.media.prepared(planned.idx):
            return known
        prepared = await self._make(await self._request(planned.item))
        failpoint("media_stored")
        with self._ledger.transaction():
            self._ledger.media.keep_prepared(planned.idx, prepared)
        failpoint("media_kept")
        return prepared

    async def ensure(self, planned: PlannedItem, shown: bool = True) -> Prepared:
        """What was prepared, its media stored again if they were lost.

        With `shown` the picture that a model is shown is among them. Raises MmussetError if
        the source no longer gives the bytes that were measured, Unread if it can't be read.
        """
        prepared = await self.prepare(planned)
        shown = shown and bool(model_pixels(self._recipe))
        missing = shown and not self.picture(planned.item.key).exists()
        if missing or self._stored(planned.item.key, prepared) is None:
            try:
                request = await self._request(planned.item)
                # The story was read when the item was prepared; its file may be gone since.
                await self._make(replace(request, story_path=""))
            except Unusable as error:
                raise _lost(planned.item, str(error)) from None
            if self._stored(planned.item.key, prepared) is None:
                raise _lost(planned.item, "other bytes come out of it now")
        return prepared

    def load(self, key: str, prepared: Prepared) -> tuple[bytes, bytes]:
        """The stored JPEG and FLAC bytes that `ensure` made sure of."""
        stored = self._stored(key, prepared)
        if stored is None:
            raise MmussetError(f"something deleted {self.cache / key}.*; run the command again")
        return stored

    def store(self, key: str, jpeg: bytes, flac: bytes) -> None:
        """Store what a shard holds of an item; whether it is whole, `ensure` will see."""
        self.cache.mkdir(exist_ok=True)
        for path, data in zip(self._paths(key), (jpeg, flac), strict=True):
            path.write_bytes(data)

    def picture(self, key: str) -> Path:
        """Where the picture is that a model is shown; `ensure` made sure of it."""
        return self.cache / f"{key}.model.jpg"

    def forget(self, key: str) -> None:
        """Drop the stored media of an item that is in a shard, or never will be."""
        for path in (*self._paths(key), self.picture(key)):
            path.unlink(missing_ok=True)

    async def _request(self, item: Item) -> PrepareRequest:
        request = request_for(item, self._source, self._recipe, self.cache / item.key)
        if not item.generated:
            return request
        assert self._studio
        music = str(await self._studio.music_of(item))
        return replace(request, music_path=music, generated_by=self._studio.composer)

    async def _make(self, request: PrepareRequest) -> Prepared:
        self.cache.mkdir(exist_ok=True)
        try:
            return await self._sandbox.prepare(request)
        except (Unread, Unusable):
            check_there(self._source)
            raise

    def _stored(self, key: str, prepared: Prepared) -> tuple[bytes, bytes] | None:
        jpeg, flac = (path.read_bytes() if path.exists() else b"" for path in self._paths(key))
        wanted = (prepared.media.image.sha256, prepared.media.music.sha256)
        if (hashlib.sha256(jpeg).hexdigest(), hashlib.sha256(flac).hexdigest()) != wanted:
            return None
        return jpeg, flac

    def _paths(self, key: str) -> tuple[Path, Path]:
        return self.cache / f"{key}.jpg", self.cache / f"{key}.flac"


def request_for(item: Item, source: Path, recipe: Recipe, stem: Path) -> PrepareRequest:
    """The request to cut, measure and store one item of `source` as `stem`.flac and .jpg."""

    def absolute(relative: bytes) -> str:
        return str(source / os.fsdecode(relative))

    return PrepareRequest(
        music_path=absolute(item.music_path),
        music_sha256=item.music_sha256,
        generated_by="",
        image_path=absolute(item.image_path),
        image_sha256=item.image_sha256,
        image_origin=item.image_origin,
        story_path=absolute(item.story_path) if item.story_path else "",
        clip_index=item.clip_index,
        clip_count=item.clip_count,
        stem=str(stem),
        model_pixels=model_pixels(recipe),
        clip=recipe.clip,
        image=recipe.image,
    )


def model_pixels(recipe: Recipe) -> int:
    """How many pixels a model is shown of a picture; 0 where there is no model."""
    return 0 if recipe.speaker.kind == "offline" else recipe.speaker.max_pixels


def material_of(
    item: Item, prepared: Prepared, picture: Path, seed: int, revision: Revision | None = None
) -> Material:
    """What the agents are given of an item; `picture` is what a model is shown."""
    return Material(item.key, seed, item.tags, prepared, picture, revision)


def _lost(item: Item, why: str) -> MmussetError:
    name = show_path(item.music_path)
    return MmussetError(
        f"{name} or its picture has changed since it was measured ({why}), or a decoding"
        " library has; put the old file or library back, or build into a new --out"
    )
