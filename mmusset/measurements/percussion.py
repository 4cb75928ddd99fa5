"""Whether drums play."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mmusset.measured import Measured
from mmusset.text import lowered

from .declaration import Border, Measurement, Mention, Scale, number_line
from .phrases import joined

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Probability of drums, 0 (none) to 1."""
    from mmusset.dsp import percussion

    return percussion.percussiveness(signal.spectrum, signal.onsets)


_NOTHING_ELSE = re.compile(
    r"\bno\s+(?:other|further|additional)\s+(?:musical\s+)?instrument(?:s|ation)?\b"
)
_DRUMMED = re.compile(
    r"drum|percuss|\b(?:beats?|kicks?|snare|cymbal|hi-?\s?hats?|claps?|clapping|tambourine|shaker"
    r"|congas?|bongos?|tabla|djembe|cajon|gong|timpani|rhythm\s+section|maracas?|castanets?"
    r"|cowbell|woodblock|triangle|snaps?|tapping|stomp\w*|beatbox\w*|everything\s+else)"
)


def _mentions(text: str) -> Iterator[Mention]:
    """Where a text that names nothing drummed says that no other instruments play."""
    small = lowered(text)
    if "instrument" in small and not _DRUMMED.search(small):
        for match in _NOTHING_ELSE.finditer(small):
            yield Mention(*match.span(), "percussion", "absent")


PERCUSSION = Measurement(
    name="percussion",
    model=Measured,
    field="percussiveness",
    measure=_measure,
    scale=Scale(("absent", "present"), (Border(0.5, 0.15),)),
    form="percussiveness {:.2f}",
    synonyms={
        "present": (
            *joined(
                "drum|drums|drum kit|drum set|drum beat|drumbeat|drum beats|drumming|drummer"
                "|drum machine|percussion|percussions|percussive|percussionist|percussionists"
                "|drummers|drumkit|drumset|drum groove|drumgroove|drum roll|drum rolls|backbeat"
                "|drumline|drum line|drum loop"
            ),
            *joined(
                "drum|percussion|percussive",
                "part|parts|sound|sounds|element|elements|instrument|instruments|section|track"
                "|pattern|patterns|hits|accompaniment",
            ),
        ),
        "absent": (*joined("drumless|beatless|unpercussive"),),
    },
    mentions=_mentions,
    thing=True,
    rank=10,
    prompt="percussiveness {{ music.percussiveness.value | round(2) }}",
    line=number_line("percussiveness", "{:.2f} of 1"),
)
