"""How an agent asks its speaker: the reply that is kept already, or a new one, kept before use.

A reply that can't be used is asked for once more, with its fault named; then the item fails.
Kept replies count as well, useless ones included, so a build that goes on repeats no call.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol

from pydantic import ValidationError

from mmusset.errors import Unusable
from mmusset.sample_parts.texts import PictureFit

from .base import MANY, Brief, ModelId, R, Reply, Request, Speaker, request_sha256

Fit = Callable[[str, str], Awaitable[PictureFit]]  # of an item, by its key, and a story


class ReplyStore(Protocol):
    """Where replies are kept under the hash of their request."""

    def find(self, request_sha256: str) -> Reply | None:
        """The kept reply, if there is one."""
        ...

    async def keep(
        self, request_sha256: str, request: Request, model: ModelId, reply: Reply
    ) -> None:
        """Keep a reply; it is durable when this returns."""
        ...


class InMemoryReplies:
    """Replies that are forgotten with the process: for a trial, and for tests."""

    def __init__(self) -> None:
        self.kept: dict[str, Reply] = {}

    def find(self, request_sha256: str) -> Reply | None:
        return self.kept.get(request_sha256)

    async def keep(
        self, request_sha256: str, request: Request, model: ModelId, reply: Reply
    ) -> None:
        self.kept[request_sha256] = reply


@dataclass(frozen=True, slots=True)
class ValidReply(Generic[R]):
    """A reply that kept to its schema, as a value, and where it came from."""

    value: R
    speaker: str
    model: str
    request_sha256: str


class Asker:
    """Asks `speaker` only for what `store` does not hold, and `fit`, where there is one, how well
    an item's picture and a story go together. `left` is how many samples have no verdict yet, where
    that is known."""

    def __init__(self, speaker: Speaker, store: ReplyStore, fit: Fit | None = None) -> None:
        self._speaker = speaker
        self._store = store
        self.fit = fit
        self.left = MANY

    async def ask(self, brief: Brief, reply_type: type[R]) -> ValidReply[R]:
        """The speaker's reply to a brief. Raises Unusable after two replies of no use."""
        complaint = ""
        for _ in range(2):
            request = Request(brief, complaint, self.left)
            model = self._speaker.model_id(brief.agent.name)
            sha256 = request_sha256(request, model)
            reply = self._store.find(sha256)
            if reply is None:
                reply = await self._speaker.answer(request)
                await self._store.keep(sha256, request, model, reply)
            complaint = fault_of(reply, reply_type)
            if not complaint:
                value = reply_type.model_validate_json(reply.text)
                return ValidReply(value, model.speaker or self._speaker.name, model.name, sha256)
        raise Unusable("no usable answer", f"the {brief.agent.name} was asked twice: {complaint}")


def fault_of(reply: Reply, reply_type: type[R]) -> str:
    """What is wrong with a reply, in words that a model can correct it by; "" if nothing."""
    if reply.finish_reason == "length":
        return "it was cut off before its end; write less"
    if reply.finish_reason != "stop":
        return f"it ended early ({reply.finish_reason})"
    if not reply.text.strip():
        return "it was empty"
    try:
        reply_type.model_validate_json(reply.text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"it was not what was asked for ({where + ': ' if where else ''}{first['msg']})"
    return ""
