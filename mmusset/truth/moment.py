"""Whether something is said of a moment of the music only, and not of all of it.

"No drums at first" has drums later, and what "begins softly" may be loud.

Texts are in small letters here (`text.lowered`).
"""

import re

from mmusset.measurements.declaration import Mention

_PART = (
    r"(?:intro(?:duction)?|opening|beginning|start|outset|chorus(?:es)?|verses?|bridge|refrain"
    r"|outro|coda|ending|middle|breakdown|(?:first|second|last|final)\s+\w+)"
)
_THEN = (
    r"(?:at\s+first|initially|to\s+begin\s+with|for\s+(?:a\s+(?:while|moment)"
    r"|the\s+first\b[^.!?;,]*)"
    rf"|(?:at|in|during|towards?)\s+(?:the|its)\s+(?:very\s+)?{_PART}|until\b|till\b)"
)
_AFTER = re.compile(rf"(?:\s+(?:that|which)?\s*(?:play\w*|heard|used|there))?,?\s+{_THEN}")
_BEFORE = re.compile(
    rf"(?:(?:^|[.!?;:]\s+|,\s+|\b(?:and|but)\s+){_THEN},?\s+"
    r"(?:(?!but\b|then\b)[\w'’-]+\s+){0,5}"
    r"|\b(?:starts?|starting|begins?|beginning|opens?|opening|ends?|ending|closes?|finish\w*)"
    r"\s+(?:(?:out|off|up)\s+)?(?:(?:very|quite|rather|so|too|\w+ly)\s+)*)$",
)


_LATER = re.compile(
    r"\s+(?:(?:are|is)\s+(?:heard|there)\s+)?(?:at\s+first|initially|to\s+begin\s+with|until"
    r"|till)\b",
)
_AT_FIRST = re.compile(r"\b(?:at\s+first|initially|to\s+begin\s+with),?\s+(?:[\w'’-]+\s+){0,4}$")


def comes_later(text: str, denied: Mention) -> bool:
    """Whether a denial holds at first only: "no drums until the chorus" has drums."""
    before = text[max(0, denied.start - 60) : denied.start]
    return bool(_LATER.match(text, denied.end) or _AT_FIRST.search(before))


def is_of_a_moment(text: str, mention: Mention) -> bool:
    """Whether the words around a phrase, its denial included, place it in a part of the music."""
    before = text[max(0, mention.start - 80) : mention.start]
    return bool(_AFTER.match(text, mention.end) or _BEFORE.search(before))
