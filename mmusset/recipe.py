"""The recipe of a build, and its parts. `recipe_file.py` reads it."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from .frozen import Frozen, Share
from .json_text import canonical_json
from .licensing import checked
from .quality import AestheticAxis, AestheticScore
from .structure import Choice, Scope

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]

CERTAINTY = 0.9  # the probability of being right from which a value may be said
SOUNDS_LIKE = 0.7  # and that from which an ear's may be said as "sounds like"
LISTENER_SECONDS = 30.0  # what the encoders of audio language models take; they cut what is longer


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


class ClipPart(Frozen):
    """How clips are cut from the music."""

    seconds: Annotated[float, Field(ge=2.0, le=60.0)] = 10.24
    rate_hz: Annotated[int, Field(ge=8000, le=48000)] = 44100
    per_track: Annotated[int, Field(ge=1, le=99)] = 1
    choose: Choice = "spread"
    silence_dbfs: Annotated[float, Field(le=-20)] = -60.0
    max_silence_share: Share = 0.5


class PiecePart(Frozen):
    """What is measured on whole pieces, beside their tempo and key."""

    sections: bool = False


class CaptionPart(Frozen):
    """What a caption holds of: the clip, or all of its piece, whose drums may come in later."""

    scope: Scope = "clip"


class QualityPart(Frozen):
    """How good a clip's sound has to be: below it, a clip is rejected before anybody writes.

    `least` is of what was measured. `aesthetics` names an Audiobox Aesthetics model, a folder or a
    name in the Hub's cache, "" for none; `least_aesthetics` are of what it gives, from 1 to 10.
    """

    least: Share = 0.0
    aesthetics: str = ""
    least_aesthetics: dict[AestheticAxis, AestheticScore] = Field(default_factory=dict)

    @model_validator(mode="after")
    def what_is_asked_for_is_given(self) -> Self:
        if self.least_aesthetics and not self.aesthetics:
            raise ValueError("quality.least_aesthetics needs a model: name one in aesthetics")
        return self


class MusicPart(Frozen):
    """Where the music of a picture comes from that belongs to none.

    `files`: from nowhere, it is left over. `generate`: from a trained model of MusFlow, whose
    folder or checkpoint is `checkpoint`.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    source: Literal["files", "generate"] = Field("files", alias="from")
    checkpoint: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    device: str = "cpu"  # or cuda; other devices make other bytes

    @model_validator(mode="after")
    def who_generates_is_named(self) -> "MusicPart":
        if self.source == "generate" and not self.checkpoint:
            raise ValueError("from: generate needs checkpoint, the folder of a `mmusset train`")
        return self


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


class ImagePart(Frozen):
    """How pictures are stored."""

    max_side_px: Annotated[int, Field(ge=64, le=4096)] = 1024
    min_side_px: Annotated[int, Field(ge=28)] = 64
    jpeg_quality: Annotated[int, Field(ge=50, le=100)] = 90


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


class Sampling(Frozen):
    """How a model's tokens are drawn, and how many a reply may have."""

    temperature: Annotated[float, Field(ge=0, le=2)]
    top_p: Annotated[float, Field(gt=0, le=1)]
    max_tokens: Annotated[int, Field(ge=16, le=8192)]


class HasSampling(Protocol):
    """What a recipe knows of an agent: its name, and its default sampling."""

    @property
    def name(self) -> str: ...

    @property
    def sampling(self) -> Sampling: ...


class SpeakerPart(Frozen):
    """Who writes the text.

    `adapters` and `sampling` have an entry for each agent: `for_agents` fills in what a recipe
    leaves out. An adapter is a LoRA adapter's name on the server, or its folder; "" is the model
    itself. A server keeps one prefix cache for each adapter, so a sample whose agents all speak
    through the same one costs least.
    """

    kind: Literal["offline", "vllm", "transformers"] = "offline"
    seed: int = 0
    model: str = ""  # vllm: as the server lists it, "" is its first; transformers: folder or name
    revision: str = ""  # of the weights, where the model's name does not tell it
    adapters: dict[str, str] = Field(default_factory=dict)
    max_pixels: Annotated[int, Field(ge=4 * 28 * 28)] = 256 * 28 * 28
    sampling: dict[str, Sampling] = Field(default_factory=dict)

    @classmethod
    def for_agents(cls, agents: Iterable[HasSampling], **values: Any) -> Self:
        """The part with an entry for each of these agents; `values` may change one key of one.

        Raises ValidationError for values that are none.
        """
        return cls.model_validate(complete_speaker(values, agents))


def complete_speaker(section: dict[str, Any], agents: Iterable[HasSampling]) -> dict[str, Any]:
    """A recipe's `speaker` section with an adapter and a whole sampling for each agent.

    Entries of agents that are not in the list, and whatever is not a mapping, stay as they are:
    whoever validates the section refuses them.
    """
    adapters: dict[str, Any] = {}
    sampling: dict[str, Any] = {}
    for agent in agents:
        adapters[agent.name] = ""
        sampling[agent.name] = agent.sampling.model_dump()
    changed = dict(section)
    if isinstance(entries := section.get("adapters", {}), dict):
        changed["adapters"] = adapters | entries
    if isinstance(entries := section.get("sampling", {}), dict):
        changed["sampling"] = sampling | {
            name: sampling.get(name, {}) | keys if isinstance(keys, dict) else keys
            for name, keys in entries.items()
        }
    return changed


class OneServerPart(Frozen):
    """Where the server of `speaker.kind: vllm` is, and how long to wait for it."""

    url: str = "http://127.0.0.1:8000/v1"
    max_in_flight: Annotated[int, Field(ge=1, le=4096)] = 256
    call_seconds: Positive = 180.0  # a call that takes longer is given up and sent again
    wait_seconds: Positive = 1800.0  # a server that is gone for longer stops the build
    price_in: Annotated[float, Field(ge=0)] = 0.0  # per million tokens of prompt
    price_out: Annotated[float, Field(ge=0)] = 0.0  # per million tokens of replies


class ServerPart(OneServerPart):
    """The server of the writers; or several of the same model, which share the work: then `url` is
    not used, and the other settings are those of each."""

    urls: tuple[str, ...] = ()

    def at(self, url: str) -> OneServerPart:
        """One of the servers."""
        return OneServerPart(**self.model_dump(exclude={"url", "urls"}), url=url)


class ListenerPart(OneServerPart):
    """Where the audio language model is that `ears: [listener]` asks, and what it is worth.

    `card` is the folder of its calibration card, "" for the usual one; `licence` is that of the
    model, for the dataset's card.
    """

    url: str = "http://127.0.0.1:8001/v1"
    model: str = ""  # as the server lists it; "" is its first
    revision: str = ""  # of the weights, where the model's name does not tell it
    max_tokens: Annotated[int, Field(ge=64, le=8192)] = 256
    card: str = ""
    licence: str = ""

    def canonical(self) -> dict[str, Any]:
        """What can change a byte of the output. The card's content is known by the ear's identity,
        not by where it lies."""
        return self.model_dump(mode="json", include={"model", "revision", "max_tokens"})


class ClapPart(Frozen):
    """The CLAP model of `ears: [clap]`, and what it is worth.

    `model` is a name on the Hub or a folder, `revision` that of a name ("" is the one that
    `mmusset ears get clap` fetched); `card` is the folder of its calibration card, "" for the
    usual one.
    """

    model: Annotated[str, Field(min_length=1)] = "laion/larger_clap_general"
    revision: str = ""
    card: str = ""


STORY_WORDS, MODEL_STORY_WORDS = (20, 120), (50, 120)  # the fewest and the most


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


UsedTag = Literal["genre", "mood", "bpm", "key", "instruments", "title"]
KeptTag = Literal["artist", "album", "license"] | UsedTag


# What a licence may ask to be told with a work.
ATTRIBUTION: tuple[KeptTag, ...] = ("title", "artist", "album", "license")


class TagsPart(Frozen):
    """What of the tags in music files may be used.

    `use` is told to the writers, and then stands in the samples; `keep` only stands there. A
    name of a person or an album is never told.
    """

    use: tuple[UsedTag, ...] = ("genre", "mood")
    keep: tuple[KeptTag, ...] = ()

    @property
    def published(self) -> tuple[str, ...]:
        """The tags that reach the shards, in order: a text can be judged again by what it used."""
        return tuple(dict.fromkeys((*self.keep, *self.use)))


Licence = Annotated[str, AfterValidator(checked)]


class TranscriberPart(Frozen):
    """The Whisper model that given lyrics are compared by: a folder, or a name in the Hub's cache;
    "" is none. `language` is a code such as `en`; "" has the model tell it."""

    model: str = ""
    language: Annotated[str, Field(pattern=r"^([a-z]{2,3})?$")] = ""


class LicencesPart(Frozen):
    """Under which licences the music is: what files don't say, and which are taken.

    `paths` are patterns of paths in the source, each with the licence of what it fits; the first
    that fits counts, and outranks what files say. In a recipe they stand beside `allow`, without
    which all is taken; `unknown` there is music of which nothing says under which it is.
    """

    allow: tuple[Licence, ...] = ()
    paths: dict[str, Licence] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _paths_stand_beside_allow(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        # A misspelt "allow" has a list, and stays where it is noticed.
        paths = {k: v for k, v in data.items() if k not in cls.model_fields and type(v) is str}
        others = {key: value for key, value in data.items() if key not in paths}
        own = others.get("paths", {})
        return others | {"paths": paths | own if isinstance(own, dict) else own}

    def of(self, path: bytes) -> str:
        """The licence that a path has by the recipe; "" where no pattern fits it."""
        name = path.decode("utf-8", "surrogateescape")
        return next((named for pattern, named in self.paths.items() if _fits(name, pattern)), "")


def _fits(path: str, pattern: str) -> bool:
    """`*` is anything within a folder's or file's name, `**` across folders too, `?` one letter."""
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    return re.fullmatch("".join(signs.get(p) or re.escape(p) for p in parts), path) is not None


class LimitsPart(Frozen):
    """What a decoding process may use, how much a shard may hold, and how long a worker that is
    silent keeps its block."""

    workers: Annotated[int, Field(ge=1, le=256)] = 2
    decode_seconds: Positive = 60.0
    decode_memory_mb: Annotated[int, Field(ge=256)] = 2048
    block_size: Count = 512
    lease_seconds: Positive = 60.0


EarName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


def _keys(part: Any) -> dict[str, Any]:
    """What a part of a recipe names: it may be a part already, a mapping, or nothing."""
    if isinstance(part, Frozen):
        return part.model_dump(exclude_unset=True)
    return part if isinstance(part, dict) else {}


def _public_name(model: str) -> str:
    return Path(model).name if Path(model).is_dir() else model


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
    ears: tuple[EarName, ...] = ()
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
