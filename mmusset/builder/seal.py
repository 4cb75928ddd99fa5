"""Sealing: a block whose items all have a verdict becomes a shard, once."""

import asyncio
import tarfile
from contextlib import suppress

from mmusset.ears.listener import NAME as LISTENER
from mmusset.errors import MmussetError, Unread
from mmusset.files import PARTIAL, failpoint, file_sha256
from mmusset.safe_text import show_path
from mmusset.sample import Prepared, Quadruple
from mmusset.sample_parts.piece import Tags
from mmusset.shards.frames import MEMBER as FRAMES
from mmusset.shards.tar import (
    MEMBERS,
    Sample,
    Shard,
    read_shard,
    shard_name,
    write_shard,
)
from mmusset.speakers.offline.caption_facets import facets_of

from .ledger.plan import PlannedBlock, PlannedItem
from .media import Media, Stored
from .workspace import Workspace

# Stands for a block of which nothing was accepted: it has no file.
NO_SHARD = Shard("", 0, 0, "")


class Sealer:
    """Turns decided blocks into shards of `out`."""

    def __init__(self, workspace: Workspace, media: Media) -> None:
        self._out = workspace.out
        self._recipe = workspace.recipe
        self._ledger = workspace.ledger
        self._media = media
        self._shards = workspace.shards

    async def seal(self, block: PlannedBlock) -> Shard:
        """Write the block's shard and record it."""
        await self._take_over(block)
        if self._ledger.verdicts.accepted_in(block.n):
            with self._ledger.transaction():
                self._ledger.shards.begin(block.n, shard_name(block.split, block.number))
            failpoint("shard_begun")
        shard = await self._write(block)
        version = await asyncio.to_thread(self._version, shard)
        with self._ledger.transaction():
            self._ledger.shards.record(block.n, shard, version)
        failpoint("shard_recorded")
        for planned in self._ledger.verdicts.accepted_in(block.n):
            self._media.forget(planned.item.key)
        return shard

    async def rewrite(self, block: PlannedBlock) -> Shard:
        """Write the block's shard again.

        Raises MmussetError if other bytes come out; what stands there stays.
        """
        recorded = self._ledger.shards.of(block.n)
        written = await self._write(block, recorded)
        version = await asyncio.to_thread(self._version, written)
        with self._ledger.transaction():
            self._ledger.shards.set_mtime_ns(block.n, version)
        for planned in self._ledger.verdicts.accepted_in(block.n):
            self._media.forget(planned.item.key)
        return written

    def is_intact(self, block: PlannedBlock, check: bool) -> bool:
        """Whether the block's shard lies where it should, as the ledger records it.

        A file whose size and time are those that it had is not read, but with `check`.
        """
        recorded = self._ledger.shards.of(block.n)
        if recorded is None or recorded == NO_SHARD:
            return recorded is not None
        stamp = self._shards.stamp(recorded.name)
        if stamp is None or stamp.size != recorded.size:
            return False
        is_known = stamp.version == self._ledger.shards.mtime_ns(block.n)
        if is_known and not check:
            return True
        with self._shards.as_it_lies(recorded.name) as path:
            if file_sha256(path) != recorded.sha256:
                return False
        if not is_known:
            with self._ledger.transaction():
                self._ledger.shards.set_mtime_ns(block.n, stamp.version)
        return True

    def sweep(self) -> None:
        """Delete what a killed build left: partial files, and shards that were not recorded."""
        recorded = {
            shard.name
            for block in self._ledger.plan.blocks()
            if (shard := self._ledger.shards.of(block.n))
        }
        begun = set(self._ledger.shards.begun()) - recorded
        for name in {*self._shards.names(), *begun}:
            if name.endswith(PARTIAL) or name in begun:
                self._shards.delete(name)

    def _version(self, shard: Shard) -> int:
        stamp = self._shards.stamp(shard.name) if shard.name else None
        return stamp.version if stamp else 0

    def remove_replaced(self) -> None:
        """Delete the shards that others took the place of, once the manifest names those."""
        names = self._ledger.shards.replaced()
        if not names:
            return
        for name in names:
            self._shards.delete(name)
        failpoint("replaced_removed")
        with self._ledger.transaction():
            self._ledger.shards.forget_replaced()

    async def _take_over(self, block: PlannedBlock) -> None:
        """Take the media of a block that is sealed again from the shards that it had: no need to
        decode them again. What is damaged there is decoded."""
        keys = {planned.item.key for planned in self._ledger.verdicts.accepted_in(block.n)}
        for name, of in self._ledger.shards.replaced().items():
            if of == block.n:
                await asyncio.to_thread(self._unpack, name, keys)

    def _unpack(self, name: str, keys: set[str]) -> None:
        with suppress(tarfile.TarError, FileNotFoundError), self._shards.as_it_lies(name) as path:
            for key, members in read_shard(path):
                if key in keys and tuple(members)[: len(MEMBERS)] == MEMBERS:
                    frames = members.get(FRAMES, b"")
                    stored = Stored(members["image.jpg"], members["music.flac"], frames)
                    self._media.store(key, stored)

    async def _write(self, block: PlannedBlock, expected: Shard | None = None) -> Shard:
        accepted = self._ledger.verdicts.accepted_in(block.n)
        if not accepted:
            return NO_SHARD
        quadruples = [await self._quadruple(planned) for planned in accepted]
        samples = (Sample(q, *self._media.load(q.key, prepared)) for q, prepared in quadruples)
        name = shard_name(block.split, block.number)
        # In a thread, so that the other items go on; one sample's media in memory at a time.
        shard = await asyncio.to_thread(write_shard, self._out, name, samples, expected)
        await asyncio.to_thread(self._shards.keep, name)
        return shard

    async def _quadruple(self, planned: PlannedItem) -> tuple[Quadruple, Prepared]:
        item = planned.item
        try:
            prepared = await self._media.ensure(planned, for_model=False)
        except Unread as error:
            name = show_path(item.piece.music.path)
            raise MmussetError(
                f"{name}, whose media were lost from the cache, could not be read ({error.why});"
                " fix that and run the same command again"
            ) from None
        outcome = self._ledger.verdicts.outcome(planned.idx)
        assert outcome and outcome.caption and outcome.story
        writer = next(turn for turn in outcome.turns if turn.agent != LISTENER)
        published = {name: getattr(item.tags, name) for name in self._recipe.tags.published}
        quadruple = Quadruple(
            **dict(prepared.media),
            key=item.key,
            split=item.split,
            group=item.group,
            story=outcome.story,
            caption=outcome.caption,
            captions=facets_of(item.key, outcome.caption.claims),
            tags=Tags(**published),
            speaker=writer.speaker,
            model=writer.model,
            turns=outcome.turns,
            source_sha256=item.source_sha256,
        )
        return quadruple, prepared
