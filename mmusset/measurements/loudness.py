"""How loud a clip is, over all of it."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mmusset import calibrated
from mmusset.measured import Measured
from mmusset.text import has_any, lowered

from .declaration import Measurement, Mention, Scale, borders, number_histogram, number_line
from .phrases import LEVELS, MEDIUM, joined, stated
from .said import Trait

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Integrated loudness (ITU-R BS.1770); -70 LUFS at the least."""
    from mmusset.dsp import loudness

    return loudness.integrated(signal.blocks_lufs)


# "Never rises above a murmur", "barely above a whisper"; "nobody plays below a shout".
_NEVER = (
    r"\b(?:never|nobody|nothing|no\s+one|not|\w+n['’]t|hardly|barely|rarely|scarcely|seldom)\b"
    r"[^.!?;]{0,40}?"
)
_NOT_ABOVE = re.compile(
    rf"{_NEVER}\b(?:above|over|beyond|past)\s+an?\s+(?:whisper|murmur|hush|mutter|mumble|piano)\b"
)
_NOT_BELOW = re.compile(
    rf"{_NEVER}\b(?:below|under|beneath)\s+an?\s+(?:shout|roar|scream|bellow|yell)\b"
)
# One of these stands in all that is looked for.
_COMPARED_WITH = (
    *("whisper", "murmur", "hush", "mutter", "mumble", "piano"),
    *("shout", "roar", "scream", "bellow", "yell"),
)


def _mentions(text: str) -> Iterator[Mention]:
    """Where a text says that nothing is above a whisper, or below a shout."""
    small = lowered(text)
    if not has_any(small, _COMPARED_WITH):
        return
    for pattern, value in ((_NOT_ABOVE, "quiet"), (_NOT_BELOW, "loud")):
        for match in pattern.finditer(small):
            yield Mention(*match.span(), "loudness", value)


LOUDNESS = Measurement(
    name="loudness",
    model=Measured,
    field="loudness_lufs",
    measure=_measure,
    # LUFS. Broadcasts aim at -23 (EBU R 128), streaming turns down what is over about -14.
    scale=Scale(
        ("quiet", "medium", "loud"), borders((-24.0, -15.0), (1.5, 1.5), calibrated.LOUDNESS_ERRORS)
    ),
    form="{:.1f} LUFS",
    synonyms={
        "quiet": (
            *joined(
                "quiet|quietly|soft|softly|hushed|faint|faintly|low in volume|low volume"
                "|low in level|volume is low|level is low|pianissimo"
            ),
            *stated(LEVELS, "low|down|modest|subdued"),
            *("subdued", "down in volume", "at a whisper", "in a whisper", "whisper quiet"),
        ),
        "medium": (
            *joined(
                "medium volume|moderate volume|moderate in loudness|moderate loudness"
                "|medium level|moderate level|moderate in level|moderate in volume"
                "|moderately loud|middling volume|neither loud nor quiet"
                "|neither quiet nor loud|neither loud nor soft|neither soft nor loud|mezzo forte"
                "|mezzo piano|as loud as a conversation"
            ),
            *stated(LEVELS, f"{MEDIUM}|mid"),
            *joined("between", "quiet|soft", "and loud"),
        ),
        "loud": (
            *joined(
                "loud|loudly|thunderous|deafening|booming|blaring|high in volume|high volume"
                "|full volume|full blast|full tilt|ear splitting|earsplitting|ear shattering"
                "|ear filling|volume is high|level is high|fortissimo|forte"
            ),
            *stated(LEVELS, "high|up|strong"),
            *joined("plenty of|a lot of", "volume"),
        ),
    },
    mentions=_mentions,
    said=(
        Trait(
            r"volume level|sound level|volume|(?<!energy[-\s])level|loudness",
            {
                "quiet": "low|quiet|soft|down|modest|subdued|hushed|faint|muted|restrained|gentle",
                "medium": f"{MEDIUM}|middle|average|mid|normal|comfortable|conversational"
                "|intermediate",
                "loud": "high|loud|up|strong|full|maximum|deafening|punishing|massive|extreme",
            },
        ),
    ),
    notable=frozenset({"quiet", "loud"}),
    rank=60,
    prompt="loudness {{ music.loudness_lufs.value | round(1) }} LUFS",
    line=number_line("loudness", "{:.1f} LUFS"),
    histogram=number_histogram("loudness", "Loudness", "LUFS", range(-48, 0, 3)),
)
