"""The graph that ties the agents, built from their declarations:

(listener ->) captioner -> story_writer -> critic -> accepted
                                             |  ^--- reconciler, for a bounded number of rounds
                                             |--> reconciler --> another picture, of a matched one
                                             '--> rejected

An item that a person wants mended, or wrote words for, goes on at the critic. A given caption or
story and a person's words are nobody's to change: whatever an agent returns for them is not taken.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from pydantic import BaseModel

from mmusset.errors import MmussetError
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
    from langgraph.func import entrypoint

    listeners, writers, (judge,), menders = (
        [agent for agent in agents if agent.place == place]
        for place in ("listen", "write", "judge", "mend")
    )
    rounds = max(1, recipe.critic.max_rounds)  # a revision has one at least

    async def after(state: State, turns: Sequence[GraphAgent[BaseModel]]) -> State:
        for agent in turns:
            state = await _after_turn(state, agent, asker, recipe)
        return state

    # LangGraph's functional API: a step of its own for each agent took four times its CPU.
    @entrypoint()
    async def decided(state: State) -> State:
        state = await after(state, listeners)
        state = await after(state, [judge] if _is_revised(state) else [*writers, judge])
        for _ in range(rounds):
            if not state["status"]:
                state = await after(state, menders)
            if not state["status"]:
                state = await after(state, [judge])
        if not state["status"]:
            raise MmussetError(
                f"after {rounds} rounds the {judge.name} has given no verdict: an agent that mends"
                " has to count the rounds, and the one that judges to end with the last"
            )
        return state

    async def annotate(material: Material) -> Outcome:
        start = begin_by(material, recipe)
        with untraced():
            return outcome(cast(State, await decided.ainvoke(start)))

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


async def _after_turn(
    state: State, agent: GraphAgent[BaseModel], asker: Asker, recipe: Recipe
) -> State:
    """The state after an agent's turn; where it has listened, more is known."""
    change = await agent.turn(state, asker, recipe)
    signed = _signed(state, change, agent.name)
    if "heard" in change:
        return {**state, **known_with(state, change["heard"], recipe), **signed}
    return {**state, **signed}


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


def _is_revised(state: State) -> bool:
    """Whether texts that were there are mended, and none are written."""
    revision = state["material"].revision
    return bool(revision and revision.before)
