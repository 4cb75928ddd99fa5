"""How an agent asks: the kept answer, or a new one, kept before anybody reads it.

An answer that can't be used is asked for once more, with its fault named; then the
item fails. Kept answers count as well, so a build that goes on repeats no call.
"""

from dataclasses import dataclass
from typing import Generic, Protocol

from pydantic import ValidationError

from mmusset.errors import Unusable

from .base import Brief, ModelId, R, Reply, Request, Speaker, request_sha256


class Answers(Protocol):
    """Where answers are kept under the hash of their request."""

    def find(self, request_sha256: str) -> Reply | None:
        """The kept answer, if there is one."""
        ...

    async def keep(
        self, request_sha256: str, request: Request, model: ModelId, answer: Reply
    ) -> None:
        """Keep an answer, durably, before it is used."""
        ...


class InMemory:
    """Answers that are forgotten with the process."""

    def __init__(self) -> None:
        self.kept: dict[str, Reply] = {}

    def find(self, request_sha256: str) -> Reply | None:
        return self.kept.get(request_sha256)

    async def keep(
        self, request_sha256: str, request: Request, model: ModelId, answer: Reply
    ) -> None:
        self.kept[request_sha256] = answer


@dataclass(frozen=True, slots=True)
class Said(Generic[R]):
    """A reply that holds what it should, and where it came from."""

    reply: R
    speaker: str
    model: str
    request_sha256: str


class Asker:
    """Asks `speaker` only what `answers` does not hold."""

    def __init__(self, speaker: Speaker, answers: Answers) -> None:
        self._speaker = speaker
        self._answers = answers

    async def ask(self, brief: Brief, reply: type[R]) -> Said[R]:
        """The speaker's reply to a brief. Raises Unusable after two answers of no use."""
        complaint = ""
        for _ in range(2):
            request = Request(brief, complaint)
            model = self._speaker.model_id(brief.agent.name)
            sha256 = request_sha256(request, model)
            answer = self._answers.find(sha256)
            if answer is None:
                answer = await self._speaker.answer(request)
                await self._answers.keep(sha256, request, model, answer)
            complaint = fault_of(answer, reply)
            if not complaint:
                told = reply.model_validate_json(answer.text)
                return Said(told, self._speaker.name, model.name, sha256)
        raise Unusable("no usable answer", f"the {brief.agent.name} was asked twice: {complaint}")


def fault_of(answer: Reply, reply: type[R]) -> str:
    """What is wrong with an answer, in words that a model can mend it by; "" if nothing."""
    if answer.finish_reason == "length":
        return "it was cut off before its end; write less"
    if answer.finish_reason != "stop":
        return f"it ended early ({answer.finish_reason})"
    if not answer.text.strip():
        return "it was empty"
    try:
        reply.model_validate_json(answer.text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"it was not what was asked for ({where + ': ' if where else ''}{first['msg']})"
    return ""
