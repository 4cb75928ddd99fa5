"""What is asked of the child processes, and what they reply.

Tasks and replies cross a pipe as JSON. Paths cross it as bytes, in base64, since the names of a
file system need not be text.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from mmusset.frozen import Frozen
from mmusset.recipe_parts.media import ClipPart, ImagePart
from mmusset.sample_parts.evidence import Heard, ImageEvidence, MusicEvidence
from mmusset.sample_parts.media import ClipFacts, Match
from mmusset.sample_parts.piece import Item, Stretch, Tags
from mmusset.sources.rights import RightsFile
from mmusset.sources.sidecar import GivenText
from mmusset.sources.source import Kind

NO_CAPTION = "no caption can be read"
# What mends a file that took its decoder more memory than it has.
MORE_MEMORY = "save it smaller, or raise limits.decode_memory_mb"


class Survey(Frozen):
    """What a music, video, picture or text file says of itself. Empty strings where it does not.

    Of a sidecar, `tags` are those that it gives to music, and `texts` what else it gives. Of music,
    `stretch` is what of the file is the piece, None for all of it.

    `pixels_sha256` is of the picture, or of the music's cover, as it is decoded to be stored;
    `sound_sha256` of a moment of the decoded music. Both outlive another container or tags. The
    `fingerprint` outlives another encoding: words of 32 bits, the lowest byte first, in base64.
    `album_artist` is used for groups alone.
    `trouble` is why that picture or cover can't be used, as a reason and its detail, "" where it
    can; `cover_is_front` unless the only cover is known to be a back. A video `has_frames` of more
    than one colour, or is sound alone.
    """

    sha256: str
    duration_s: float = 0.0
    cover_sha256: str = ""
    cover_is_front: bool = True
    trouble: tuple[str, str] = ("", "")
    has_frames: bool = True
    pixels_sha256: str = ""
    sound_sha256: str = ""
    fingerprint: str = ""
    rights: RightsFile = RightsFile()
    tags: Tags = Tags()
    texts: tuple[GivenText, ...] = ()
    album_artist: str = ""
    stretch: Stretch | None = None

    def without_fingerprint(self) -> "Survey":
        """The same less what is kept apart."""
        return self.model_copy(update={"fingerprint": ""})


class ComposingInput(Frozen):
    """What music is to be made from: a picture, stored as samples hold it, and its story, or ""."""

    story: str


class _Task(Frozen):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


class SurveyTask(_Task):
    """Read what a file says of itself. A picture is looked at as it would be stored, and of music
    the `stretch` that is a piece; `rights` is which file of rights it is.

    A score is played with the `soundfont`. At a `glance` no sound and no picture is decoded, so
    what sounds or looks the same is not known. The hash is of some places of the file alone unless
    `hash_whole`.
    """

    task: Literal["survey"] = "survey"
    file: bytes
    kind: Kind
    rights: str = ""
    max_side_px: int
    min_side_px: int = 1
    stretch: Stretch | None = None
    soundfont: bytes = b""
    glance: bool = False
    hash_whole: bool = True


class SurveysTask(_Task):
    """Read what several files say of themselves."""

    task: Literal["surveys"] = "surveys"
    files: tuple[SurveyTask, ...]


class Surveyed(Frozen):
    """What a file says of itself; or else why it can't be used, as a reason and its detail, or what
    kept the machine from reading it."""

    survey: Survey | None = None
    unusable: tuple[str, str] | None = None
    unread: str = ""


class SurveyedFiles(Frozen):
    """What several files say of themselves, in the order of their task."""

    files: tuple[Surveyed, ...]


class Originals(_Task):
    """The files of a piece as they are opened on this machine: absolute paths.

    `picture` is the music's own file where the picture is in it; `story`, `lyrics`, `caption` and
    `score` are b"" where none are given.
    """

    music: bytes
    picture: bytes
    story: bytes
    lyrics: bytes = b""
    caption: bytes = b""
    score: bytes = b""


class ComposingTask(_Task):
    """Store a picture as `stem`.jpg, and read its story, b"" for none."""

    task: Literal["compose"] = "compose"
    picture: bytes
    picture_sha256: str
    story: bytes
    stem: bytes
    image: ImagePart


class PrepareTask(_Task):
    """Cut, measure and store an item as `stem`.flac and `stem`.jpg, and with `frames` those of a
    video as `stem`.frames.jpg.

    `match` says how picture and music came together, where the recipe matches any. With
    `model_pixels`, the picture is also stored as a model is shown it, as `stem`.model.jpg.
    `generated_by` is "" where the music is the source's own; `ears` listen to the clip. With
    `sound`, the clip is also stored as a listener is sent it, as `stem`.listener.wav. A clip that
    was chosen by its sound is cut again where it was, `cut_before`, and not chosen anew. With
    `sections`, those of the whole piece are measured too, and with `whole` what holds of all of it:
    then `ears` listen to places of the piece, which are also stored with `places`, as
    `stem`.places.flac. With `lyrics`, those that are given are kept; with `scores`, what a score
    says is. Music that is a score is played with the `soundfont`.
    """

    task: Literal["prepare"] = "prepare"
    item: Item
    originals: Originals
    stem: bytes
    clip: ClipPart
    image: ImagePart
    model_pixels: int
    generated_by: str
    ears: tuple[str, ...] = ()
    sound: bool = False
    cut_before: ClipFacts | None = None
    sections: bool = False
    whole: bool = False
    places: bool = False
    lyrics: bool = False
    match: Match = Match()
    scores: bool = False
    soundfont: bytes = b""
    frames: bool = False


class ListenTask(_Task):
    """Cut the first clip of a piece and store it as samples hold it, as `stem`.flac, and as a
    listener is sent it, as `stem`.listener.wav; `ears` listen to it."""

    task: Literal["listen"] = "listen"
    file: bytes
    stem: bytes
    clip: ClipPart
    ears: tuple[str, ...] = ()


class HearTask(_Task):
    """Listen to a stored clip, a FLAC, with ears whose models are heavy: their folders by name."""

    task: Literal["hear"] = "hear"
    flac: bytes
    models: dict[str, str]
    silence_dbfs: float


class FeelTask(_Task):
    """Measure a picture, or the clip that a piece would give, with what `ears` hear in it. With
    `stem` it is also stored, as `stem`.jpg or `stem`.flac, for models to look at."""

    task: Literal["feel"] = "feel"
    file: bytes
    is_picture: bool
    clip: ClipPart
    image: ImagePart
    ears: tuple[str, ...] = ()
    stretch: Stretch | None = None
    stem: bytes = b""


class Measurements(Frozen):
    """What was measured of a picture or of music, the other None."""

    picture: ImageEvidence | None = None
    music: MusicEvidence | None = None


class ThemesTask(_Task):
    """Tell how near a stored picture, or a stored clip, comes to each theme, by a model."""

    task: Literal["themes"] = "themes"
    file: bytes
    is_picture: bool
    model: str


class Themes(Frozen):
    """How near something comes to each theme."""

    nearness: tuple[float, ...]


class CompareTask(_Task):
    """Tell how near stories are to a stored picture, by a CLIP `model`."""

    task: Literal["compare"] = "compare"
    picture: bytes
    stories: tuple[str, ...]
    model: str


class Compared(Frozen):
    """The cosine of each story with the picture."""

    cosines: tuple[float, ...]


class CaptionedTask(_Task):
    """Read the caption that a file gives, and measure a clip of its music, or of a `stretch` of
    it; sound that is shorter than a clip is taken whole. `ears` listen to it; with `flac` it is
    stored there, for others.

    Where the music is a clip itself, `piece` is the file that it was cut from, and what belongs to
    a piece is measured on it, if it is there and still has this hash.
    """

    task: Literal["captioned"] = "captioned"
    music: bytes
    piece: bytes = b""
    piece_sha256: str = ""
    caption: bytes
    clip: ClipPart
    ears: tuple[str, ...] = ()
    flac: bytes = b""
    stretch: Stretch | None = None


class CaptionedClip(Frozen):
    """A caption, and the evidence on a clip of its music, which has this hash."""

    caption: str
    sha256: str
    start_s: float
    music: MusicEvidence


class TranscribeTask(_Task):
    """Write down what is sung in a stored clip, a FLAC, by a Whisper `model`."""

    task: Literal["transcribe"] = "transcribe"
    flac: bytes
    model: str
    language: str
    silence_dbfs: float


class AestheticsTask(_Task):
    """Tell what listeners would give a stored clip, a FLAC, by an Audiobox Aesthetics `model`."""

    task: Literal["aesthetics"] = "aesthetics"
    flac: bytes
    model: str


class Sung(Frozen):
    """What a model heard sung, `by` the identity of its weights."""

    by: str
    words: str


class Listened(Frozen):
    """What ears heard in a clip."""

    heard: Heard


AnyTask = (
    SurveyTask
    | SurveysTask
    | ComposingTask
    | PrepareTask
    | ListenTask
    | HearTask
    | TranscribeTask
    | AestheticsTask
    | FeelTask
    | ThemesTask
    | CompareTask
    | CaptionedTask
)
Task = Annotated[AnyTask, Field(discriminator="task")]
TASKS: TypeAdapter[AnyTask] = TypeAdapter(Task)


def path_of(file: bytes) -> Path:
    """The path of a file that a task names by its bytes."""
    return Path(os.fsdecode(file))
