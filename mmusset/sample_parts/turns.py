"""What the agents say of one item, turn by turn, and what the critic objects to."""

from collections.abc import Iterable
from typing import Literal

from mmusset.frozen import Frozen, Name, Sha256

# Who speaks in a critic's turn for which no speaker was asked.
RULES = "rules"
PERSON = "person"

# What the reconciler says where it asks for another picture of a piece that was matched.
NEXT_MATCH = "asks for the next best match"

# The critic's rule against a story that a model which sees finds hardly of its picture.
NOT_ITS_PICTURE = "not of its picture"


class Fault(Frozen):
    """One thing that the critic found wrong. `quote` is the words at fault."""

    where: Literal["caption", "story", "pair"]  # "pair": the picture and the music
    rule: str
    quote: str
    why: str
    mend: str


class Turn(Frozen):
    """One agent's turn on one item, as it is kept."""

    agent: Name
    round: int
    speaker: str
    model: str
    prompt_sha256: Sha256
    request_sha256: Sha256
    said: str
    faults: str  # the critic's, one a line; "" for the others


def next_matches_in(turns: Iterable[Turn]) -> int:
    """How often another picture was asked for."""
    return sum(turn.said == NEXT_MATCH for turn in turns)
