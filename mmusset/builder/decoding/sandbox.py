"""Child processes that open untrusted media, with limits of memory and time.

A child that crashes or hangs is replaced. Nobody knows whether its file or the machine was why,
so the file counts as one that could not be read; what eats too much memory is the file's fault.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmusset.errors import MmussetError, Unfit, Unread, Unusable
from mmusset.recipe import ImagePart, LimitsPart
from mmusset.safe_text import SECRET_VARIABLES
from mmusset.sample import Prepared
from mmusset.tracing import without_tracing

from .tasks import PrepareRequest, Survey, Wish

if TYPE_CHECKING:
    from asyncio.subprocess import Process

# An answer is one line of JSON; evidence takes about 2 kB.
LINE_LIMIT = 1 << 20


class Sandbox:
    """`limits.workers` children at most; each serves one request at a time."""

    def __init__(self, limits: LimitsPart) -> None:
        self._limits = limits
        self._idle: list[Process] = []
        self._slots = asyncio.Semaphore(limits.workers)

    async def __aenter__(self) -> "Sandbox":
        return self

    async def __aexit__(self, *_: object) -> None:
        for child in self._idle:
            await _end(child)
        self._idle.clear()

    async def survey(self, path: Path, kind: str, max_side_px: int) -> Survey:
        """What a file says of itself. Raises Unusable if it can't be opened, Unread."""
        request = {"task": "survey", "path": str(path), "kind": kind, "max_side_px": max_side_px}
        answer = await self._ask(request)
        return Survey.model_validate_json(answer)

    async def wish(
        self,
        image_path: Path,
        image_sha256: str,
        story_path: Path | None,
        part: ImagePart,
        stem: Path,
    ) -> Wish:
        """What music is to be made from, its picture stored as `stem`.jpg.

        Raises Unusable where the picture or the story can't be used.
        """
        request = {
            "task": "wish",
            "image_path": str(image_path),
            "image_sha256": image_sha256,
            "story_path": str(story_path or ""),
            "image": part.model_dump(),
            "stem": str(stem),
        }
        return Wish.model_validate_json(await self._ask(request))

    async def prepare(self, request: PrepareRequest) -> Prepared:
        """One item's clip and picture, cut, measured and stored.

        Raises Unusable (failed) or Unfit (rejected) for the item's fault, Unread where the
        machine failed to read them, and MmussetError where it failed to store them.
        """
        answer = await self._ask({"task": "prepare", "item": request.to_json()})
        return Prepared.model_validate_json(answer)

    async def _ask(self, request: dict[str, Any]) -> str:
        async with self._slots:
            child = self._idle.pop() if self._idle else await self._start()
            try:
                answer = await self._exchange(child, request)
            except BaseException:
                await _end(child)
                raise
            self._idle.append(child)
        if "unfit" in answer:
            raise Unfit(*answer["unfit"])
        if "unusable" in answer:
            raise Unusable(*answer["unusable"])
        if "unread" in answer:
            raise Unread(answer["unread"])
        if "broken" in answer:
            raise MmussetError(
                f"media could not be stored: {answer['broken']};"
                " mend that and run the same command again"
            )
        return str(answer["ok"])

    async def _exchange(self, child: "Process", request: dict[str, Any]) -> dict[str, Any]:
        assert child.stdin and child.stdout
        line = b""
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            async with asyncio.timeout(self._limits.decode_seconds):
                line = await child.stdout.readline()
        except TimeoutError:
            seconds = self._limits.decode_seconds
            raise Unread(f"the decoder took over {seconds:g} s") from None
        except ConnectionError:
            pass
        if not line.endswith(b"\n"):
            raise Unread(f"the decoder died (exit status {await child.wait()})")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _start(self) -> "Process":
        return await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "mmusset.builder.decoding.worker",
                str(self._limits.decode_memory_mb),
            ),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_LIMIT,
            env=_environment(),
            # Ctrl-C is for the build, which drains; not for its children.
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    """What the children know of ours: nothing that a file could have any use for.

    One thread each: the children are the parallelism, and threads cost address space.
    """
    kept = {n: v for n, v in without_tracing(os.environ).items() if n not in SECRET_VARIABLES}
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


async def _end(child: "Process") -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()
