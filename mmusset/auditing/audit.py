"""An audit: each caption that a source gives, against a clip of its own music. Nothing is built."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from mmusset.builder.decoding.sandbox import Sandbox
from mmusset.builder.decoding.tasks import NO_CAPTION, CaptionedTask, HearTask
from mmusset.ears.hearing import valued
from mmusset.ears.listed import ears_named
from mmusset.ears.listener import NAME as LISTENER
from mmusset.errors import Unread, Unusable, UsageError, first_error
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.sample_parts.piece import Stretch
from mmusset.sources.pair import captions_of
from mmusset.sources.sharded import ShardSource
from mmusset.sources.sidecar import sidecars
from mmusset.sources.source import Source
from mmusset.temporary_folder import TemporaryFolder

from .cut_from import key_of, pieces_of
from .findings import AuditFindings, HeardText, by_attribute, counted, find, worst_of

BATCH = 64
Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class GivenCaption:
    """Music and the file that gives its caption: paths in the source. `stretch` is what of the
    music it is of, None for all of it."""

    music: bytes
    file: bytes
    stretch: Stretch | None


async def audit(source: Source, recipe: Recipe, sample: int | None, step: Step) -> AuditFindings:
    """Judge the captions that a source gives, `sample` of them drawn at random if it is given.

    `step(done, total)` is called as music is measured. Raises UsageError where no caption is given.
    """
    if LISTENER in recipe.ears:
        raise UsageError(
            "an audit asks no server: name other ears than listener, or none (ears: [])"
        )
    given = _given(source)
    drawn = given if sample is None or sample >= len(given) else _drawn(given, sample)
    auditor = _Auditor(source, recipe)
    with TemporaryFolder() as folder:
        async with Sandbox(recipe.limits) as sandbox:
            heard = await auditor.hear(drawn, sandbox, Path(folder), step)
    if not heard and not auditor.skipped:
        raise UsageError(
            f"no captions in {source}: give each song.mp3 a song.caption.txt, or a song.json with"
            ' "caption", or name a table with a column of captions'
        )
    captions, moved = find(heard, recipe.certainty, recipe.certainty_sounds_like)
    return AuditFindings(
        source=str(source),
        certainty=recipe.certainty,
        ears=recipe.ears,
        clip_seconds=recipe.clip.seconds,
        captions=captions,
        silent=sum(not caption.claims for caption in captions),
        all=counted(claim for caption in captions for claim in caption.claims),
        by_attribute=by_attribute(captions),
        moved=moved,
        worst=worst_of(captions),
        skipped=auditor.skipped,
    )


def _given(source: Source) -> list[GivenCaption]:
    """The captions of a source, in the order of their music."""
    entries = [entry for entry in source.entries() if not entry.skip and not entry.unread]
    by_name = captions_of(entries)
    beside = {music: own for music, (own, _) in sidecars(entries).items() if own}
    stretches = {entry.path: entry.row.stretch for entry in entries}
    return [
        GivenCaption(music, file, stretches[music])
        for music, file in sorted((beside | by_name).items())
    ]


def _drawn(given: Sequence[GivenCaption], sample: int) -> list[GivenCaption]:
    chosen = set(Random(0).sample(range(len(given)), sample))
    return [each for n, each in enumerate(given) if n in chosen]


class _Auditor:
    """The music of a source on its way through the ears."""

    def __init__(self, source: Source, recipe: Recipe) -> None:
        self._source = source
        self._recipe = recipe
        self._heavy: Mapping[str, str] = {
            ear.name: ear.model for ear in ears_named(recipe.ears) if ear.opens
        }
        self.skipped: dict[str, list[str]] = {}
        self._pieces = pieces_of(str(source)) if isinstance(source, ShardSource) else {}

    async def hear(
        self, given: Sequence[GivenCaption], sandbox: Sandbox, folder: Path, step: Step
    ) -> list[HeardText]:
        """The captions that can be judged, in order, each with its evidence."""
        heard: list[HeardText | None] = []
        step(0, len(given))
        for start in range(0, len(given), BATCH):
            batch = given[start : start + BATCH]
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._hear(each, sandbox, folder / f"{n}.flac"))
                        for n, each in enumerate(batch)
                    ]
            except BaseExceptionGroup as errors:
                raise first_error(errors) from None
            heard += [task.result() for task in tasks]
            step(start + len(batch), len(given))
        return [each for each in heard if each]

    async def _hear(self, given: GivenCaption, sandbox: Sandbox, flac: Path) -> HeardText | None:
        recipe, path = self._recipe, show_path(given.music)
        try:
            async with (
                self._source.open(given.music) as music,
                self._source.open(given.file) as file,
            ):
                piece = self._pieces.get(key_of(given.music))
                task = CaptionedTask(
                    music=os.fsencode(music),
                    piece=os.fsencode(piece.file) if piece else b"",
                    piece_sha256=piece.sha256 if piece else "",
                    caption=os.fsencode(file),
                    clip=recipe.clip,
                    ears=recipe.ears,
                    flac=os.fsencode(flac) if self._heavy else b"",
                    stretch=given.stretch,
                )
                clip = await sandbox.captioned(task)
            evidence = clip.music
            if self._heavy:
                more = await sandbox.hear(
                    HearTask(
                        flac=os.fsencode(flac),
                        models=dict(self._heavy),
                        silence_dbfs=recipe.clip.silence_dbfs,
                    )
                )
                both = dict(sorted((evidence.heard | valued(more.heard)).items()))
                evidence = evidence.model_copy(update={"heard": both})
        except Unusable as error:
            if given.file.endswith(b".json") and (error.reason, error.detail) == (NO_CAPTION, ""):
                return None  # a sidecar need not have one
            self._skip(error.reason, path, error.detail)
            return None
        except Unread as error:
            self._skip("could not be read", path, error.why)
            return None
        cut_from = show_path(os.fsencode(piece.file)) if piece else ""
        return HeardText(path, clip.caption, evidence, clip.start_s, clip.sha256, cut_from)

    def _skip(self, reason: str, path: str, detail: str) -> None:
        self.skipped.setdefault(reason, []).append(f"{path}: {detail}" if detail else path)
