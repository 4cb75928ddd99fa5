"""What a speaker is, what it is told (a brief) and what it answers (a reply)."""

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar

from pydantic import BaseModel, Field

from mmusset.sample import AgentName, Claim, Fault, Frozen, ImageEvidence, MusicEvidence

Text = Annotated[str, Field(min_length=1, max_length=2000)]


class CaptionReply(Frozen):
    """The captioner's answer."""

    caption: Text


class StoryReply(Frozen):
    """The story writer's answer."""

    story: Text


class Judgement(Frozen):
    """The critic's answer: what is wrong, beyond what the rules have found."""

    faults: Annotated[tuple[Fault, ...], Field(max_length=8)]


class Mending(Frozen):
    """The reconciler's answer: both texts, mended only where the critic found fault."""

    caption: Text
    story: Text


Reply = CaptionReply | StoryReply | Judgement | Mending
R = TypeVar("R", CaptionReply, StoryReply, Judgement, Mending)


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a speaker may know of a sample when it is asked.

    `sayable` are the claims that evidence carries at a confidence over their
    gates: nothing else may be said of the music. `shared` (system text, evidence)
    is the same for all agents of a sample, `task` differs; together they are the
    prompt of a model. `caption`, `story` and `faults` are "" and () until written.
    """

    agent: AgentName
    key: str
    round: int
    seed: int
    music: MusicEvidence
    image: ImageEvidence
    image_sha256: str
    sayable: tuple[Claim, ...]
    caption: str
    story: str
    faults: tuple[Fault, ...]
    shared: str
    task: str
    prompt_sha256: str


class Speaker(Protocol):
    """Writes text. `name` and `model` stand in every sample that it wrote for."""

    name: str
    model: str

    async def speak(self, brief: Brief, reply: type[R]) -> R:
        """The answer to a brief, of the type asked for.

        Raises Unusable where the item can't be answered for.
        """
        ...


def request_sha256(brief: Brief, model: str, reply: type[BaseModel]) -> str:
    """The hash under which a reply is kept: equal requests are never paid for twice."""
    request = {
        "agent": brief.agent,
        "image": brief.image_sha256,
        "key": brief.key,
        "model": model,
        "prompt": [brief.shared, brief.task],
        "reply": reply.__name__,
        "round": brief.round,
        "seed": brief.seed,
    }
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
