"""Tempi and keys as people write them: "84 BPM", "eighty-four beats a minute", "B flat major"."""

from collections.abc import Callable
from random import Random

from .wording import expand

_SMALL = (
    *("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNIT = "beats {per|a|each|to the|in a} minute"
# Of two names for one pitch, those that scores use most.
_FLATS = {"A#": "B flat", "D#": "E flat", "G#": "A flat"}
_SHARPS = {"C#": "C sharp", "F#": "F sharp"}


def beats(value: str, random: Random) -> str:
    """A tempo with its unit."""
    bpm = int(value)
    return expand(f"{bpm} BPM|{bpm} {{BPM|{_UNIT}}}|{_in_words(bpm, random)} {_UNIT}", random)


def key(name: str, _: Random) -> str:
    """A key by the name that players give it: "A# major" is B flat major."""
    tonic, mode = name.split()
    return f"{_FLATS.get(tonic) or _SHARPS.get(tonic) or tonic} {mode}"


# What stands for a value in a pattern, beside "$value" for the value itself.
SPELT_OUT: dict[str, Callable[[str, Random], str]] = {"$beats": beats, "$key": key}


def in_words(number: int) -> str:
    """A whole number from 1 to 99 in words."""
    if number < len(_SMALL):
        return _SMALL[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")


def _in_words(number: int, random: Random) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return in_words(rest)
    head = expand("a hundred|one hundred", random) if hundreds == 1 else "two hundred"
    return f"{head} and {in_words(rest)}" if rest else head
