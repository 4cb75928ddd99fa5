"""Scores as music: notes and no sound, until a sound font plays them."""

from functools import lru_cache

from mmusset.errors import Unusable
from mmusset.scores.notation import NotAScore, Notation
from mmusset.scores.read import MOST_BYTES, read_score
from mmusset.scores.synthesis import RATE_HZ, Pcm, SoundFont, play

from .media_file import MediaFile
from .sound import Sound

NO_SCORE = "a score that can't be played"


def notation_of(media: MediaFile) -> Notation:
    """The notes of a score. Raises NotAScore."""
    return _notation(media.read_at(0, MOST_BYTES + 1), media.suffix)


def open_played(media: MediaFile, soundfont: SoundFont) -> Sound:
    """A score as its sound font plays it. Raises Unusable, and MmussetError for the sound font."""
    try:
        pcm = _pcm(media.read_at(0, MOST_BYTES + 1), media.suffix, soundfont)
    except NotAScore as error:
        raise Unusable(NO_SCORE, f"it {error}") from None
    return Sound(media, "score", len(pcm) / RATE_HZ, RATE_HZ, 2, played=pcm)


# The clips of a piece come one after another.
@lru_cache(maxsize=4)
def _notation(data: bytes, suffix: str) -> Notation:
    return read_score(data, suffix)


@lru_cache(maxsize=1)
def _pcm(data: bytes, suffix: str, soundfont: SoundFont) -> Pcm:
    return play(_notation(data, suffix), soundfont)
