"""Beats per minute in prose: "84 BPM", "about eighty-four beats a minute", "80 to 90 BPM".

"Over 120 BPM" and "nearly 120 BPM" are read as 120 BPM.
"""

import re
from collections.abc import Iterator
from functools import cache

from mmusset.text import has_any, lowered

from .phrases import WORKS

ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

_TENS = rf"(?:{'|'.join(TENS)})(?:[-\s]+(?:{'|'.join(ONES)})\b)?"
UNDER_HUNDRED = rf"(?:{_TENS}|{'|'.join(TEENS)}|{'|'.join(ONES)})"
_HUNDREDS = rf"(?:a|one|two)[-\s]+hundred(?:(?:[-\s]+and)?[-\s]+{UNDER_HUNDRED})?"
_LARGE = rf"(?:\d{{2,3}}(?:\.\d+)?|(?:{_HUNDREDS}|{_TENS})\b)"
_NUMBER = rf"(?:\d{{1,3}}(?:\.\d+)?|(?:{_HUNDREDS}|{UNDER_HUNDRED})\b)"
_UNIT = (
    r"(?:bpm\b|b\.p\.m\.|beats?/min(?:ute)?\b"
    r"|(?:beats?|crotchets?|quarter[-\s]notes?)"
    r"[-\s]+(?:per|a|each|every|to\s+the|in\s+a)[-\s]+minute\b)"
)
_SPAN = rf"(?P<low>{_NUMBER})(?:\s*(?:-|–|—|\bto\b)\s*(?P<high>{_NUMBER}))?"
_BETWEEN = rf"between\s+(?P<low>{_NUMBER})\s+and\s+(?P<high>{_NUMBER})"
_OF_IT = rf"(?:\s+(?:of|in|for)\s+(?:the|this)\s+(?:\w+\s+)?(?:{WORKS}))?"
_LEAD = (
    r"(?:tempo|pulse|bpm|beats\s+per\s+minute|metronome)\b"
    rf"{_OF_IT}(?:\s+(?:is|are|be|of|at|near|around|about|roughly|approximately|close|to|sits|stays|holds|lies"
    r"|drops|rises|falls|settles|set|runs|hovers"
    r"|marked|marking|mark|a|just|under|over|exactly|would|will|may|might|says?|reads?"
    r"|ticks?|clicks?|measures?|measured|estimated|detected|as|approx"
    r"|shows?|some)\.?|\s*[:=(~])*"
)


# One of these stands in every tempo that is found.
_TELLING = ("minute", "bpm", "b.p.m", "/min", "tempo", "pulse", "metronome", "♩")


def find(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and value of every tempo in a text: "84", or "80-90" for a range."""
    small = lowered(text)
    if not has_any(small, _TELLING):
        return
    for pattern in _patterns():
        for match in pattern.finditer(small):
            ends = sorted(number(end) for end in (match["low"], match["high"]) if end)
            value = "-".join(f"{end:g}" for end in ends)
            yield match.start("low"), match.end(), value


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    # Where media are decoded nobody reads prose.
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"(?<!\d[.,])(?<!\w){_SPAN}[-\s]*{_UNIT}",
            rf"\b{_BETWEEN}[-\s]*{_UNIT}",
            rf"\b{_LEAD}\s*(?P<low>{_LARGE})(?:\s*(?:-|–|—|\bto\b)\s*(?P<high>{_LARGE}))?"
            rf"(?![-\s]*{_UNIT})(?!\s*(?:\d|%|bars?\b|seconds?\b|notes?\b))(?!\w)",
            rf"(?<!\d[.,])(?<!\w)(?P<low>{_LARGE})(?P<high>)\s+(?:times\s+)?(?:per|a|to\s+the"
            rf"|in\s+a|every)"
            r"\s+minute\b",
            rf"♩\s*=\s*{_SPAN}(?!\w)",
        )
    )


def number(words: str) -> float:
    """A number in digits or in words, under 300."""
    if words[0].isdigit():
        return round(float(words), 2)
    total = 0
    for part in re.split(r"[-\s]+", words.casefold()):
        if part == "hundred":
            total = max(total, 1) * 100
        elif part in ONES:
            total += ONES.index(part) + 1
        elif part in TEENS:
            total += TEENS.index(part) + 10
        elif part in TENS:
            total += TENS.index(part) * 10 + 20
    return float(total)
