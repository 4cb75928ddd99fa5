"""The recipe of a build. Its parts stand in `recipe_parts/`; `recipe_file.py` reads it."""

from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from .frozen import Frozen, Name, Share
from .json_text import canonical_json
from .recipe_parts.listening import (
    LISTENER_SECONDS,
    ClapPart,
    ListenerPart,
    TranscriberPart,
)
from .recipe_parts.media import ClipPart, ImagePart, LimitsPart, MusicPart, PiecePart, QualityPart
from .recipe_parts.rights import ATTRIBUTION, LicencesPart, TagsPart
from .recipe_parts.source import PairingPart, ScoresPart, SourcePart, SplitPart
from .recipe_parts.speaker import HasSampling, ServerPart, SpeakerPart
from .recipe_parts.texts import MODEL_STORY_WORDS, CaptionPart, CriticPart

CERTAINTY = 0.9  # the probability of being right from which a value may be said
SOUNDS_LIKE = 0.7  # and that from which an ear's may be said as "sounds like"


class Recipe(Frozen):
    """A whole build."""

    # Factories, not values: a decoder builds the model of a part only if it is handed one.
    job: Literal["build"] = "build"
    name: str = "quickstart"
    source: SourcePart = Field(default_factory=SourcePart)
    clip: ClipPart = Field(default_factory=ClipPart)
    piece: PiecePart = Field(default_factory=PiecePart)
    caption: CaptionPart = Field(default_factory=CaptionPart)
    quality: QualityPart = Field(default_factory=QualityPart)
    music: MusicPart = Field(default_factory=MusicPart)
    pairing: PairingPart = Field(default_factory=PairingPart)
    image: ImagePart = Field(default_factory=ImagePart)
    split: SplitPart = Field(default_factory=SplitPart)
    speaker: SpeakerPart = Field(default_factory=SpeakerPart)
    server: ServerPart = Field(default_factory=ServerPart)
    critic: CriticPart = Field(default_factory=CriticPart)
    certainty: Share = CERTAINTY
    certainty_sounds_like: Share = SOUNDS_LIKE
    ears: tuple[Name, ...] = ()
    clap: ClapPart = Field(default_factory=ClapPart)
    listener: ListenerPart = Field(default_factory=ListenerPart)
    limits: LimitsPart = Field(default_factory=LimitsPart)
    tags: TagsPart = Field(default_factory=TagsPart)
    lyrics: Literal["drop", "keep"] = "drop"
    transcriber: TranscriberPart = Field(default_factory=TranscriberPart)
    duplicates: Literal["keep", "skip"] = "keep"
    licences: LicencesPart = Field(default_factory=LicencesPart)
    scores: ScoresPart = Field(default_factory=ScoresPart)

    @model_validator(mode="before")
    @classmethod
    def _models_write_longer_stories(cls, data: Any) -> Any:
        """MODEL_STORY_WORDS where a model writes and the recipe names no bounds."""
        if not isinstance(data, dict):
            return data
        speaker, critic = _keys(data.get("speaker")), _keys(data.get("critic"))
        if speaker.get("kind", "offline") == "offline" or "story_words" in critic:
            return data
        return data | {"critic": critic | {"story_words": MODEL_STORY_WORDS}}

    @model_validator(mode="before")
    @classmethod
    def _what_licences_ask_for_is_kept(cls, data: Any) -> Any:
        """Who names licences publishes whose work it is: most licences ask for that."""
        if not isinstance(data, dict) or not any(_keys(data.get("licences")).values()):
            return data
        tags = _keys(data.get("tags"))
        kept = tags.get("keep", ())
        if not isinstance(kept, list | tuple):
            return data
        return data | {"tags": tags | {"keep": tuple(dict.fromkeys((*kept, *ATTRIBUTION)))}}

    @model_validator(mode="after")
    def listener_takes_the_clips(self) -> Self:
        if "listener" in self.ears and self.clip.seconds > LISTENER_SECONDS:
            raise ValueError(
                f"the ear listener hears {LISTENER_SECONDS:g} s at most: set clip.seconds lower"
            )
        return self

    @model_validator(mode="after")
    def a_voice_needs_an_ear(self) -> Self:
        if self.clip.choose == "voice" and not self.ears:
            raise ValueError(
                "clip.choose: voice needs an ear that hears voices: name one in ears"
                " (`mmusset ears` lists them)"
            )
        return self

    @model_validator(mode="after")
    def a_transcriber_needs_lyrics(self) -> Self:
        if self.transcriber.model and self.lyrics == "drop":
            raise ValueError(
                "transcriber.model compares lyrics with what is sung: set lyrics to keep"
            )
        return self

    @model_validator(mode="after")
    def a_picture_fit_needs_a_clip(self) -> Self:
        if self.critic.least_picture_fit and not self.pairing.clip:
            raise ValueError(
                "critic.least_picture_fit needs a CLIP that compares stories with their pictures:"
                " name one in pairing.clip"
            )
        return self

    @property
    def transcribes(self) -> bool:
        """Whether given lyrics are compared with what a model hears sung."""
        return bool(self.transcriber.model)

    @property
    def finds_sections(self) -> bool:
        """Whether whole pieces are listened to, for where something changes."""
        return self.piece.sections or self.caption.scope == "piece"

    def with_agents(self, agents: Iterable[HasSampling]) -> Self:
        """The recipe with an entry for each agent, as `recipe_file.load` gives it.

        For one that was made in Python, `Recipe()` say, which knows no agent.
        """
        speaker = SpeakerPart.for_agents(agents, **self.speaker.model_dump())
        return self.model_copy(update={"speaker": speaker})

    def canonical(self) -> str:
        """The recipe as canonical JSON, less what can't change a byte of the output.

        A checkpoint is known by its bytes, not by where it lies; so is an ear, whose identity a
        dataset notes beside the recipe.
        """
        whole = {"job": True, "name": True, "limits": True, "server": True, "listener": True}
        whole |= {"clap": True}
        data = self.model_dump(mode="json", exclude={**whole, "music": {"checkpoint"}})
        data["limits"] = {"block_size": self.limits.block_size}
        if self.clip.choose == "spread":  # as it was before there was a choice
            del data["clip"]["choose"]
        if self.lyrics == "drop":
            del data["lyrics"]
        if not self.transcribes:
            del data["transcriber"]
        else:  # where a model lies is nobody's business
            data["transcriber"]["model"] = _public_name(self.transcriber.model)
        if not self.quality.aesthetics:
            del data["quality"]["aesthetics"], data["quality"]["least_aesthetics"]
        else:
            data["quality"]["aesthetics"] = _public_name(self.quality.aesthetics)
        if self.source == SourcePart():
            del data["source"]
        if self.licences == LicencesPart():
            del data["licences"]
        if self.duplicates == "keep":
            del data["duplicates"]
        if not self.scores.are_read:  # as it was before scores were read
            del data["scores"]
        else:  # what was played says by which sound font, and of which bytes that was
            data["scores"]["soundfont"] = PurePath(self.scores.soundfont).name
        if self.piece == PiecePart():
            del data["piece"]
        if self.caption == CaptionPart():
            del data["caption"]
        del data["critic"]["picture_fit_card"]
        if not self.critic.least_picture_fit:
            del data["critic"]["least_picture_fit"]
        if self.pairing.mode == "given" and not self.critic.least_picture_fit:
            del data["pairing"]
        else:  # where a model lies is nobody's business
            models = {key: _public_name(data["pairing"][key]) for key in ("clip", "clap")}
            data["pairing"] |= models
        if self.ears:
            data["ears"] = sorted(self.ears)
            if "listener" in self.ears:
                data["listener"] = self.listener.canonical()
        else:  # datasets without ears are the same job as before there were any
            del data["ears"], data["certainty_sounds_like"]
        return canonical_json(data)

    @classmethod
    def of_canonical(cls, data: dict[str, Any]) -> Self:
        """The recipe that `canonical` wrote, with the defaults of what it leaves out; nobody knows
        where a checkpoint lay, so that its name is one that no file can have."""
        return cls.model_validate(data | {"music": {"checkpoint": "/"} | data.get("music", {})})


def _keys(part: Any) -> dict[str, Any]:
    """What a part of a recipe names: it may be a part already, a mapping, or nothing."""
    if isinstance(part, Frozen):
        return part.model_dump(exclude_unset=True)
    return part if isinstance(part, dict) else {}


def _public_name(model: str) -> str:
    return Path(model).name if Path(model).is_dir() else model
