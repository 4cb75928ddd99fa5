"""The clip and the picture of a sample, as they are stored, with what was measured on them."""

from typing import Annotated, Literal

from pydantic import Field

from mmusset.frozen import Frozen, Sha256, Share
from mmusset.quality import Quality
from mmusset.structure import SPREAD, Chosen

from .evidence import ImageEvidence, MusicEvidence
from .piece import ImageOrigin

MOST_FRAMES = 600  # of a sample


def _is_spread(value: object) -> bool:
    return value == SPREAD


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


def _is_unmatched(value: object) -> bool:
    return value == Match()


class ImageFacts(Frozen):
    """Where a picture came from, and the sha256 of the JPEG member."""

    origin: ImageOrigin
    width_px: int
    height_px: int
    sha256: Sha256
    match: Annotated[Match, Field(exclude_if=_is_unmatched)] = Match()


class FrameFacts(Frozen):
    """The frames of a sample whose picture is of a video: one for each whole second of the clip,
    shown in that second's middle, and the sha256 of the JPEG member that has them side by side."""

    count: Annotated[int, Field(ge=0, le=MOST_FRAMES)] = 0
    width_px: int = 0  # of each
    height_px: int = 0
    sha256: str = ""


NO_FRAMES = FrameFacts()


def _is_still(value: object) -> bool:
    return value == NO_FRAMES


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


def _is_unheard(value: object) -> bool:
    return value == Transcript()


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


def _is_unasked(value: object) -> bool:
    return value == Lyrics()


class MediaFacts(Frozen):
    """The clip and the picture of a sample, as they are stored, and what was measured on them."""

    image: ImageFacts
    music: ClipFacts
    music_evidence: MusicEvidence
    quality: Quality  # of the music's sound
    image_evidence: ImageEvidence
    lyrics: Annotated[Lyrics, Field(exclude_if=_is_unasked)] = Lyrics()
    frames: Annotated[FrameFacts, Field(exclude_if=_is_still)] = NO_FRAMES
