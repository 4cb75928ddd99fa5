"""Claims out of finished prose, by code alone."""

from collections.abc import Iterable

from mmusset.sample import Claim

from . import lexicon, negation, spoken_key, spoken_tempo
from .lexicon import Mention

# Where one value is denied, the other holds.
OPPOSITES = {
    ("percussion", "present"): "absent",
    ("percussion", "absent"): "present",
    ("vocals", "present"): "absent",
    ("vocals", "absent"): "present",
    ("dynamics", "even"): "varied",
    ("dynamics", "varied"): "even",
    ("mode", "major"): "minor",
    ("mode", "minor"): "major",
}


def extract(text: str) -> tuple[Claim, ...]:
    """The claims of a text, in the order of its words; each `text` is a part of it.

    Where phrases overlap the longest counts. What is denied has its opposite as
    value where there is one ("no drums": absent), else "not" before it ("not loud").
    Comparisons claim nothing. An adjective counts wherever it stands: "soft piano"
    claims a quiet clip as well as a piano.
    """
    claims = []
    denied_before: Mention | None = None
    for found in longest_first(_candidates(text)):
        if found.attribute is None or negation.compared(text, found):
            continue
        denied_before = negation.denial(text, found, denied_before)
        said = denied_before or found
        value = _opposite(found) if denied_before else found.value
        words = text[said.start : said.end]
        claims.append(Claim(attribute=found.attribute, value=value, text=words))
    return tuple(claims)


def longest_first(candidates: Iterable[Mention]) -> list[Mention]:
    """Those that are left when longer ones (of equals, earlier ones) strike out what overlaps."""
    kept: list[Mention] = []
    for new in sorted(candidates, key=lambda found: (found.start - found.end, found.start)):
        if all(new.end <= old.start or old.end <= new.start for old in kept):
            kept.append(new)
    return sorted(kept, key=lambda found: found.start)


def _candidates(text: str) -> list[Mention]:
    return [*spoken_tempo.find(text), *spoken_key.find(text), *lexicon.find(text)]


def _opposite(found: Mention) -> str:
    opposite = OPPOSITES.get((str(found.attribute), found.value))
    if opposite:
        return opposite
    return found.value.removeprefix("not ") if "not " in found.value else f"not {found.value}"
