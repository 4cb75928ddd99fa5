"""Keys and modes in prose: "A minor", "the key of F sharp", "a minor-key piece".

Told apart from ordinary English: "a minor change", "a major role", "the key
moment". A small "a" is an article; so is a capital one that begins a sentence,
unless what follows can't be the article's noun ("A minor, with drums").
A chord by name ("a D minor chord") says nothing of the key.
"""

import re
from collections.abc import Iterator
from typing import Literal

from mmusset.text import has_any, lowered

Mode = Literal["major", "minor"]

_NATURALS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SHIFTS = {"": 0, "sharp": 1, "#": 1, "♯": 1, "flat": -1, "b": -1, "♭": -1}

_NOTE = r"(?P<note>[A-Ga-g])(?:[-\s]?(?P<shift>sharp|flat|[#♯♭]|(?<=\w)b))?"
_MODE = r"(?P<mode>(?:major|minor)\b(?!\s*\d)|(?:maj|min)\b(?!\.?\s*\d))"
_NO_CHORD = r"(?![-\s]+(?:chords?|triads?|seventh|arpeggio\w*|interval|third|sixth|key\s+change)\b)"
_KEY = re.compile(
    rf"(?<![\w'’-]){_NOTE}[-\s]*(?:(?:natural|harmonic|melodic)[-\s]+)?{_MODE}"
    rf"(?P<word>[-\s]+(?:key|mode|scale|tonality)\b)?{_NO_CHORD}",
    re.IGNORECASE,
)
_KEY_OF = re.compile(
    rf"\bkey\s*(?:of|is|:)\s+(?:the\s+)?{_NOTE}(?P<m>m)?"
    r"(?![\w#♯♭'’])(?!\s+(?:major|minor))",
    re.IGNORECASE,
)
# The mode that a key names goes with its tonic: "F sharp minor". "A" may be the article.
NO_TONIC = (
    r"(?<!(?-i:[B-G])[-\s])(?<!(?-i:\w\sA)[-\s])(?<![#♯♭])(?<![#♯♭]\s)(?<!sharp\s)(?<!flat\s)"
    r"(?<!(?-i:[A-G]b)[-\s])"
)
_MODE_ONLY = re.compile(
    r"\b(?:key|mode)\s+is\s+an?\s+(?P<mode5>major|minor)\s+one\b"
    rf"|\b{NO_TONIC}(?P<mode>major|minor)[-\s]+(?:keys?|keyed|modes?|tonality|scales?|harmony|harmonies)\b"
    r"(?!\s+(?:to|moments?|roles?|parts?|players?|figures?|points?)\b)"
    r"|\b(?:in|into|to\s+the)\s+(?:the\s+)?(?P<mode2>major|minor)(?=\s*(?:[,.;:!?)]|$|and\b"
    r"|with\b|at\b))"
    r"|\b(?P<mode4>major|minor)[-\s]+(?:chords|triads)\b",
    re.IGNORECASE,
)
# "D minor chords" are no key; nor are "major and minor chords" a mode.
_OTHER_CHORDS = re.compile(
    r"(?:\b[A-G]|[#♯♭]|sharp|flat|\b(?:major|minor)\s+(?:and|or|to))[-\s]+$", re.IGNORECASE
)
_SENTENCE_START = re.compile(r"(?:^|[.!?:]['\"”’)]*\s+|\n)['\"“‘(]*$")
_NOT_A_NOUN = re.compile(
    r"\s*(?:$|[,.;:!?)—–]|(?:and|at|with|is|in|near|throughout|runs|holds|rules|seems"
    r"|prevails|dominates|under|serves|remains|stays|forms|provides|lends|gives|appears)\b)"
)


def find_keys(text: str) -> Iterator[tuple[int, int, int, Mode]]:
    """Start, end, tonic (0 to 11, from C) and mode of every key in a text."""
    small = lowered(text)
    for match in _KEY.finditer(text) if has_any(small, ("maj", "min")) else ():
        if not _is_article(text, match):
            yield *match.span(), _tonic(match), _mode(match["mode"])
    for match in _KEY_OF.finditer(text) if "key" in small else ():
        # "The key of C" is C major.
        yield *match.span(), _tonic(match), "minor" if match["m"] else "major"


def find_modes(text: str) -> Iterator[tuple[int, int, Mode]]:
    """Start, end and value of every mode that a text names without its tonic."""
    if not has_any(lowered(text), ("major", "minor")):
        return
    for match in _MODE_ONLY.finditer(text):
        if match["mode4"] and _OTHER_CHORDS.search(text, max(0, match.start() - 12), match.start()):
            continue
        yield *match.span(), _mode(next(filter(None, match.groups())))


def _is_article(text: str, match: re.Match[str]) -> bool:
    """Whether the "a" of "a minor" is the article."""
    before = text[: match.start()]
    if match["note"].lower() == "a" and re.match(r"\s+(?:one|key)\b", text[match.end() :]):
        return True
    if match["note"].lower() != "a" or re.search(r"\bkey\s*(?:of|is|:)?\s*$", before, re.I):
        return False
    if match["shift"] and (match["note"] == "A" or match["shift"] not in ("sharp", "flat")):
        return False
    if match["note"] == "a":
        return True
    noun_follows = match["word"] or not _NOT_A_NOUN.match(text, match.end())
    return bool(noun_follows and _SENTENCE_START.search(before))


def _tonic(match: re.Match[str]) -> int:
    shift = _SHIFTS[(match["shift"] or "").casefold()]
    return (_NATURALS[match["note"].casefold()] + shift) % 12


def _mode(word: str) -> Mode:
    return "major" if word.casefold().startswith("maj") else "minor"
