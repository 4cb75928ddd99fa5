"""Claims out of finished prose, by code alone."""

from collections.abc import Iterable
from itertools import chain

from mmusset.measurements.declaration import Mention
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.said import find, halfway
from mmusset.sample_parts.claims import UNMEASURED, Claim
from mmusset.text import lowered

from . import entrances, lexicon, moment, negation, scope
from .hedge import with_hedge

_UNMEASURED_VALUES = {"vocals": ("absent", "present")}


def extract(text: str) -> tuple[Claim, ...]:
    """The claims of a text, in the order of its words; each `text` is a part of it.

    Where phrases overlap the longest counts. What is denied has its opposite as
    value where there is one ("no drums": absent), else "not" before it ("not loud").
    Comparisons claim nothing, nor do adjectives of one part: "soft hi-hats" claims
    hi-hats, not a quiet clip. What is said to sound like something has these words in its `text`.
    """
    claims, small = [], lowered(text)
    denied_before: Mention | None = None
    mentions = longest_first(_candidates(text))
    for mention in mentions:
        if mention.attribute is None or negation.compared(small, mention):
            continue
        if scope.of_a_part(small, mention, mentions):
            continue
        denied_before = negation.denial(small, mention, denied_before)
        if denied_before and scope.sounds(mention) and moment.comes_later(small, denied_before):
            denied_before = None
        whole = denied_before or mention
        # What is there at one moment is there; what is missing then need not be missing.
        if (denied_before or not scope.sounds(mention)) and moment.is_of_a_moment(small, whole):
            continue
        value = _halfway(text, mention)
        if denied_before:
            value = _opposite(mention.attribute, value)
        start, end = whole.start, whole.end
        if mention.attribute in UNMEASURED and not denied_before:
            start, end = with_hedge(text, start, end)
        claims.append(Claim(attribute=mention.attribute, value=value, text=text[start:end]))
    return tuple(claims)


def longest_first(candidates: Iterable[Mention]) -> list[Mention]:
    """Those that are left when longer ones (of equals, earlier ones) strike out what overlaps."""
    left: list[Mention] = []
    for new in sorted(candidates, key=lambda mention: (mention.start - mention.end, mention.start)):
        if all(new.end <= old.start or old.end <= new.start for old in left):
            left.append(new)
    return sorted(left, key=lambda mention: mention.start)


def _candidates(text: str) -> list[Mention]:
    spelt_out = (each.mentions(text) for each in MEASUREMENTS if each.mentions)
    said = (
        Mention(start, end, each.name, value)
        for each in MEASUREMENTS
        for start, end, value in find(text, each.said, each.values)
    )
    return [*chain.from_iterable(spelt_out), *said, *entrances.mentions(text), *lexicon.find(text)]


def _halfway(text: str, mention: Mention) -> str:
    """The value that an adjective gives with the word before it: "moderately loud" is medium."""
    measurement = MEASUREMENTS.named(mention.attribute or "")
    before = text[max(0, mention.start - 12) : mention.start]
    return halfway(before, mention.value, measurement.values) if measurement else mention.value


def _opposite(attribute: str, value: str) -> str:
    """What holds where a value is denied: of two values the other."""
    measurement = MEASUREMENTS.named(attribute)
    values = measurement.values if measurement else _UNMEASURED_VALUES.get(attribute, ())
    if len(values) == 2 and value in values:
        return values[1 - values.index(value)]
    return value.removeprefix("not ") if "not " in value else f"not {value}"
