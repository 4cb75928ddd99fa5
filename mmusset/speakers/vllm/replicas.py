"""Several servers of the same model, as one speaker.

All calls of a sample go to one of them, whose prefix cache has its picture; a new sample goes to
the one with the shortest queue, by turns where queues are alike. One that does not answer is left:
its samples go to the others, and it is asked again until it is back.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import Self

from mmusset import safe_text
from mmusset.errors import MmussetError, ServerGone, Stopped, UsageError
from mmusset.recipe_parts.speaker import OneServerPart, ServerPart, SpeakerPart
from mmusset.speakers.base import ModelId, Reply, Request

from .breaker import LAST_PROBE_S
from .speaker import VllmSpeaker

# After so long without an answer a server is left: less than it takes to start one.
LEAVE_S = 3.0
# The first pause before a server that was left is asked again; it doubles up to LAST_PROBE_S.
FIRST_PAUSE_S = 0.5
# The samples whose server is remembered: more than are ever in progress.
MOST_SAMPLES = 1 << 16


class ReplicatedSpeaker:
    """Speaks through the servers of `server.urls`. `notify` gets a line when one goes or comes
    back. Which one wrote what is in no reply's hash."""

    name = "vllm"

    def __init__(
        self,
        part: SpeakerPart,
        server: ServerPart,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.strikes: dict[str, int] = {}
        self.in_flight = len(server.urls) * server.max_in_flight
        self._part = part
        self._server = server
        self._notify = notify
        self._there: list[VllmSpeaker] = []
        self._of: OrderedDict[str, VllmSpeaker] = OrderedDict()
        self._models: dict[str, ModelId] = {}
        self._returning: set[asyncio.Task[None]] = set()
        self._change = asyncio.Event()
        self._is_stopped = False

    async def __aenter__(self) -> Self:
        """Find the servers; one is enough to begin with.

        Raises MmussetError where there is none, or where they have different models; UsageError
        where an address or the key can't be used.
        """
        parts = [self._server.at(url) for url in self._server.urls]
        found = await asyncio.gather(*map(self._entered, parts), return_exceptions=True)
        self._there = [each for each in found if isinstance(each, VllmSpeaker)]
        errors = [each for each in found if isinstance(each, BaseException)]
        if fatal := [each for each in errors if not self._there or _is_fatal(each)]:
            await self._leave_all()
            raise fatal[0]
        for part, each in zip(parts, found, strict=True):
            if isinstance(each, BaseException):
                self._notify(f"{each}; going on without it")
                self._bring_back(part)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._returning:
            task.cancel()
        await asyncio.gather(*self._returning, return_exceptions=True)
        await self._leave_all()

    def model_id(self, agent: str) -> ModelId:
        """What `agent` speaks through, at each of the servers."""
        return self._models[agent]

    async def answer(self, request: Request) -> Reply:
        """A server's reply, however long it takes to get one. Raises as `VllmSpeaker.answer` does,
        ServerGone where none of them is there for as long as the recipe waits."""
        key = request.brief.material.key
        while True:
            replica = await self._replica_of(key)
            try:
                return await replica.answer(request)
            except ServerGone as gone:
                self._left(replica, gone)

    def stop(self) -> None:
        """Send nothing more to any."""
        self._is_stopped = True
        for replica in self._there:
            replica.stop()
        self._change.set()

    async def _replica_of(self, key: str) -> VllmSpeaker:
        """The server that a sample's calls go to."""
        replica = self._of.get(key)
        if replica not in self._there:
            if not self._there:
                await self._wait()
            replica = min(self._there, key=lambda each: each.dispatcher.queue)
            # Where queues are alike, the one that got a sample longest ago has the next.
            self._there.remove(replica)
            self._there.append(replica)
            self._of[key] = replica
        assert replica
        self._of.move_to_end(key)
        while len(self._of) > MOST_SAMPLES:
            self._of.popitem(last=False)
        return replica

    async def _wait(self) -> None:
        """Wait until a server is there. Raises ServerGone, Stopped."""
        try:
            async with asyncio.timeout(self._server.wait_seconds):
                while not self._there:
                    if self._is_stopped:
                        raise Stopped
                    await self._change.wait()
        except TimeoutError:
            raise ServerGone(
                f"none of the {len(self._server.urls)} servers has answered for"
                f" {self._server.wait_seconds:g} s; nothing is lost: start one, and run the same"
                " command again"
            ) from None

    async def _entered(self, part: OneServerPart) -> VllmSpeaker:
        """A server that is there. Raises MmussetError where it is not, or has another model."""
        replica = VllmSpeaker(self._part, part, self._notify, self.strikes, leave_s=LEAVE_S)
        await replica.__aenter__()
        models = {agent: replica.model_id(agent) for agent in self._part.sampling}
        self._models = self._models or models
        if models == self._models:
            return replica
        await replica.__aexit__(None, None, None)
        raise UsageError(
            f"{safe_text.of_url(part.url)} has another model than the other servers: name in"
            " server.urls servers of one model, or say which it is in speaker.model"
        )

    def _left(self, replica: VllmSpeaker, gone: ServerGone) -> None:
        """Leave a server; the first of its calls that finds it gone does it for all."""
        if replica not in self._there:
            return
        self._there.remove(replica)
        if not self._there:
            self._change.clear()
        self._notify(f"{gone}; its samples go to the other servers")
        self._bring_back(replica.server, replica)

    def _bring_back(self, part: OneServerPart, left: VllmSpeaker | None = None) -> None:
        task = asyncio.create_task(self._ask_again(part, left))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _ask_again(self, part: OneServerPart, left: VllmSpeaker | None) -> None:
        if left:
            await left.__aexit__(None, None, None)
        pause_s = FIRST_PAUSE_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                replica = await self._entered(part)
                break
            except MmussetError:
                pause_s = min(2 * pause_s, LAST_PROBE_S)
        if self._is_stopped:
            replica.stop()
        self._there.append(replica)
        self._change.set()
        self._notify(f"{safe_text.of_url(part.url)} is back")

    async def _leave_all(self) -> None:
        for replica in self._there:
            await replica.__aexit__(None, None, None)


def _is_fatal(error: BaseException) -> bool:
    """Whether it is no server's absence."""
    return isinstance(error, UsageError) or not isinstance(error, MmussetError)
