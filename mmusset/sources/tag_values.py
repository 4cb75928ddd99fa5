"""Words of tags as values of closed vocabularies; "" for whatever is none.

A tag may hold anything, an order to a model too, so that no word of it is passed on: what comes
out is a value that stands in `tag_words.py`, a number, or a key.
"""

import re
from collections.abc import Iterable, Iterator

from mmusset.measurements.key import TONICS

from .tag_words import DENIALS, GENERAL, GENRES, INSTRUMENTS, MOODS

MOST_VALUES = 4  # of one tag: whoever names more names everything
MOST_CHARACTERS = 200  # of a tag that are looked at
MOST_WORDS = 3  # of a name whose last word may tell
SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0

_SEPARATORS = re.compile(r"[;/,|\\\0\n]+")
_BPM = re.compile(r"(\d{1,3}(?:[.,]\d{1,6})?)\s*(?:bpm)?", re.IGNORECASE)
_NOTES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_KEY = re.compile(
    r"([A-Ga-g])\s*(#|b|♯|♭|(?i:sharp|flat))?\s*((?i:major|minor|maj|min)|m|M)?"
)  # in exact case: "m" is minor, "M" is major
# The wheel of keys that DJs count: Camelot from 8B, C major; Open Key from 1d, C major.
_WHEEL = re.compile(r"(1[0-2]|0?[1-9])\s*([ABabdm])")
_PLAYS = re.compile(r"\(([^()]{1,60})\)\s*\Z")


def genre(texts: Iterable[str]) -> str:
    """The genres that tags name, such as "rock, folk"."""
    return _joined(value for part in _parts(texts) for value in _genres(part))


def mood(texts: Iterable[str]) -> str:
    """The moods that tags name, such as "dreamy, sad"."""
    return _joined(value for part in _parts(texts) for value in MOODS.get(part, ()))


def instruments(texts: Iterable[str]) -> str:
    """The instruments that tags name, such as "piano, violin"."""
    return _joined(value for part in _parts(texts) for value in INSTRUMENTS.get(part, ()))


def played(performers: Iterable[str]) -> str:
    """The instruments in the brackets after performers' names: "Ann Bell (piano)" is piano."""
    return instruments(match[1] for text in performers if (match := _PLAYS.search(text)))


def credited(people: Iterable[str]) -> str:
    """The instruments of a list that has first a part and then whose it is, by zero bytes."""
    return instruments(part for text in people for part in text.split("\0")[::2])


def bpm(texts: Iterable[str]) -> str:
    """The tempo in whole beats a minute, such as "124", where tags name one alone."""
    return _one(_bpm(text) for text in texts)


def key(texts: Iterable[str]) -> str:
    """The key, such as "A minor", where tags name one alone: by name, or on a DJ's wheel."""
    parts = (part.strip() for text in texts for part in _SEPARATORS.split(text[:MOST_CHARACTERS]))
    return _one(_key(part) for part in parts if part)


def _genres(part: str) -> tuple[str, ...]:
    words = part.split()
    whole = GENRES.get(part) or GENRES.get(part.removesuffix(" music"))
    if whole or not words or len(words) > MOST_WORDS or DENIALS & set(words):
        return whole or ()
    return GENRES[words[-1]] if words[-1] in GENERAL else ()


def _parts(texts: Iterable[str]) -> Iterator[str]:
    """What stands between the separators, in plain letters: "Hip-Hop / Rap" is two."""
    for text in texts:
        for part in _SEPARATORS.split(text[:MOST_CHARACTERS]):
            plain = re.sub(r"[&+]", " and ", part.casefold().replace("'", ""))
            yield " ".join(re.sub(r"[-_]", " ", plain).split())


def _joined(values: Iterable[str]) -> str:
    return ", ".join(list(dict.fromkeys(values))[:MOST_VALUES])


def _one(values: Iterable[str]) -> str:
    found = {value for value in values if value}
    return found.pop() if len(found) == 1 else ""


def _bpm(text: str) -> str:
    match = _BPM.fullmatch(text.strip())
    number = float(match[1].replace(",", ".")) if match else 0.0
    return f"{number:.0f}" if SLOWEST_BPM <= number <= FASTEST_BPM else ""


def _key(text: str) -> str:
    if match := _WHEEL.fullmatch(text):
        return _on_wheel(int(match[1]), match[2])
    match = _KEY.fullmatch(text)
    if not match or (match[1].islower() and not match[3]):
        return ""  # a small "a" alone is no sure A major
    shift = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}.get(
        (match[2] or "").lower(), 0
    )
    is_minor = match[3] == "m" or (match[3] or "").lower() in ("min", "minor")
    tonic = TONICS[(_NOTES[match[1].lower()] + shift) % 12]
    return f"{tonic} {'minor' if is_minor else 'major'}"


def _on_wheel(hour: int, side: str) -> str:
    """Each hour is a fifth up; A and m are the inner ring, the relative minors."""
    is_camelot = side in "ABab"
    fifths = hour - (8 if is_camelot else 1)
    is_minor = side in "Aam"
    return (
        f"{TONICS[(7 * fifths + (9 if is_minor else 0)) % 12]} {'minor' if is_minor else 'major'}"
    )
