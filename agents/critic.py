"""The critic: rules first, then the model's judgement. A model can't outvote a rule."""

from mmusset.recipe import CriticPart, GatesPart
from mmusset.speakers.base import Judgement, Speaker

from .rules import find_faults
from .state import Change, State, ask, list_faults, rules_turn


async def critic(state: State, speaker: Speaker, limits: CriticPart, gates: GatesPart) -> Change:
    """Judge both texts; decide to accept, to reject, or (status None) to have them mended."""
    claims, faults = find_faults(state, limits, gates)
    if faults:
        turn = rules_turn(state, "critic", faults)
    else:
        answer, turn = await ask(state, "critic", speaker, Judgement)
        faults = answer.faults
        turn = turn.model_copy(update={"faults": list_faults(faults)})
    change = Change(claims=claims, faults=faults, turns=(*state["turns"], turn))
    if not faults:
        change["status"] = "accepted"
    elif state["round"] >= limits.max_rounds:
        change["status"] = "rejected"
    return change
