"""The score that a piece is given, and what it says of a clip."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmusset.errors import Unusable
from mmusset.evidence.clip import Clip
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.piece import PiecePlace
from mmusset.evidence.played import notation_of
from mmusset.evidence.sound import Sound
from mmusset.score import NO_SCORE, UNASKED, Score
from mmusset.scores import synthesis
from mmusset.scores.notation import NotAScore
from mmusset.scores.read import SUFFIXES

from .tasks import PrepareTask, path_of

if TYPE_CHECKING:
    from mmusset.scores.evidence import PieceScore


def is_played(task: PrepareTask) -> bool:
    """Whether the music is a score, which a sound font plays."""
    suffix = path_of(task.originals.music).suffix.lower()
    return bool(task.soundfont) and suffix in SUFFIXES


def score_of_piece(
    sound: Sound, heard_at: Sequence[PiecePlace], task: PrepareTask
) -> "PieceScore | Score":
    """A piece's score, compared with its sound where that was heard; or what is said of all of its
    clips where there is none that can be read.

    A score costs its music nothing: without it the sound alone is measured. Raises Unread.
    """
    if not task.scores:
        return UNASKED
    if not task.originals.score:
        return NO_SCORE
    from mmusset.scores.agreement import HeardPlace
    from mmusset.scores.evidence import of_piece, rendered

    try:
        with MediaFile(path_of(task.originals.score)) as media:
            notation = notation_of(media)
    except NotAScore as error:
        return Score(origin="beside", why=f"it {error}")
    except Unusable as error:
        return Score(origin="beside", why=f"it can't be read: {error}")
    if is_played(task):
        return rendered(notation)
    places = [HeardPlace(at.start_s, at.signal) for at in heard_at]
    return of_piece(notation, places, sound.duration_s)


def score_of_clip(piece: "PieceScore | Score", task: PrepareTask, clip: Clip) -> Score:
    """What the score says of a clip."""
    if isinstance(piece, Score):
        return piece
    from mmusset.scores.evidence import of_clip

    long_s = len(clip.samples) / clip.rate_hz
    if not is_played(task):
        return of_clip(piece, clip.start_s, long_s, "beside")
    by = synthesis.identity(synthesis.SoundFont.at(path_of(task.soundfont)))
    return of_clip(piece, clip.start_s, long_s, "rendered", by)
