"""The agents: captioner, story writer, critic, reconciler, a file each, which declares it whole.

An agent's file holds its reply type, what it does with a sample's state, how it is written
offline, and its declaration (`GraphAgent` in `state.py`). `AGENTS` is the list that the command
line hands to all rooms below: another agent is a file here, a prompt in `prompts/` and a line in
that list.

Doors:
    AGENTS, with_listener   the agents, in the order of their turns (in this file)
    graph       `build_graph`: the LangGraph graph that takes a sample through a list of agents
    preview     the request that an agent would make, without sending it
    state       a sample on its way through the graph; `GraphAgent`, an agent's declaration
    listener    `LISTENER`, who is there beside them where a recipe has that ear
    captioner, story_writer   for finetune, which teaches a model to speak as these two
    rules       what code can find wrong with both texts
"""

from collections.abc import Sequence

from pydantic import BaseModel

from .captioner import CAPTIONER
from .critic import CRITIC
from .listener import LISTENER
from .reconciler import RECONCILER
from .state import GraphAgent
from .story_writer import STORY_WRITER

AGENTS: tuple[GraphAgent[BaseModel], ...] = (CAPTIONER, STORY_WRITER, CRITIC, RECONCILER)


def with_listener(
    agents: Sequence[GraphAgent[BaseModel]], ears: Sequence[str]
) -> tuple[GraphAgent[BaseModel], ...]:
    """These agents, and the listener before them where it is one of a recipe's ears."""
    return (LISTENER, *agents) if LISTENER.name in ears else tuple(agents)
