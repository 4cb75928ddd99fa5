"""The graph that ties the agents, built from their declarations:

(listener ->) captioner -> story_writer -> critic -> accepted
                                             |  ^--- reconciler, for a bounded number of rounds
                                             |--> reconciler --> another picture, of a matched one
                                             '--> rejected

An item that a person wants mended, or wrote words for, goes on at the critic. A given caption or
story and a person's words are nobody's to change: whatever an agent returns for them is not taken.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, cast

from pydantic import BaseModel

from mmusset.frozen import Name
from mmusset.recipe import Recipe
from mmusset.sample import Material, Outcome, Verdict
from mmusset.sample_parts.texts import GIVEN, Caption, Story
from mmusset.speakers.asking import Asker
from mmusset.tracing import refuse_tracing, untraced

from .state import (
    GraphAgent,
    SignedChange,
    State,
    StateChange,
    begin_by,
    has_words,
    is_fixed,
    known_with,
)

Annotate = Callable[[Material], Awaitable[Outcome]]


def build_graph(asker: Asker, recipe: Recipe, agents: Sequence[GraphAgent[BaseModel]]) -> Annotate:
    """A function that takes one item's material through the agents.

    Those that listen come first; those that write take their turns in the order of the list, then
    the one that judges; those that mend follow each verdict with a fault, and the judge follows
    them. No checkpointer: the ledger keeps every reply, so a sample begun again repeats no call.
    Raises Refused where LangGraph would send every prompt to a tracing service.
    """
    refuse_tracing()
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph import END, START, StateGraph

    listeners = [agent.name for agent in agents if agent.place == "listen"]
    writers = [agent.name for agent in agents if agent.place == "write"]
    (judge,) = [agent.name for agent in agents if agent.place == "judge"]
    menders = [agent.name for agent in agents if agent.place == "mend"]
    graph = StateGraph(State)
    for agent in agents:
        graph.add_node(agent.name, _node(agent, asker, recipe))
    begun = listeners[-1] if listeners else START
    graph.add_conditional_edges(begun, _first, {"write": writers[0], "revise": judge})
    graph.add_conditional_edges(judge, _after_judge, {"end": END, "mend": menders[0]})
    for before, after in (
        *pairwise([START, *listeners]),
        *pairwise([*writers, judge]),
        *pairwise(menders),
    ):
        graph.add_edge(before, after)
    graph.add_conditional_edges(menders[-1], _after_mender, {"end": END, "judge": judge})
    compiled = graph.compile()
    # As many steps as a sample may take, and one to spare; LangGraph's own limit is 10,007. A
    # revision skips the writers and has one round at least.
    steps = (
        len(listeners) + len(writers) + 1 + (len(menders) + 1) * max(1, recipe.critic.max_rounds)
    )
    config: RunnableConfig = {"recursion_limit": steps + 1}

    async def annotate(material: Material) -> Outcome:
        start = begin_by(material, recipe)
        with untraced():
            return outcome(cast(State, await compiled.ainvoke(start, config)))

    return annotate


def outcome(state: State) -> Outcome:
    """The verdict on a finished state, with its texts and turns."""
    faults = state["faults"]
    if state["status"] == "accepted":
        verdict = Verdict(status="accepted", reason=_how_accepted(state), detail="")
    else:
        detail = "; ".join(f"{f.where}: {f.quote!r}: {f.why}" for f in faults)
        verdict = Verdict(status="rejected", reason=faults[0].rule, detail=detail)
    caption = (
        Caption(text=state["caption"], claims=state["claims"], writer=state["caption_writer"])
        if state["claims"]
        else None
    )
    story = Story(
        text=state["story"],
        writer=state["story_writer"],
        note=state["story_note"],
        picture_fit=state["picture_fit"],
    )
    return Outcome(
        verdict=verdict,
        caption=caption,
        story=story,
        turns=state["turns"],
        told=state["told"],
        heard=state["heard"],
    )


def _how_accepted(state: State) -> str:
    if has_words(state):
        return "a person's words"
    if state["material"].earlier:
        return "with another picture"
    return "mended" if state["round"] > 0 else "at once"


def _node(
    agent: GraphAgent[BaseModel], asker: Asker, recipe: Recipe
) -> Callable[..., Awaitable[Mapping[str, object]]]:
    async def node(state: State) -> Mapping[str, object]:
        change = await agent.turn(state, asker, recipe)
        signed = _signed(state, change, agent.name)
        if "heard" in change:
            return {**known_with(state, change["heard"], recipe), **signed}
        return signed

    return node


def _signed(state: State, change: StateChange, agent: Name) -> SignedChange:
    """An agent's change, with its name under what it wrote.

    A fixed text stays as it is, and a given one takes the place of any other.
    """
    material = state["material"]
    signed: SignedChange = {
        **change,
        "caption_writer": state["caption_writer"],
        "story_writer": state["story_writer"],
    }
    if is_fixed(state, "caption"):
        signed.pop("caption", None)
    elif "caption" in change:
        given = material.given_caption
        signed["caption_writer"] = GIVEN if given else agent
        signed["caption"] = given or change["caption"]
    if is_fixed(state, "story"):
        signed.pop("story", None)
    elif "story" in change:
        given = material.given_story
        signed["story_writer"] = GIVEN if given else agent
        signed["story"] = given or change["story"]
    return signed


def _first(state: State) -> Literal["write", "revise"]:
    revision = state["material"].revision
    return "revise" if revision and revision.before else "write"


def _after_mender(state: State) -> Literal["end", "judge"]:
    return "end" if state["status"] else "judge"


def _after_judge(state: State) -> Literal["end", "mend"]:
    return "end" if state["status"] else "mend"
