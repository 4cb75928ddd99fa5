"""A sample on its way: an item prepared, the outcome of the agents' work, an accepted quadruple.

What they are made of stands in `sample_parts/`. Everything here is frozen and knows nothing of
files, models or databases.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from .frozen import Frozen, Sha256, is_empty
from .quality import Aesthetics
from .sample_parts.claims import JudgedClaim
from .sample_parts.evidence import Heard
from .sample_parts.media import Lyrics, MediaFacts
from .sample_parts.piece import Split, Tags
from .sample_parts.texts import GIVEN, Caption, Captions, Story
from .sample_parts.turns import NEXT_MATCH, Turn

Key = Annotated[str, Field(pattern=r"^[0-9a-z]{1,64}$")]
Status = Literal["accepted", "rejected", "failed"]


class Prepared(Frozen):
    """An item whose media are cut and measured. `given_story` and `given_caption` are the source's
    own, or "".

    `set_aside` says why a text that lay beside the music is none of them.
    """

    media: MediaFacts
    given_story: str
    given_caption: Annotated[str, Field(exclude_if=is_empty)] = ""
    set_aside: Annotated[str, Field(exclude_if=is_empty)] = ""

    def with_heard(self, heard: Heard) -> "Prepared":
        """The same with what more ears have heard in the clip; by their names, in order."""
        if not heard:
            return self
        music = self.media.music_evidence
        both = dict(sorted((music.heard | heard).items()))
        evidence = music.model_copy(update={"heard": both})
        media = self.media.model_copy(update={"music_evidence": evidence})
        return self.model_copy(update={"media": media})

    def with_aesthetics(self, aesthetics: Aesthetics) -> "Prepared":
        """The same with what a model finds that listeners would give its sound."""
        quality = self.media.quality.model_copy(update={"aesthetics": aesthetics})
        media = self.media.model_copy(update={"quality": quality})
        return self.model_copy(update={"media": media})

    def with_lyrics(self, lyrics: Lyrics) -> "Prepared":
        """The same with its lyrics as a model has compared them."""
        media = self.media.model_copy(update={"lyrics": lyrics})
        return self.model_copy(update={"media": media})


class Quadruple(MediaFacts):
    """An accepted sample: the JSON member of a shard, always with the same fields.

    No field is ever null and no list is ever empty, so that readers which guess
    types from the first samples guess right. It is a `MediaFacts` with texts, not a value
    that holds one, because the members of the JSON are published and stay where they are.
    """

    key: Key
    split: Split
    group: str
    story: Story
    caption: Caption
    captions: Captions
    tags: Tags
    speaker: str
    model: str
    turns: Annotated[tuple[Turn, ...], Field(min_length=1)]
    source_sha256: Sha256  # of the music file that the clip was cut from

    def prepared(self) -> Prepared:
        """What the item was before anything was written about it."""
        story, caption = (
            text.text if text.writer == GIVEN else "" for text in (self.story, self.caption)
        )
        return Prepared(media=self, given_story=story, given_caption=caption)


class Verdict(Frozen):
    """The fate of an item. `reason` is counted; `detail` tells this item's case."""

    status: Status
    reason: str
    detail: str


class Outcome(Frozen):
    """What the agents made of an item. Only a caption without any claim is missing.

    `told` is what the tags say of the music, as far as the recipe uses it, and whether what was
    measured agrees. `heard` is what an agent has listened to.
    """

    verdict: Verdict
    caption: Caption | None
    story: Story | None
    turns: tuple[Turn, ...]
    told: tuple[JudgedClaim, ...] = ()
    heard: Heard = Field(default_factory=dict, exclude_if=is_empty)

    @property
    def asks_for_another(self) -> bool:
        """Whether another picture is asked for."""
        return bool(self.turns) and self.turns[-1].said == NEXT_MATCH


class Revision(Frozen):
    """What a person wants of an item: something mended, which `note` says, or their own `caption`
    or `story` in place of an agent's; "" where they want none of it.

    `before` is the item as the agents left it; None where they are to write it anew, but for the
    person's words.
    """

    before: Outcome | None
    note: str = ""
    caption: str = ""
    story: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """All that the agents are given of one item. `image_file` is the picture that a model sees,
    `sound_file` the sound that a listener hears, where there is one.

    With a `revision` they go on from what it holds. Of a matched piece there are so many `others`
    of pictures that may still be asked for, and the turns that were taken with `earlier` ones.
    """

    key: str
    seed: int
    tags: Tags
    prepared: Prepared
    image_file: Path
    revision: Revision | None = None
    sound_file: Path | None = None
    others: int = 0
    earlier: tuple[Turn, ...] = ()

    @property
    def media(self) -> MediaFacts:
        return self.prepared.media

    def with_heard(self, heard: Heard) -> "Material":
        """The same with what more ears have heard."""
        return replace(self, prepared=self.prepared.with_heard(heard))

    @property
    def given_story(self) -> str:
        """The source's own story, or ""."""
        return self.prepared.given_story

    @property
    def given_caption(self) -> str:
        """The source's own caption, or ""."""
        return self.prepared.given_caption
