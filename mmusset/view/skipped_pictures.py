"""Thumbnails of pictures that no sample was made of.

They lie in the source as their owner put them there, so they are opened by the process that a build
decodes with, and only while they are the bytes that the build has read.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mmusset.builder.decoding.sandbox import Sandbox
from mmusset.builder.decoding.tasks import ComposingTask
from mmusset.errors import Unread, Unusable
from mmusset.recipe_parts.media import ImagePart, LimitsPart
from mmusset.sources.source import Source
from mmusset.temporary_folder import TemporaryFolder

NAME = "thumb.jpg"
STORED = ImagePart(max_side_px=240, min_side_px=28, jpeg_quality=80)
LIMITS = LimitsPart(workers=1, decode_seconds=20)
# About 10 kB each.
KEPT = 200


@dataclass(frozen=True, slots=True)
class SkippedPicture:
    """A picture of the source that no sample was made of, and the hash of the bytes that the build
    read."""

    source: Source
    path: bytes
    sha256: str


class SkippedPictures:
    """Makes thumbnails, one after the other, and keeps some; the process that decodes ends with the
    block, and begins with the first picture."""

    def __init__(self) -> None:
        self._sandbox = Sandbox(LIMITS)
        self._kept: dict[str, bytes] = {}
        self._one_at_a_time = asyncio.Lock()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._folder = Path(self._open.enter_context(TemporaryFolder()))
        await self._open.enter_async_context(self._sandbox)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def thumbnail(self, picture: SkippedPicture) -> bytes:
        """A picture as a JPEG of at most 240 pixels a side.

        Raises Unusable where it is not to be decoded or has changed since, Unread where the
        machine can't read it.
        """
        async with self._one_at_a_time:
            if picture.sha256 not in self._kept:
                if len(self._kept) >= KEPT:
                    self._kept.clear()
                self._kept[picture.sha256] = await self._decoded(picture)
            return self._kept[picture.sha256]

    async def _decoded(self, picture: SkippedPicture) -> bytes:
        stem = self._folder / "thumb"
        async with picture.source.open(picture.path) as file:
            task = ComposingTask(
                picture=os.fsencode(file),
                picture_sha256=picture.sha256,
                story=b"",
                stem=os.fsencode(stem),
                image=STORED,
            )
            await self._sandbox.composing_input(task)
        return stem.with_suffix(".jpg").read_bytes()


def why_not(error: Unusable | Unread) -> str:
    """Why a picture has no thumbnail, for people."""
    if isinstance(error, Unread):
        return f"the picture could not be read: {error.why}"
    return f"{error.reason}: {error.detail}" if error.detail else error.reason
