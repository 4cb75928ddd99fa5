"""The graph that ties the agents:

captioner -> story_writer -> critic -> accepted
                               |  ^--- reconciler, for a bounded number of rounds
                               |--> reconciler
                               '--> rejected

An item that a person wants mended begins at the critic.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal, cast

from mmusset.recipe import Recipe
from mmusset.sample import Caption, Material, Outcome, Story, Verdict
from mmusset.speakers.asking import Asker
from mmusset.tracing import refuse_tracing, untraced
from mmusset.truth.gates import sayable

from .captioner import captioner
from .critic import critic
from .reconciler import reconciler
from .state import State, begin
from .story_writer import story_writer

Annotate = Callable[[Material], Awaitable[Outcome]]


def build_graph(asker: Asker, recipe: Recipe) -> Annotate:
    """A function that takes one item's material through the agents.

    No checkpointer: the ledger keeps every reply (DESIGN section 4). Raises Refused
    where LangGraph would send every prompt to a tracing service.
    """
    refuse_tracing()
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph import END, START, StateGraph

    graph = StateGraph(State)
    graph.add_node("captioner", partial(captioner, asker=asker))
    graph.add_node("story_writer", partial(story_writer, asker=asker))
    graph.add_node("critic", partial(critic, asker=asker, limits=recipe.critic, gates=recipe.gates))
    graph.add_node("reconciler", partial(reconciler, asker=asker))
    graph.add_conditional_edges(START, _first, {"write": "captioner", "revise": "critic"})
    graph.add_edge("captioner", "story_writer")
    graph.add_edge("story_writer", "critic")
    graph.add_conditional_edges("critic", _after_critic, {"end": END, "mend": "reconciler"})
    graph.add_edge("reconciler", "critic")
    compiled = graph.compile()
    # Every pass is at most: three nodes, then two a round; a revision's: one, then two a round,
    # one round at least. The default limit is 10,007.
    config: RunnableConfig = {"recursion_limit": 4 + 2 * recipe.critic.max_rounds}

    async def annotate(material: Material) -> Outcome:
        start = begin(material, sayable(material.media.music_evidence, recipe.gates))
        with untraced():
            return outcome(cast(State, await compiled.ainvoke(start, config)))

    return annotate


def outcome(state: State) -> Outcome:
    """What a finished state comes to."""
    faults = state["faults"]
    if state["status"] == "accepted":
        mended = state["round"] > 0
        verdict = Verdict(status="accepted", reason="mended" if mended else "at once", detail="")
    else:
        detail = "; ".join(f"{f.where}: {f.quote!r}: {f.why}" for f in faults)
        verdict = Verdict(status="rejected", reason=faults[0].rule, detail=detail)
    caption = (
        Caption(text=state["caption"], claims=state["claims"], writer=state["caption_writer"])
        if state["claims"]
        else None
    )
    story = Story(text=state["story"], writer=state["story_writer"])
    return Outcome(verdict=verdict, caption=caption, story=story, turns=state["turns"])


def _first(state: State) -> Literal["write", "revise"]:
    return "revise" if state["material"].revision else "write"


def _after_critic(state: State) -> Literal["end", "mend"]:
    return "end" if state["status"] else "mend"
