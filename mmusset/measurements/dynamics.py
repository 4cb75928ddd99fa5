"""How much a clip's loudness varies."""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from mmusset import calibrated
from mmusset.measured import Measured
from mmusset.text import has_any, lowered

from .declaration import Measurement, Mention, Scale, borders, number_line
from .phrases import LEVELS, joined, stated
from .said import Amount, Trait

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """95th less 10th percentile of momentary loudness, in dB."""
    from mmusset.dsp import loudness

    return loudness.dynamic_range(signal.blocks_lufs)


# One part quiet and another loud: "quiet passages give way to loud ones".
_PARTS = r"(?:passages|sections|parts|bits|moments|verses|choruses|bars|phrases|stretches|ones)"
_QUIET = r"(?:quiet|soft|hushed|gentle|whispered)"
_LOUD = r"(?:loud|thunderous|roaring|deafening|full-blooded)"
# One of these stands in all that is looked for below.
_LEVELS_SAID = (
    *("quiet", "soft", "hush", "gentl", "whisper", "murmur", "silen"),
    *("loud", "thunder", "roar", "deafen", "full-blooded"),
)
_TO_THE_END = (
    r"[^.!?;]{1,40}?\b(?:ends?|ending|finish\w*|closes?|grows?|becomes?|builds?|gets?|turns?)\s+"
    r"(?:\w+\s+){0,2}?"
)
_AS_BEFORE = re.compile(
    r"\b(?:first|second|last|opening|final)\s+(?:half|part|section|bars?)\b[^.!?;]{1,30}?\bas\s+"
    r"(?:loud|soft|quiet)\s+as\s+(?:the|its)\s+(?:first|second|last|opening|rest)\b"
)


@cache
def _by_turns() -> tuple[re.Pattern[str], ...]:
    # Where media are decoded nobody reads prose.
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"\b{_QUIET}\s+{_PARTS}\b[^.!?;]{{1,40}}?\b{_LOUD}\b(?:\s+{_PARTS})?",
            rf"\b{_LOUD}\s+{_PARTS}\b[^.!?;]{{1,40}}?\b{_QUIET}\b(?:\s+{_PARTS})?",
            rf"\b(?:starts?|begins?|opens?)\s+(?:out\s+|off\s+)?(?:quiet|soft|gentl"
            rf"|hush)\w*\b{_TO_THE_END}"
            r"(?:loud\w*|(?:an?\s+)?(?:uproar|roar|thunder|shout|bang|climax))\b",
            rf"\b(?:starts?|begins?|opens?)\s+(?:out\s+|off\s+)?(?:loud|thunder)\w*\b{_TO_THE_END}"
            r"(?:quiet\w*|soft\w*|(?:an?\s+)?(?:whisper|murmur|silence|hush))\b",
            r"\bfrom\s+(?:an?\s+|near\s+)?(?:whisper|murmur|hush|silence)\s+to\s+(?:an?\s+)?\w+",
            rf"\bfrom\s+(?:\w+\s+)?{_QUIET}(?:\s+\w+)?\s+to\s+(?:an?\s+)?(?:\w+\s+)?{_LOUD}\b",
            rf"\bfrom\s+(?:\w+\s+)?{_LOUD}(?:\s+\w+)?\s+to\s+(?:an?\s+)?(?:\w+\s+)?{_QUIET}\b",
            r"\blouder\s*,?\s+(?:and|but|then|before)\b[^.!?;]{0,30}?\b(?:softer|quieter)\b",
            r"\b(?:softer|quieter)\s*,?\s+(?:and|but|then|before)\b[^.!?;]{0,30}?\blouder\b",
            rf"\b(?:alternat|mov|shift|switch|var|swing|rang|oscillat|fluctuat)\w*\s+(?:\w+ly\s+)?"
            rf"between\s+(?:\w+\s+)?(?:{_QUIET}(?:er)?\b[^.!?;]{{1,40}}?\b{_LOUD}(?:er)?"
            rf"|{_LOUD}(?:er)?\b[^.!?;]{{1,40}}?\b{_QUIET}(?:er)?)\b(?:\s+{_PARTS})?",
            rf"\b{_QUIET}\s+to\s+(?:\w+ly\s+|very\s+)?{_LOUD}\b",
            rf"\b{_LOUD}\s+to\s+(?:\w+ly\s+|very\s+)?{_QUIET}\b",
            # One part of it beside another.
            r"\b(?:first|second|last|opening|final)\s+(?:half|part|section|bars?)\b[^.!?;]{1,30}?"
            r"\b(?:louder|softer|quieter)\s+than\s+(?:the|its)\s+(?:first|second|last|opening|rest)\b",
            r"\bone\s+(?:moment|minute|second)\b[^.!?;]{0,30}\b(?:murmur|whisper|hush\w*|quiet|soft"
            r"|silent|silence)\b[^.!?;]{0,20}\bthe\s+next\b[^.!?;]{0,30}\b(?:roar\w*|shout\w*|loud"
            r"|scream\w*|thunder\w*|blast\w*)",
        )
    )


def _mentions(text: str) -> Iterator[Mention]:
    """Where a text has quiet and loud parts by turns, or says that one is as loud as another."""
    small = lowered(text)
    if not has_any(small, _LEVELS_SAID):
        return
    for pattern in _by_turns():
        for match in pattern.finditer(small):
            yield Mention(*match.span(), "dynamics", "varied")
    for match in _AS_BEFORE.finditer(small):
        yield Mention(*match.span(), "dynamics", "even")


DYNAMICS = Measurement(
    name="dynamics",
    model=Measured,
    field="dynamic_range_db",
    measure=_measure,
    scale=Scale(("even", "varied"), borders((6.0,), (1.2,), calibrated.DYNAMICS_ERRORS)),
    form="{:.1f} dB",
    synonyms={
        "even": (
            *joined(
                "steady in level|even in level|constant in level|steady level|even level"
                "|constant level|same level|one level|steady volume|even volume|constant volume"
                "|steady in volume|even in volume|constant in volume|steady in loudness"
                "|even in loudness|constant in loudness|dynamics are even|little dynamic change"
                "|little dynamic range|little dynamic variation|flat dynamics|steady dynamics"
                "|narrow dynamic range|small dynamic range"
            ),
            *joined(
                "level|volume|loudness|dynamics",
                "hardly moves|hardly changes|hardly shifts|hardly varies|barely moves"
                "|barely changes|barely shifts|barely varies|scarcely moves|scarcely changes"
                "|scarcely shifts|scarcely varies|hardly change|barely change|stays even"
                "|stays steady|holds even|holds steady|keeps even|keeps steady|remains even"
                "|remains steady|is even|is steady|never changes|never moves",
            ),
            *joined(
                "little change in|little changes in|hardly any change in|no change in",
                "level|volume|loudness",
            ),
            *stated(LEVELS, "steady|constant|even|stable|uniform|unchanging|same"),
            *joined("dynamics", "are|stay|remain", "steady|even|flat"),
            *joined("steady|even|flat", "dynamics"),
            *joined("dynamically", "steady|constant|even|stable|uniform|unchanging|flat"),
            *joined(
                f"{LEVELS}|level that|volume that",
                "hardly|barely|scarcely",
                "moves|changes|shifts|varies",
            ),
            *joined("little|hardly any", "change in", LEVELS),
            *joined("varies|varying|vary", "little in", LEVELS),
            *joined("one", LEVELS),
            *joined("dynamic range|dynamic variation", "is", "small|low|narrow|limited|minimal"),
            *joined("no|without|few", "dynamic", "changes|change|variation|variations|shifts"),
            *joined(LEVELS, "stays|remains|is", "the same"),
            *joined("the same|same", LEVELS),
        ),
        "varied": (
            *joined(
                "swells|swells and falls|swells and fades|rises and falls|swelling and falling"
                "|rising and falling|ebbs and flows|wide dynamics|wide dynamic range"
                "|large dynamic range|from quiet to loud|from loud to quiet|from soft to loud"
                "|from loud to soft|loud and quiet|quiet and loud|loud and soft|soft and loud"
                "|crescendo|crescendos|diminuendo|decrescendo|dynamics vary|dynamics are varied"
            ),
            *joined(
                "level|volume|loudness",
                "varies|changes|moves|shifts|comes and goes|goes up and down|rises and falls"
                "|swells",
            ),
            *joined(
                "changes in|varies in|varied in|changing|shifting|varying", "level|volume|loudness"
            ),
            *joined("varying|changing", "dynamics"),
            *joined("varied|varying|changing|shifting", f"dynamics|{LEVELS}"),
            *joined("varied|changing|shifting|variable|uneven", "in", LEVELS),
            *joined("dynamically", "varied|changing|shifting|variable|uneven"),
            *joined("vary|varying|varies|change|changing|changes", "in", LEVELS),
            *joined("shift|shifts|shifting|fluctuates|fluctuating", "in", LEVELS),
            *joined(LEVELS, "moves|shifts|fluctuates|varies|changes"),
            *joined("level|volume", "that", "moves|shifts|fluctuates|varies|changes"),
            *joined("swells and", "falls|fades"),
            *joined("swelling and", "falling|fading"),
            *joined("dynamic range|dynamic variation", "is", "large|high|wide|considerable"),
            *joined("louder and", "softer|quieter"),
            *joined("softer and|quieter and", "louder"),
            *joined("builds|grows|swells", "in volume"),
            *joined(
                "from", "piano to forte|forte to piano|pianissimo to fortissimo|pp to ff|p to f"
            ),
            *("dynamics shift", "dynamics change", "dynamics vary"),
        ),
    },
    mentions=_mentions,
    said=(
        Trait(
            r"volume level|sound level|volume|(?<!energy[-\s])level|loudness|dynamics?|dynamically"
            "|intensity",
            words={
                "even": "steady|constant|consistent|even|stable|uniform|unchanging|unchanged|flat"
                "|fixed|same|static|level",
                "varied": "varied|varying|variable|changing|shifting|fluctuating|uneven|wide"
                "|all over the place",
            },
            verbs={
                "even": "(?:var(?:y|ies)|chang(?:e|es)|shifts?|fluctuates?|wavers?|moves?)"
                " (?:(?:very|only|but) )?(?:little|slightly|minimally)",
                "varied": "var(?:y|ies)|chang(?:e|es)|shifts?|fluctuates?|budges?|wavers?|moves?"
                "|rises? and falls?|falls? and rises?|swells?|goes up and down|ebbs?|surges?|dips?",
            },
        ),
        Trait(
            "dynamic(?:s|al)? range",
            {
                "even": "narrow|small|limited|low|restricted|compressed|tight|minimal|modest|slim",
                "varied": "wide|large|high|broad|big|great|considerable|huge|vast|extreme|extensive"
                "|full",
            },
        ),
        Amount(
            "dynamic(?:s|al)? range|dynamics",
            much="varied",
            little="even",
        ),
        Amount(
            "dynamic(?:s|al)? (?:variations?|changes?|contrasts?|shifts?|swells?|swings?"
            "|differences|fluctuations?|extremes)"
            "|(?:changes?|variations?|shifts?|swings?|contrasts?|fluctuations?|movement|surprises)"
            " (?:in|of) (?:the )?(?:volume|level|loudness|dynamics?|intensity)"
            "|(?:volume|level|loudness) (?:changes?|variations?|shifts?|swings?)"
            "|crescendos?|diminuendos?|swells(?! of)|outbursts",
            much="varied",
            little="even",
            there=True,
        ),
    ),
    notable=frozenset({"varied"}),
    rank=50,
    prompt=", dynamic range {{ music.dynamic_range_db.value | round(1) }} dB",
    line=number_line("dynamic range", "{:.1f} dB"),
)
