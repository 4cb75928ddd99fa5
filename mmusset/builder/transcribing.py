"""Given lyrics compared with what a model hears sung in the clip."""

from mmusset.ears.whisper.comparison import compare
from mmusset.sample_parts.media import Lyrics, Transcript

from .decoding.tasks import Sung

NOTHING_HEARD = "the transcriber heard nobody sing in this clip"


def compared(lyrics: Lyrics, sung: Sung) -> Lyrics:
    """The lyrics with what was heard, and how many words of their nearest stretch differ."""
    found = compare(lyrics.text, sung.words)
    if not sung.words:
        return lyrics.model_copy(
            update={"why": NOTHING_HEARD, "transcript": Transcript(by=sung.by)}
        )
    return lyrics.model_copy(
        update={
            "verdict": "compared",
            "why": f"{found.wrong} differences in {found.words} words, as {sung.by} heard them",
            "transcript": Transcript(
                by=sung.by,
                heard=sung.words,
                words=found.words,
                wrong=found.wrong,
                error_rate=round(found.error_rate, 3),
            ),
        }
    )
