"""What a speaker is: it is sent a request, made of a brief, and gives a reply.

Replies are raw: `asking.py` keeps each one before it reads it.
"""

import hashlib
import sys
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Protocol, Self, TypeVar

from pydantic import BaseModel

from mmusset.frozen import Frozen
from mmusset.json_text import canonical_json
from mmusset.recipe_parts.texts import STORY_WORDS
from mmusset.sample import Material
from mmusset.sample_parts.claims import Claim

from .agent import Agent, Draft, Notes

R = TypeVar("R", bound=BaseModel)

MANY = sys.maxsize  # samples, where nobody has counted them


@dataclass(frozen=True, slots=True)
class PromptParts:
    """The prompt of a model, in the order in which it is sent.

    `system` is the same for all samples, the picture and `evidence` for all agents of a sample,
    `task` is the agent's own: a server's prefix cache computes what is the same only once.
    `sha256` is that of the templates.
    """

    system: str
    evidence: str
    task: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a speaker may know of a sample when it is asked.

    `title` is the piece's, where the recipe allows to tell it. `sayable` are the claims whose
    evidence is as sure as the recipe asks: nothing else may be said of the music. `story_words`
    are the fewest and the most of a story.
    """

    agent: Agent[BaseModel]
    material: Material
    sayable: tuple[Claim, ...]
    draft: Draft
    prompt: PromptParts
    title: str = ""
    story_words: tuple[int, int] = STORY_WORDS

    def notes(self) -> Notes:
        """The part of it that a writer without a model works from."""
        media = self.material.media
        return Notes(self.sayable, media.image_evidence, self.draft, self.title, self.story_words)

    def draw(self) -> int:
        """A number of 256 bits for this very turn: the seed of all that is drawn in it."""
        turn = f"{self.material.seed}:{self.material.key}:{self.agent.name}:{self.draft.round}"
        return int.from_bytes(hashlib.sha256(turn.encode()).digest())


@dataclass(frozen=True, slots=True)
class Request:
    """A brief, to be answered in the type of its agent's reply.

    `complaint` is "" at first, else what was wrong with the first reply. `left` is how many
    samples have no verdict yet: it changes when a request is sent, not the reply.
    """

    brief: Brief
    complaint: str = ""
    left: int = MANY


@dataclass(frozen=True, slots=True)
class ModelId:
    """What an agent speaks through: a model's name, with its revision, and its settings.

    Both are part of a request's hash: another model, another sampling, another request.
    `speaker` is the name of the speaker where it is not the one that was asked.
    """

    name: str
    settings: str = ""
    speaker: str = ""


class Reply(Frozen):
    """What came back, as it came. Tokens are 0 where the speaker counts none."""

    text: str
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


class Speaker(Protocol):
    """Writes text. Entered (`async with`) before it is asked, left when no more requests come."""

    name: str
    in_flight: int
    """How many samples are worth having in progress at once; 0 where more than one don't help."""
    strikes: dict[str, int]
    """How often each item's calls were lost recently (vllm/blame.py); kept from run to run."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def model_id(self, agent: str) -> ModelId:
        """What `agent` speaks through."""
        ...

    async def answer(self, request: Request) -> Reply:
        """The reply to a request.

        Raises Unusable where no reply can be had for this item, ServerGone where the server
        stayed away for as long as the recipe waits.
        """
        ...

    def stop(self) -> None:
        """Let calls in flight end, and send nothing more: waiting requests raise Stopped."""
        ...


@cache
def schema(reply: type[BaseModel]) -> str:
    """The JSON schema of a reply type, as canonical JSON: every string and array is bounded.

    It goes to the model, so pydantic's title (the name of the class) and description (its
    docstring) are part of the prompt, and of a request's hash.
    """
    return canonical_json(reply.model_json_schema())


def request_sha256(request: Request, model: ModelId) -> str:
    """The hash under which a reply is kept: equal requests are never paid for twice.

    A listener is only sent a sound, and is asked once about it whatever else has changed.
    """
    brief, material, prompt = request.brief, request.brief.material, request.brief.prompt
    if brief.agent.place == "listen":
        sound = {
            "agent": brief.agent.name,
            "clip": material.media.music.sha256,
            "complaint": request.complaint,
            "model": model.name,
            "prompt": prompt.task,
            "schema": schema(brief.agent.reply),
            "settings": model.settings,
        }
        return hashlib.sha256(canonical_json(sound).encode()).hexdigest()
    facts = {
        "agent": brief.agent.name,
        "complaint": request.complaint,
        "image": material.media.image.sha256,
        "key": material.key,
        "model": model.name,
        "prompt": [prompt.system, prompt.evidence, prompt.task],
        "round": brief.draft.round,
        "schema": schema(brief.agent.reply),
        "seed": material.seed,
        "settings": model.settings,
    }
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()
