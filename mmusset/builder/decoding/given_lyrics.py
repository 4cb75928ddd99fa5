"""The lyrics that a piece is given: of a file beside it, of its tags, or of a text of verses."""

import os
from pathlib import Path

from mmusset.encodings import text_of
from mmusset.evidence.media_file import MediaFile
from mmusset.sample_parts.media import Lyrics
from mmusset.sources import lyrics, sidecar, tags

from .tasks import PrepareTask

UNCHECKED = "nobody compared them with the sound: no ear of mmusset writes down what is sung"
NONE_GIVEN = "there is no file of lyrics beside the music, no tag, and no text of verses"
NOT_TEXT = "the file of lyrics is no text, or its encoding is not sure: save it as UTF-8"


def given_lyrics(media: MediaFile, task: PrepareTask, verses: str, clip_start_s: float) -> Lyrics:
    """What is sung in a piece, as far as its source says and the recipe asks, the nearest first.

    `verses` is the text beside the music, if it is no story. Raises OSError, Unread.
    """
    if not task.lyrics:
        return Lyrics()
    beside, why = _beside(task.originals.lyrics)
    if text := beside:
        origin = "lrc" if task.originals.lyrics.lower().endswith(b".lrc") else "file"
    elif text := tags.read(media.reader(), media.suffix).lyrics:
        origin = "tag"
    else:
        text, origin = verses, "text"
    lines = lyrics.lines_of(text)
    words = lyrics.text_of(lines)
    if not words:
        return Lyrics(origin="none", why=why or NONE_GIVEN)
    end_s = clip_start_s + task.clip.seconds
    return Lyrics.model_validate(
        {
            "origin": origin,
            "text": words,
            "in_clip": lyrics.within(lines, clip_start_s, end_s),
            "timed": any(line.at_s is not None for line in lines),
            "verdict": "not checked",
            "why": UNCHECKED,
        }
    )


def _beside(path: bytes) -> tuple[str, str]:
    """The text of a file of lyrics, "" where there is none, and what is wrong with it."""
    if not path:
        return "", ""
    with MediaFile(Path(os.fsdecode(path))) as media:
        if media.suffix == ".json":
            return _of_sidecar(media)
        data = media.read_at(0, lyrics.MOST_BYTES)
    text = text_of(data)
    return ("", NOT_TEXT) if text is None else (text, "")


def _of_sidecar(media: MediaFile) -> tuple[str, str]:
    try:
        given = sidecar.texts_given(media.read_at(0, sidecar.MOST_BYTES + 1))
    except ValueError:
        return "", NOT_TEXT
    return given.get("lyrics", ""), ""
