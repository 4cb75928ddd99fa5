"""The nouns of mmusset: what an item, its evidence, a claim and a quadruple are.

Everything here is frozen and knows nothing of files, models or databases.
Values measured on media carry a confidence from 0 to 1; what it is worth in
precision is written in `benchmarks/README.md`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    create_model,
    model_serializer,
    model_validator,
)

from .frozen import Frozen, Share
from .measured import Measured
from .measurements.declaration import Measurement
from .measurements.listed import MEASUREMENTS
from .quality import Aesthetics, Quality
from .score import UNASKED, Score
from .structure import SPREAD, Change, Chosen, Scope, Section

T = TypeVar("T", bound=BaseModel)

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-z]{1,64}$")]

Split = Literal["train", "validation", "test"]
# "second choice": a nearer picture was there, and could not be used.
ImageOrigin = Literal[
    "embedded",
    "stem",
    "folder",
    "video",
    "named",
    "alone",
    "sequence",
    "matched",
    "embedded, second choice",
    "stem, second choice",
    "folder, second choice",
]
AgentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Basis = Literal["heard", "seen", "told", "imagined"]
ClaimVerdict = Literal["supported", "contradicted", "told", "unverifiable"]
Status = Literal["accepted", "rejected", "failed"]

# Who wrote a caption or a story that the source brings with it: nothing changes it.
GIVEN = "given"

# Who speaks in a critic's turn for which no speaker was asked.
RULES = "rules"
PERSON = "person"

# What a claim can be about, beside what is measured: nothing that we measure can settle these.
UNMEASURED = ("instrument", "vocals", "genre", "mood")
# And what the sections of a whole piece can settle: after how long drums come in, or go out.
OF_A_PIECE: tuple[Change, ...] = ("drums in", "drums out")


def _is_listed(attribute: str) -> str:
    if attribute not in (*UNMEASURED, *OF_A_PIECE) and MEASUREMENTS.named(attribute) is None:
        raise ValueError(f"no measurement is called {attribute!r}; see mmusset.measurements.listed")
    return attribute


Attribute = Annotated[str, AfterValidator(_is_listed)]

# How something is known of the music, from the strongest ground to the weakest; "" in datasets
# without ears and scores, which do not say.
Tier = Literal["", "score", "measured", "two ears", "one ear", "told", "none"]
BY_EARS: tuple[Tier, ...] = ("two ears", "one ear")


def _is_empty(value: object) -> bool:
    return not value


def _is_unasked(value: object) -> bool:
    return value == Lyrics()


def _is_unheard(value: object) -> bool:
    return value == Transcript()


def _is_spread(value: object) -> bool:
    return value == SPREAD


def _is_unmatched(value: object) -> bool:
    return value == Match()


# --- evidence: what was measured, and what was heard -------------------------------------

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class HeardLabel(Frozen):
    """What an ear made of one thing that it listens for: its own `score`, rounded to three digits,
    and the probability by its calibration that the thing is there."""

    score: float
    probability: Share


# By the ear, and by what it listens for.
Heard = dict[Name, dict[Name, HeardLabel]]


class MusicEvidence(Frozen):
    """What was measured on a clip of music: `evidence[TEMPO].bpm`.

    As JSON it is flat, with a field for each measurement on the list that is measured on the
    sound, in the list's order; neither more nor fewer are taken. What ears heard comes after, where
    there are any, then the piece's sections and what its score says, where the recipe asks for
    them. What a score settles stands in place of what was measured, which `fields` keep. Where its
    `scope` is the piece, a confidence is that of holding of all of it.
    """

    duration_s: float
    peak_dbfs: float
    fields: dict[str, Any]
    silence_share: Measured  # share of the clip below the silence threshold
    heard: Heard = Field(default_factory=dict)
    sections: tuple[Section, ...] = ()  # of the whole piece
    score: Score = UNASKED
    scope: Scope = "clip"

    def __getitem__(self, measurement: Measurement[T]) -> T:
        if measurement.derive:
            return measurement.derive(self)
        value: T = self.known[measurement.field]
        return value

    @property
    def known(self) -> dict[str, Any]:
        """The fields, with what a score settles in place of what was measured."""
        return self.fields | dict(self.score.values())

    @classmethod
    def flat(cls) -> type[BaseModel]:
        """The model of its JSON."""
        return _flat_evidence(tuple(MEASUREMENTS))

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        others = {
            "heard": data.get("heard", {}),
            "sections": data.get("sections", ()),
            "score": data.get("score", UNASKED),
            "scope": data.get("scope", "clip"),
        }
        measured = {name: value for name, value in data.items() if name not in others}
        values = dict(vars(cls.flat().model_validate(measured)))
        own = {name: values.pop(name) for name in ("duration_s", "peak_dbfs", "silence_share")}
        return own | {"fields": values} | others

    @model_serializer
    def _to_flat(self) -> dict[str, Any]:
        before = {"duration_s": self.duration_s, "peak_dbfs": self.peak_dbfs}
        after: dict[str, Any] = {"heard": self.heard} if self.heard else {}
        if self.sections:
            after["sections"] = self.sections
        if self.score.origin:
            after["score"] = self.score
        if self.scope == "piece":
            after["scope"] = self.scope
        return before | self.fields | {"silence_share": self.silence_share} | after


@cache
def _flat_evidence(measurements: tuple[Measurement[Any], ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {"duration_s": (float, ...), "peak_dbfs": (float, ...)}
    fields |= {each.field: (each.model, ...) for each in measurements if each.field}
    return create_model("MusicEvidence", __base__=Frozen, **fields, silence_share=(Measured, ...))


Place = Literal[
    "all over",
    "scattered",
    "top",
    "bottom",
    "left",
    "right",
    "centre",
    "edges",
    "top left",
    "top right",
    "bottom left",
    "bottom right",
]
Shape = Literal["area", "band", "upright band", "spot"]


class Placed(Frozen):
    """Where in a picture something lies.

    `confidence` is the share of it that lies there, `filled` how much of that place it covers.
    """

    where: Place
    shape: Shape
    confidence: Share
    filled: Share


class Colour(Frozen):
    """One colour of a picture's palette, the share of pixels that it covers, and where."""

    name: str
    hex: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    share: Share
    purity: Share  # of its pixels, those that an eye would call by this name too
    place: Placed


class ImageEvidence(Frozen):
    """What was measured on a picture. All but the size and places run from 0 to 1."""

    width_px: int
    height_px: int
    palette: Annotated[tuple[Colour, ...], Field(min_length=1)]
    brightness: Measured
    warmth: Measured  # 0 cold (blue), 0.5 neutral, 1 warm (red, orange)
    saturation: Measured
    contrast: Measured
    busyness: Measured  # 0 plain to 1 full of edges
    sharpness: Measured  # of its edges: 0 they fade over several pixels, 1 from one to the next
    lightest: Placed  # where it is lighter than elsewhere
    # hues of small things that the palette has no room for: three and more, or nothing
    specks: Annotated[tuple[str, ...], Field(exclude_if=_is_empty)] = ()


# --- text: what is said -------------------------------------------------------------------


class Claim(Frozen):
    """One typed statement of a caption. `text` is the words that make it, with those that take
    something back of it: "sounds like strings"."""

    attribute: Attribute
    value: str
    text: str
    basis: Basis = "heard"
    tier: Annotated[Tier, Field(exclude_if=_is_empty)] = ""


class JudgedClaim(Claim):
    """A claim and what the evidence says of it. `measured` is "" where nothing was.

    It is `told` where a tag of the music's file says so, and nothing measured settles it.
    """

    verdict: ClaimVerdict
    measured: str
    confidence: Share


class Caption(Frozen):
    """What is heard. `writer` is the agent that had the last word on it, GIVEN where it is the
    source's own: then it stays as it is, and its claims say what is against it."""

    text: str
    claims: Annotated[tuple[JudgedClaim, ...], Field(min_length=1)]
    writer: AgentName


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
    writer: AgentName  # GIVEN where it is the source's own
    # What the critic found in a given story, which is kept as it is; one a line, "" where nothing.
    note: str = ""
    picture_fit: Annotated[PictureFit, Field(exclude_if=_is_uncompared)] = PictureFit()


class Fault(Frozen):
    """One thing that the critic found wrong. `quote` is the words at fault."""

    where: Literal["caption", "story", "pair"]  # "pair": the picture and the music
    rule: str
    quote: str
    why: str
    mend: str


class Turn(Frozen):
    """One agent's turn on one item, as it is kept."""

    agent: AgentName
    round: int
    speaker: str
    model: str
    prompt_sha256: Sha256
    request_sha256: Sha256
    said: str
    faults: str  # the critic's, one a line; "" for the others


# What the reconciler says where it asks for another picture of a piece that was matched.
NEXT_MATCH = "asks for the next best match"

# The critic's rule against a story that a model which sees finds hardly of its picture.
NOT_ITS_PICTURE = "not of its picture"


def next_matches_in(turns: Iterable[Turn]) -> int:
    """How often another picture was asked for."""
    return sum(turn.said == NEXT_MATCH for turn in turns)


# --- items and samples ---------------------------------------------------------------------


class Tags(Frozen):
    """What a music file says of itself; "" where it says nothing.

    Title, artist, album and license are the file's own words. The others are values of closed
    vocabularies, such as "rock, folk", "dreamy", "124", "A minor", "piano, violin".
    """

    title: str = ""
    artist: str = ""
    album: str = ""
    license: str = ""
    genre: str = ""
    mood: str = ""
    bpm: str = ""
    key: str = ""
    instruments: str = ""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the source, and the hash of what it held when it was surveyed.

    `path` is the entry's: bytes, relative to the source.
    """

    path: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of a file is a piece of its own, in seconds."""

    start_s: float
    end_s: float

    def sha256(self, of_file: str) -> str:
        """The hash by which the piece is known, from that of the whole file."""
        return hashlib.sha256(f"{of_file} {self.start_s} {self.end_s}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SourcePicture(SourceFile):
    """Where the picture of a piece comes from.

    An embedded cover has the path of the music that it is embedded in and a hash of its own; a
    picture of a video has both of the video.
    """

    origin: ImageOrigin

    @property
    def is_in_music(self) -> bool:
        """Whether it is taken out of the music's own file."""
        return self.origin in ("embedded", "embedded, second choice", "video")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of music and what belongs to it, as the source offers it: clips are cut from it.

    Where music is generated for a picture that has none, `music` has the path of the picture and
    the hash of the music. Where only a `stretch` of a file is the piece, its hash is of both.
    """

    music: SourceFile
    duration_s: float
    picture: SourcePicture
    story_path: bytes | None
    tags: Tags
    lyrics_path: bytes | None = None
    caption_path: bytes | None = None
    stretch: Stretch | None = None
    score_path: bytes | None = None
    sequence: tuple[SourcePicture, ...] = ()

    def key(self, clip_index: int) -> str:
        """The key of a clip: from the music's content, never from its name."""
        return f"{self.music.sha256[:24]}{clip_index:02d}"

    def of_clip(self, clip_index: int, clip_count: int) -> "Piece":
        """The piece as one of its clips has it: of a sequence, with the picture that is its own."""
        if not self.sequence:
            return self
        picture = self.sequence[clip_index * len(self.sequence) // clip_count]
        return replace(self, picture=picture, sequence=())

    @property
    def is_generated(self) -> bool:
        """Whether the source has only the picture, so that a model made the music."""
        return self.picture.origin == "alone"


@dataclass(frozen=True, slots=True)
class Item:
    """One sample to be: a clip of a piece, and the split that its group is dealt to."""

    key: str
    clip_index: int
    clip_count: int
    group: str
    split: Split
    piece: Piece

    @property
    def tags(self) -> Tags:
        return self.piece.tags

    @property
    def source_sha256(self) -> str:
        """Of the music, as a `Quadruple` names it."""
        return self.piece.music.sha256


class ClipFacts(Frozen):
    """How a clip was cut. `upsampled` says that the source had a lower rate.

    `generated_by` is the model that made the music, and a hash of its weights; "" where the
    music is a file's of the source.
    """

    start_s: float
    duration_s: float
    rate_hz: int
    channels: int
    source_rate_hz: int
    upsampled: bool
    generated_by: str
    sha256: Sha256  # of the FLAC member
    chosen: Annotated[Chosen, Field(exclude_if=_is_spread)] = SPREAD


class Match(Frozen):
    """How a picture and its music came together, where the recipe matches what nothing pairs: by
    the source, or `matched`; "" where it does not.

    `score` is the share of random pairs that go together less well, by what was measured; `best`
    that of the picture which would go with the music best, whoever has it.
    """

    by: Literal["", "source", "matched"] = ""
    score: Share = 0.0
    best: Share = 0.0


class ImageFacts(Frozen):
    """Where a picture came from, and the sha256 of the JPEG member."""

    origin: ImageOrigin
    width_px: int
    height_px: int
    sha256: Sha256
    match: Annotated[Match, Field(exclude_if=_is_unmatched)] = Match()


class Transcript(Frozen):
    """What a model, `by` name and hash, heard sung in the clip, beside given lyrics.

    The stretch of these that comes nearest has `words`, of which `wrong` differ: left out, put in
    or another.
    """

    by: str = ""
    heard: str = ""
    words: int = 0
    wrong: int = 0
    error_rate: Share = 0.0


class Lyrics(Frozen):
    """What is sung, as the source gives it: "none" where it gives nothing, "" where the recipe does
    not ask.

    `in_clip` are the lines that begin in the clip, where their times are given. Unless a model was
    asked, nobody has compared any of it with the sound: `why` says so.
    """

    origin: Literal["", "none", "lrc", "file", "tag", "text"] = ""
    text: str = ""
    in_clip: str = ""
    timed: bool = False
    verdict: Literal["", "not checked", "compared"] = ""
    why: str = ""
    transcript: Annotated[Transcript, Field(exclude_if=_is_unheard)] = Transcript()


class MediaFacts(Frozen):
    """The clip and the picture of a sample, as they are stored, and what was measured on them."""

    image: ImageFacts
    music: ClipFacts
    music_evidence: MusicEvidence
    quality: Quality  # of the music's sound
    image_evidence: ImageEvidence
    lyrics: Annotated[Lyrics, Field(exclude_if=_is_unasked)] = Lyrics()


class Prepared(Frozen):
    """An item whose media are cut and measured. `given_story` and `given_caption` are the source's
    own, or "".

    `set_aside` says why a text that lay beside the music is none of them.
    """

    media: MediaFacts
    given_story: str
    given_caption: Annotated[str, Field(exclude_if=_is_empty)] = ""
    set_aside: Annotated[str, Field(exclude_if=_is_empty)] = ""

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
    heard: Heard = Field(default_factory=dict, exclude_if=_is_empty)

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
