"""Captions and stories."""

from typing import Annotated

from pydantic import Field

from mmusset.frozen import Frozen, Name, Share

from .claims import JudgedClaim

# Who wrote a caption or a story that the source brings with it: nothing changes it.
GIVEN = "given"


class Caption(Frozen):
    """What is heard. `writer` is the agent that had the last word on it, GIVEN where it is the
    source's own: then it stays as it is, and its claims say what is against it."""

    text: str
    claims: Annotated[tuple[JudgedClaim, ...], Field(min_length=1)]
    writer: Name


class Captions(Frozen):
    """What a caption says, told anew for trainers that want it otherwise; none is empty.

    `short` is one sentence, `tags` are keywords between commas. `plain_numbers` gives tempo and
    key as "120 BPM, A minor", `no_numbers` neither of them.
    """

    short: Annotated[str, Field(min_length=1)]
    tags: Annotated[str, Field(min_length=1)]
    plain_numbers: Annotated[str, Field(min_length=1)]
    no_numbers: Annotated[str, Field(min_length=1)]


class PictureFit(Frozen):
    """How near a story is to its picture, by a model that sees: its `cosine`, and the `probability`
    by its calibration that the story is of this picture and not of another."""

    by: str = ""
    cosine: float = 0.0
    probability: Share = 0.0


def _is_uncompared(value: object) -> bool:
    return value == PictureFit()


class Story(Frozen):
    """What an ordinary person would say about the picture and mood."""

    text: str
    writer: Name  # GIVEN where it is the source's own
    # What the critic found in a given story, which is kept as it is; one a line, "" where nothing.
    note: str = ""
    picture_fit: Annotated[PictureFit, Field(exclude_if=_is_uncompared)] = PictureFit()
