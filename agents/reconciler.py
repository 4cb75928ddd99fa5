"""The reconciler: mends what the critic named, and keeps the rest word for word.

Where a picture and its music were matched, and the critic finds that they don't go together, no
words would mend that: it asks for the next best match.
"""

from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field

from mmusset import prompts
from mmusset.frozen import Frozen
from mmusset.recipe import Recipe
from mmusset.recipe_parts.speaker import Sampling
from mmusset.sample_parts.turns import NEXT_MATCH, RULES, Fault
from mmusset.speakers.agent import Notes
from mmusset.speakers.asking import Asker
from mmusset.speakers.offline import mending
from mmusset.text import sentences
from mmusset.truth.extract import extract

from .by_hand import NOT_MENDED
from .state import GraphAgent, State, StateChange, ask, settled_turn


class Mending(Frozen):
    """The reconciler's answer: the text or texts at fault, mended; "" for one without fault."""

    caption: Annotated[str, Field(max_length=1000)]
    story: Annotated[str, Field(max_length=2000)]


async def _turn(state: State, asker: Asker, recipe: Recipe) -> StateChange:
    """Mend the texts at fault; where it is the pair, ask for the next best match: then all begins
    again with another picture. A mending that touches anything else, or is "", is not taken; nor is
    one that a person asked for, and that loses what the caption claims beside the words quoted."""
    pair_faults = tuple(fault for fault in state["faults"] if fault.where == "pair")
    if pair_faults:
        turn = settled_turn(state, RECONCILER, (), RULES, NEXT_MATCH)
        return StateChange(status="rejected", faults=pair_faults, turns=(*state["turns"], turn))
    state = {**state, "round": state["round"] + 1}
    reply, turn = await ask(state, RECONCILER, asker)
    change = StateChange(round=state["round"], turns=(*state["turns"], turn))
    caption_faults = [f for f in state["faults"] if f.where == "caption"]
    if (
        caption_faults
        and keeps_the_rest(state["caption"], reply.caption, caption_faults)
        and keeps_claims(state["caption"], reply.caption, caption_faults)
    ):
        change["caption"] = reply.caption
    story_faults = [f for f in state["faults"] if f.where == "story"]
    if story_faults and keeps_the_rest(state["story"], reply.story, story_faults):
        change["story"] = reply.story
    return change


def keeps_the_rest(before: str, after: str, faults: Sequence[Fault]) -> bool:
    """Whether there is an `after`, in which every sentence that no fault quotes still stands."""
    return bool(after.strip()) and all(
        sentence.strip() in after
        for sentence in sentences(before)
        if not any(touches(sentence, fault.quote) for fault in faults)
    )


def keeps_claims(before: str, after: str, faults: Sequence[Fault]) -> bool:
    """Whether `after` still makes every claim of `before`, but for those in words that a person
    quoted. What rules or a model found is mended by dropping a sentence, too."""
    quotes = [fault.quote for fault in faults if fault.rule == NOT_MENDED]
    if len(quotes) < len(faults):
        return True
    now = {(claim.attribute, claim.value) for claim in extract(after)}
    return all(
        (claim.attribute, claim.value) in now
        for claim in extract(before)
        if not any(_overlaps(before, claim.text, quote) for quote in quotes)
    )


def _overlaps(text: str, one: str, other: str) -> bool:
    """Whether two runs of words of a text share some of it."""
    first, second = text.find(one), text.find(other)
    return first < second + len(other) and second < first + len(one)


def touches(sentence: str, quote: str) -> bool:
    """Whether a fault's quote names words of this sentence."""
    return quote in sentence or sentence.strip() in quote


def _offline(notes: Notes, random: Random) -> Mending:
    return Mending(caption=mending.caption(notes, random), story=mending.story(notes, random))


RECONCILER: GraphAgent[Mending] = GraphAgent(
    name="reconciler",
    place="mend",
    prompt=prompts.load("reconciler"),
    reply=Mending,
    # Little freedom, but some: at 0 it would give the same mending to the same fault for ever.
    sampling=Sampling(temperature=0.2, top_p=0.9, max_tokens=640),
    reply_tokens=150,
    turn=_turn,
    offline=_offline,
)
