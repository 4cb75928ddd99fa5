"""The critic: rules first, then the model's judgement. A model can't outvote a rule."""

from random import Random
from typing import Annotated, Literal

from pydantic import Field

from mmusset import prompts
from mmusset.frozen import Frozen
from mmusset.recipe import Recipe
from mmusset.recipe_parts.speaker import Sampling
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample_parts.texts import PictureFit
from mmusset.sample_parts.turns import PERSON, RULES, Fault
from mmusset.speakers.agent import Notes
from mmusset.speakers.asking import Asker

from .by_hand import NOT_MENDED
from .rules import SAYS_NOTHING, find_faults, picture_faults
from .state import (
    GraphAgent,
    State,
    StateChange,
    ask,
    first_round,
    has_words,
    is_given,
    is_matched,
    list_faults,
    round_of,
    settled_turn,
)

MATCH = "match"  # what the critic calls it where a matched picture and its music jar
_PAIR = "the picture and its music"

Phrase = Annotated[str, Field(min_length=1, max_length=300)]


class Objection(Frozen):
    """One fault that the critic names; the words at fault stand in `quote`."""

    where: Literal["caption", "story"]
    rule: Annotated[str, Field(min_length=1, max_length=40)]
    quote: Phrase
    why: Phrase
    mend: Phrase


class Judgement(Frozen):
    """The critic's answer: what is wrong, beyond what the rules have found."""

    faults: Annotated[tuple[Objection, ...], Field(max_length=6)]


async def _turn(state: State, asker: Asker, recipe: Recipe) -> StateChange:
    """Judge both texts; decide to accept, to reject, or (status None) to have them mended."""
    limits = recipe.critic
    claims, found = find_faults(state, limits, recipe.certainty, recipe.certainty_sounds_like)
    fit = await _picture_fit(state, asker)
    found += picture_faults(fit, state["story"], limits)
    if not all(_is_only_noted(fault, state, limits) for fault in found):
        # What a rule has found is settled: a model need not be paid to agree.
        turn = settled_turn(state, CRITIC, found, RULES)
    elif has_words(state):
        # Whoever corrects a sample has read it, and has the last word.
        turn = settled_turn(state, CRITIC, found, PERSON)
    else:
        reply, turn = await ask(state, CRITIC, asker)
        found = (*found, *(_as_fault(objection, state) for objection in reply.faults))
        turn = turn.model_copy(update={"faults": list_faults(found)})
    noted = tuple(fault for fault in found if _is_only_noted(fault, state, limits))
    final = tuple(fault for fault in found if _is_final(fault, state) and fault not in noted)
    faults = final or tuple(fault for fault in found if fault not in noted)
    change = StateChange(
        claims=claims,
        faults=faults,
        story_note=list_faults(tuple(fault for fault in noted if fault.where == "story")),
        picture_fit=fit,
        turns=(*state["turns"], turn),
    )
    if not faults:
        change["status"] = "accepted"
    elif final or state["round"] >= _last_round(state, limits):
        change["status"] = "rejected"
    return change


async def _picture_fit(state: State, asker: Asker) -> PictureFit:
    """How well the story goes with its picture, where something sees that; a person's own words
    are not asked about."""
    if asker.fit is None or state["story_writer"] == PERSON:
        return PictureFit()
    return await asker.fit(state["material"].key, state["story"])


def _is_final(fault: Fault, state: State) -> bool:
    """Whether nobody may mend what is at fault: a given text is never changed, and of a matched
    pair there may be no other picture."""
    if fault.where == "pair":
        return not state["material"].others
    return is_given(state, fault.where)


def _is_only_noted(fault: Fault, state: State, limits: CriticPart) -> bool:
    """Whether a fault in a given text is told to readers, and the text kept.

    A caption of which nothing can be checked is none.
    """
    if fault.where == "pair":
        return False
    wish = limits.given_caption if fault.where == "caption" else limits.given_story
    is_serious = fault.rule in (NOT_MENDED, SAYS_NOTHING)
    return _is_final(fault, state) and wish == "keep" and not is_serious


def _last_round(state: State, limits: CriticPart) -> int:
    """The round after which nothing is mended. A revision has its own rounds, at least one."""
    revision = state["material"].revision
    if revision is None or revision.before is None:
        return first_round(state["material"]) + limits.max_rounds
    return round_of(revision.before) + max(1, limits.max_rounds)


def _as_fault(objection: Objection, state: State) -> Fault:
    """An objection as a fault; one that misquotes is taken to mean the whole text."""
    if objection.rule == MATCH and is_matched(state):
        mend = "give the music another picture"
        return Fault(where="pair", rule=MATCH, quote=_PAIR, why=objection.why, mend=mend)
    text = state[objection.where]
    quote = objection.quote if objection.quote in text else text
    return Fault(**(objection.model_dump() | {"quote": quote}))


def _offline(notes: Notes, random: Random) -> Judgement:
    """No fault: a grammar has no opinion, and what code can find wrong, the rules have found."""
    return Judgement(faults=())


CRITIC: GraphAgent[Judgement] = GraphAgent(
    name="critic",
    place="judge",
    prompt=prompts.load("critic"),
    reply=Judgement,
    # No freedom: the same sample is to get the same verdict.
    sampling=Sampling(temperature=0.0, top_p=1.0, max_tokens=512),
    reply_tokens=10,  # most samples have no fault
    turn=_turn,
    offline=_offline,
    objection=Judgement(
        faults=(
            Objection(
                where="story",
                rule="mood",
                quote="(the whole story)",
                why="a stub has no taste, but it can object",
                mend="write it anew",
            ),
        )
    ),
)
