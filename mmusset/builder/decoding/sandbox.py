"""Child processes that open untrusted media, with limits of memory and time.

A child that crashes or hangs is replaced. Nobody knows whether its file or the machine was why,
so the file counts as one that could not be read; what eats too much memory is the file's fault.

Ears with heavy models listen in one more child, which opens no media but the clips that the others
have stored, and has no limit of memory: each model is there once, however many decode.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmusset.child_process import child_environment, python_command
from mmusset.ears.listed import EARS
from mmusset.errors import MmussetError, Unfit, Unread, Unusable
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.quality import Aesthetics
from mmusset.recipe_parts.media import LimitsPart
from mmusset.sample import Prepared
from mmusset.sources.source import Kind

from .seats import Seats
from .tasks import (
    AestheticsTask,
    AnyTask,
    CaptionedClip,
    CaptionedTask,
    Compared,
    CompareTask,
    ComposingInput,
    ComposingTask,
    FeelTask,
    HearTask,
    Listened,
    ListenTask,
    Measurements,
    PrepareTask,
    Sung,
    Survey,
    Surveyed,
    SurveyedFiles,
    SurveysTask,
    SurveyTask,
    Themes,
    ThemesTask,
    TranscribeTask,
)

# A reply is one line of JSON: evidence takes about 2 kB, what a site reserves of its files up to
# some hundreds, and one reply may tell of several files.
LINE_LIMIT = 1 << 24


HEAR_SECONDS = 600.0  # to import torch, load a model and listen to a clip


class Sandbox:
    """`limits.workers` children at most that decode, and one that listens; each serves one request
    at a time."""

    def __init__(self, limits: LimitsPart) -> None:
        self._decoders = _Pool(
            limits.workers, limits.decode_memory_mb, limits.decode_seconds, "the decoder"
        )
        self._ears = _Pool(1, 0, HEAR_SECONDS, "the process that listens")

    async def __aenter__(self) -> "Sandbox":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._decoders.end()
        await self._ears.end()

    async def survey(self, path: Path, kind: Kind, max_side_px: int) -> Survey:
        """What a file says of itself. Raises Unusable if it can't be opened, Unread."""
        task = SurveyTask(file=os.fsencode(path), kind=kind, max_side_px=max_side_px)
        return Survey.model_validate_json(await self._decoders.run(task))

    async def survey_all(self, tasks: Sequence[SurveyTask]) -> tuple[Surveyed, ...]:
        """What each file says of itself, or why it says nothing, by one child.

        If the child crashes over them, or takes longer than one file may, each file is read again
        by itself: only those over which that happens again count as ones that could not be read.
        """
        try:
            reply = await self._decoders.run(SurveysTask(files=tuple(tasks)))
        except Unread as error:
            if len(tasks) == 1:
                return (Surveyed(unread=error.why),)
            return tuple([each for task in tasks for each in await self.survey_all([task])])
        return SurveyedFiles.model_validate_json(reply).files

    async def composing_input(self, task: ComposingTask) -> ComposingInput:
        """What music is to be made from, its picture stored.

        Raises Unusable where the picture or the story can't be used, Unread.
        """
        return ComposingInput.model_validate_json(await self._decoders.run(task))

    async def prepare(self, task: PrepareTask) -> Prepared:
        """One item's clip and picture, cut, measured and stored.

        Raises Unusable (failed) or Unfit (rejected) for the item's fault, Unread where the
        machine failed to read them, and MmussetError where it failed to store them.
        """
        return Prepared.model_validate_json(await self._decoders.run(task))

    async def feel(self, task: FeelTask) -> Measurements:
        """What is measured of a file. Raises as `prepare` does."""
        return Measurements.model_validate_json(await self._decoders.run(task))

    async def themes(self, task: ThemesTask) -> Themes:
        """How near a stored file comes to each theme. Raises as `hear` does."""
        return Themes.model_validate_json(await self._ears.run(task))

    async def aesthetics(self, task: AestheticsTask) -> Aesthetics:
        """What listeners would give a stored clip. Raises as `hear` does."""
        return Aesthetics.model_validate_json(await self._ears.run(task))

    async def compare(self, task: CompareTask) -> Compared:
        """How near stories are to a stored picture. Raises as `hear` does."""
        return Compared.model_validate_json(await self._ears.run(task))

    async def captioned(self, task: CaptionedTask) -> CaptionedClip:
        """A caption and the evidence on its music. Raises as `prepare` does."""
        return CaptionedClip.model_validate_json(await self._decoders.run(task))

    async def listen(self, task: ListenTask) -> Listened:
        """A piece's first clip, stored as a listener is sent it, and what ears hear in it.

        Raises as `prepare` does.
        """
        return Listened.model_validate_json(await self._decoders.run(task))

    async def hear(self, task: HearTask) -> Listened:
        """What ears with heavy models hear in a stored clip; their calibration is not known there.

        Raises MmussetError where a model can't be used, Unread where the process dies.
        """
        return Listened.model_validate_json(await self._ears.run(task))

    async def transcribe(self, task: TranscribeTask) -> Sung:
        """What is sung in a stored clip. Raises as `hear` does."""
        return Sung.model_validate_json(await self._ears.run(task))


class _Pool:
    """Children of one kind."""

    def __init__(self, most: int, memory_mb: int, seconds: float, what: str) -> None:
        self._memory_mb = memory_mb
        self._seconds = seconds
        self._what = what
        self.seats = Seats[Process](most)

    async def end(self) -> None:
        """End those that are idle."""
        for seat in self.seats.free:
            if seat.holder:
                await _end(seat.holder)
                seat.holder = None

    async def run(self, task: AnyTask) -> str:
        """The reply to a task, as JSON. Raises as the methods of `Sandbox` do."""
        async with self.seats.seat(_piece_of(task)) as seat:
            child = seat.holder or await self._start()
            seat.holder = None
            try:
                reply = await self._exchange(child, task.model_dump_json())
            except BaseException:
                seat.work = b""  # what it heard is gone with it
                await _end(child)
                raise
            seat.holder = child
        if "unfit" in reply:
            raise Unfit(*reply["unfit"])
        if "unusable" in reply:
            raise Unusable(*reply["unusable"])
        if "unread" in reply:
            raise Unread(reply["unread"])
        if "unmeasurable" in reply:
            raise MmussetError(
                f"the process that measures can't import {reply['unmeasurable']}; a measurement"
                " or an ear is declared in a module that it can import by itself"
            )
        if "deaf" in reply:
            raise MmussetError(str(reply["deaf"]))
        if "broken" in reply:
            raise MmussetError(
                f"media could not be stored: {reply['broken']};"
                " fix that and run the same command again"
            )
        return str(reply["ok"])

    async def _exchange(self, child: Process, task: str) -> dict[str, Any]:
        assert child.stdin and child.stdout
        line = b""
        try:
            child.stdin.write(task.encode() + b"\n")
            async with asyncio.timeout(self._seconds):
                line = await child.stdout.readline()
        except TimeoutError:
            raise Unread(f"{self._what} took over {self._seconds:g} s") from None
        except ConnectionError:
            pass
        if not line.endswith(b"\n"):
            raise Unread(f"{self._what} died (exit status {await child.wait()})")
        reply: dict[str, Any] = json.loads(line)
        return reply

    async def _start(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *python_command(
                "mmusset.builder.decoding.worker", str(self._memory_mb), *_foreign_modules()
            ),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_LIMIT,
            env=_environment(),
            # Ctrl-C is for the build, which drains; not for its children.
            start_new_session=True,
        )


def _piece_of(task: AnyTask) -> bytes:
    """The piece of which a child keeps what it has heard, for the next of its clips."""
    return task.item.piece.music.sha256.encode() if isinstance(task, PrepareTask) else b""


def _environment() -> dict[str, str]:
    """What declares a measurement or an ear of its own was found on our path."""
    foreign = {"PYTHONPATH": os.pathsep.join(sys.path)} if _foreign_modules() else {}
    return child_environment() | foreign


def _foreign_modules() -> list[str]:
    """The modules of others that declare what is to be measured, or an ear."""
    return list(dict.fromkeys((*MEASUREMENTS.foreign_modules(), *EARS.foreign_modules())))


async def _end(child: Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()
