"""The captioner: evidence and picture -> the music caption."""

from mmusset.speakers.base import CaptionReply, Speaker

from .state import Change, State, ask


async def captioner(state: State, speaker: Speaker) -> Change:
    """Write what is heard, from the claims that evidence carries."""
    answer, turn = await ask(state, "captioner", speaker, CaptionReply)
    return Change(caption=answer.caption, caption_writer="captioner", turns=(*state["turns"], turn))
