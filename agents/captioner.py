"""The captioner: evidence and picture -> the music caption."""

from mmusset.speakers.asking import Asker
from mmusset.speakers.base import CaptionReply

from .state import Change, State, ask


async def captioner(state: State, asker: Asker) -> Change:
    """Write what is heard, from the claims that evidence carries."""
    answer, turn = await ask(state, "captioner", asker, CaptionReply)
    return Change(caption=answer.caption, caption_writer="captioner", turns=(*state["turns"], turn))
