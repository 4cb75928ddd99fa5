"""What captions and stories have to be."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mmusset.frozen import Frozen, Share
from mmusset.structure import Scope

STORY_WORDS, MODEL_STORY_WORDS = (20, 120), (50, 120)  # the fewest and the most


class CaptionPart(Frozen):
    """What a caption holds of: the clip, or all of its piece, whose drums may come in later."""

    scope: Scope = "clip"


class CriticPart(Frozen):
    """What the critic lets pass.

    With `least_picture_fit`, `pairing.clip` compares each story with its picture, and one that is
    less probable of this picture is objected to. `picture_fit_card` is the folder of that model's
    calibration card, "" for the usual one.
    """

    max_rounds: Annotated[int, Field(ge=0, le=5)] = 2
    max_unverifiable: Annotated[int, Field(ge=0)] = 1
    caption_words: tuple[int, int] = (3, 80)
    story_words: tuple[int, int] = STORY_WORDS  # where a model writes: MODEL_STORY_WORDS
    given_story: Literal["keep", "reject"] = "keep"  # one that a rule has something against
    given_caption: Literal["keep", "reject"] = "keep"
    least_picture_fit: Share = 0.0
    picture_fit_card: str = ""
    max_near_duplicates: Share = (
        0.1  # of the captions, and of the stories: above it a build says so
    )

    @model_validator(mode="after")
    def bounds_are_in_order(self) -> "CriticPart":
        for name in ("caption_words", "story_words"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} must be the fewest and the most, not {low} and {high}")
        return self
