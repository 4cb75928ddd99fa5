"""The listener: a clip's sound -> what it hears, in the words of closed lists. It never writes.

It has its turn where the recipe has the ear `listener`, before anything is written: what it hears
becomes evidence, worth what the ear's calibration card says.
"""

from random import Random

from mmusset import prompts
from mmusset.ears.listed import EARS
from mmusset.ears.listener import LISTENER as EAR
from mmusset.ears.listener import NAME, UNKNOWN, Hearing, scores_of
from mmusset.recipe import Recipe
from mmusset.recipe_parts.listening import ListenerPart
from mmusset.recipe_parts.speaker import Sampling
from mmusset.sample_parts.evidence import Heard
from mmusset.speakers.agent import Notes
from mmusset.speakers.asking import Asker

from .state import GraphAgent, State, StateChange, ask


async def _turn(state: State, asker: Asker, recipe: Recipe) -> StateChange:
    """Listen; the reply of an earlier turn on the same clip is kept."""
    reply, turn = await ask(state, LISTENER, asker)
    first = turn.model_copy(update={"round": 0})  # also where a person wants the sample mended
    later = (each for each in state["turns"] if each.agent != NAME)
    return StateChange(heard=heard_of(reply), turns=(first, *later))


def heard_of(hearing: Hearing) -> Heard:
    """What is heard, as evidence: each label with its probability by the ear that is listed."""
    ear, scores = EARS.named(NAME) or EAR, scores_of(hearing)
    return {NAME: {label.name: label.heard(scores[label.name]) for label in ear.labels}}


def _offline(notes: Notes, random: Random) -> Hearing:
    """Nothing: without a model nobody listens."""
    return UNKNOWN


LISTENER: GraphAgent[Hearing] = GraphAgent(
    name=NAME,
    place="listen",
    prompt=prompts.load(NAME),
    reply=Hearing,
    sampling=Sampling(temperature=0.0, top_p=1.0, max_tokens=ListenerPart().max_tokens),
    reply_tokens=45,
    turn=_turn,
    offline=_offline,
)
