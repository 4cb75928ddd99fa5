"""The critic: rules first, then the model's judgement. A model can't outvote a rule."""

from mmusset.recipe import CriticPart, GatesPart
from mmusset.sample import Fault
from mmusset.speakers.asking import Asker
from mmusset.speakers.base import Judgement, Objection

from .rules import find_faults
from .state import Change, State, ask, list_faults, round_of, rules_turn


async def critic(state: State, asker: Asker, limits: CriticPart, gates: GatesPart) -> Change:
    """Judge both texts; decide to accept, to reject, or (status None) to have them mended."""
    claims, faults = find_faults(state, limits, gates)
    if faults:
        turn = rules_turn(state, "critic", faults)
    else:
        answer, turn = await ask(state, "critic", asker, Judgement)
        faults = tuple(_placed(objection, state) for objection in answer.faults)
        turn = turn.model_copy(update={"faults": list_faults(faults)})
    change = Change(claims=claims, faults=faults, turns=(*state["turns"], turn))
    if not faults:
        change["status"] = "accepted"
    elif state["round"] >= _last_round(state, limits):
        change["status"] = "rejected"
    return change


def _last_round(state: State, limits: CriticPart) -> int:
    """The round after which nothing is mended. A revision has its own rounds, one at least."""
    revision = state["material"].revision
    if revision is None:
        return limits.max_rounds
    return round_of(revision.before) + max(1, limits.max_rounds)


def _placed(objection: Objection, state: State) -> Fault:
    """An objection as a fault; one that misquotes is taken to mean the whole text."""
    text = state[objection.where]
    quote = objection.quote if objection.quote in text else text
    return Fault(**(objection.model_dump() | {"quote": quote}))
