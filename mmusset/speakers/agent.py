"""What an agent is to the rooms below the agents: a role with a prompt, a reply type, defaults.

Each agent is declared once, in its own file in `agents/`. Recipe, builder and speakers import
none of them: whoever has to know about agents is handed the list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel

from mmusset.errors import UsageError
from mmusset.prompts import Prompt
from mmusset.recipe_parts.speaker import Sampling
from mmusset.recipe_parts.texts import STORY_WORDS
from mmusset.sample_parts.claims import Claim
from mmusset.sample_parts.evidence import ImageEvidence
from mmusset.sample_parts.turns import Fault
from mmusset.text import nearest


@dataclass(frozen=True, slots=True)
class Draft:
    """The texts of a sample as they stand in a round; "" and () until they are written."""

    round: int
    caption: str
    story: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """All that is known of a sample to a writer without a model: what may be said of the music,
    the picture's measures, the texts as they stand, the piece's title where the recipe allows to
    tell it, and the fewest and the most words of a story."""

    sayable: tuple[Claim, ...]
    image: ImageEvidence
    draft: Draft
    title: str = ""
    story_words: tuple[int, int] = STORY_WORDS


Place: TypeAlias = Literal["listen", "write", "judge", "mend"]
R_co = TypeVar("R_co", bound=BaseModel, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Agent(Generic[R_co]):
    """One agent's declaration.

    `place` says when it has its turn: those that listen come first, and are sent the sound alone;
    those that write speak once for each sample, in the order of the list; then one judges; those
    that mend speak after each verdict that finds a fault.
    `reply` is the type of what it says: its JSON schema goes to the model, and its name and
    docstring are part of that schema, so that to change them is to ask for every reply again.
    `sampling` is the default that a recipe may override. `reply_tokens` are those of a usual
    reply, for the estimate of what a build costs. `offline` writes the reply without a model; it
    raises Unusable where nothing may be said.
    """

    name: str
    place: Place
    prompt: Prompt
    reply: type[R_co]
    sampling: Sampling
    reply_tokens: int
    offline: Callable[[Notes, Random], R_co]
    objection: R_co | None = None
    """What a stub server has it say of a share of first drafts, so that there is something to
    mend: a grammar has no opinion of its own."""


A = TypeVar("A", bound=Agent[BaseModel])


def agents_named(names: Sequence[str], agents: Sequence[A]) -> tuple[A, ...]:
    """The agents of these names, in the order of the list.

    Raises UsageError for a name that none has, and names the nearest that there is.
    """
    known = [agent.name for agent in agents]
    for name in names:
        if name not in known:
            raise UsageError(f"no agent named {name!r}.{nearest(name, known)}")
    return tuple(agent for agent in agents if agent.name in names)
