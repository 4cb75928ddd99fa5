"""What a source's names mean, how pictures and music come together, and how items are split."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mmusset.frozen import Count, Frozen, Share

# What a column of a table, or a file beside music, can hold.
Role = Literal[
    "music",
    "id",
    "image",
    "caption",
    "story",
    "lyrics",
    "start_s",
    "end_s",
    "title",
    "artist",
    "album",
    "genre",
    "mood",
    "bpm",
    "key",
    "instruments",
    "license",
]


class SourcePart(Frozen):
    """What a source is made of, where its own names don't tell.

    `columns` names the column of a table, or the key of a file of JSON beside music, that holds
    each role.
    """

    columns: dict[Role, str] = Field(default_factory=dict)


class PairingPart(Frozen):
    """How pictures and music come together.

    `given`: as the source pairs them. `any`: what is left over is matched by mood and theme.
    `match`: all pictures that are files and all music are matched, wherever they lie; videos keep
    their own. A matched picture has `picture_uses` pieces at most, a piece has one picture. `clip`
    and `clap` are models that together tell themes: folders, or names in the Hub's cache; "" is
    none. The critic may have the same `clip` compare stories with their pictures.
    """

    mode: Literal["given", "any", "match"] = "given"
    picture_uses: Count = 1
    clip: str = ""
    clap: str = ""

    @model_validator(mode="after")
    def themes_need_both(self) -> Self:
        if self.clap and not self.clip:
            raise ValueError("a theme is seen and heard: name clip beside clap")
        return self

    @property
    def tells_themes(self) -> bool:
        """Whether what pictures and music are about is told by models."""
        return bool(self.clip and self.clap)


class ScoresPart(Frozen):
    """Whether MIDI and MusicXML files are read.

    With `use`, a score beside music tells what its sound leaves open. A `soundfont` is a file that
    plays the scores with no sound beside them; whoever names one has scores used.
    """

    use: bool = False
    soundfont: str = ""

    @property
    def are_read(self) -> bool:
        return self.use or bool(self.soundfont)


class SplitPart(Frozen):
    """Shares of the splits; whole groups are dealt out to come near them."""

    train: Share = 0.9
    validation: Share = 0.05
    test: Share = 0.05
    seed: int = 0

    @model_validator(mode="after")
    def shares_sum_to_one(self) -> "SplitPart":
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"train + validation + test must be 1, not {total:g}")
        return self
