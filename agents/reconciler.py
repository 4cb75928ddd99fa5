"""The reconciler: mends what the critic named, and keeps the rest word for word."""

from collections.abc import Sequence

from mmusset.sample import Fault
from mmusset.speakers.asking import Asker
from mmusset.speakers.base import Mending
from mmusset.text import sentences

from .state import Change, State, ask


async def reconciler(state: State, asker: Asker) -> Change:
    """Mend the texts at fault. A mending that touches anything else, or is "", is not taken."""
    state = {**state, "round": state["round"] + 1}
    answer, turn = await ask(state, "reconciler", asker, Mending)
    change = Change(round=state["round"], turns=(*state["turns"], turn))
    caption_faults = [f for f in state["faults"] if f.where == "caption"]
    if caption_faults and keeps_the_rest(state["caption"], answer.caption, caption_faults):
        change["caption"], change["caption_writer"] = answer.caption, "reconciler"
    story_faults = [f for f in state["faults"] if f.where == "story"]
    if story_faults and keeps_the_rest(state["story"], answer.story, story_faults):
        change["story"], change["story_writer"] = answer.story, "reconciler"
    return change


def keeps_the_rest(before: str, after: str, faults: Sequence[Fault]) -> bool:
    """Whether there is an `after`, in which every sentence that no fault quotes still stands."""
    return bool(after.strip()) and all(
        sentence.strip() in after
        for sentence in sentences(before)
        if not any(touches(sentence, fault.quote) for fault in faults)
    )


def touches(sentence: str, quote: str) -> bool:
    """Whether a fault's quote names words of this sentence."""
    return quote in sentence or sentence.strip() in quote
