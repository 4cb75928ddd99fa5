"""Words that take something back of a claim: "sounds like strings", "an electronic-sounding track".

Whoever says so claims less, and an ear that is less sure carries it.
"""

import re

from mmusset.sample_parts.claims import Claim

_BEFORE = re.compile(
    r"\b(?:what\s+|which\s+|that\s+)?(?:sound(?:s|ing)?|seem(?:s|ing)?)\s+(?:\w+\s+){0,2}"
    r"(?:like|to\s+be)\s+(?:(?:an?|the|some)\s+)?(?:\w+\s+)?$",
    re.IGNORECASE,
)
_AFTER = re.compile(r"[-\s]sounding\b", re.IGNORECASE)
_ANY = re.compile(
    r"\b(?:sound(?:s|ing)?|seem(?:s|ing)?)\b.*\b(?:like|to\s+be)\b|[-\s]sounding\b", re.I
)
_LONGEST = 60  # characters of a hedge


def hedged(value: str) -> str:
    """A value as it is said where it is not sure: "sounds like strings"."""
    return f"sounds like {value}"


def is_hedged(claim: Claim) -> bool:
    """Whether a claim's words take something back of it."""
    return _ANY.search(claim.text) is not None


def with_hedge(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the words of a claim begin and end, with those that take something back of it."""
    before = _BEFORE.search(text[max(0, start - _LONGEST) : start])
    after = _AFTER.match(text, end)
    return (max(0, start - _LONGEST) + before.start() if before else start), (
        after.end() if after else end
    )
