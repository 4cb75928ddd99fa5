"""Whether the words around a phrase deny it, or only compare with it."""

import re
from dataclasses import replace

from mmusset.measurements.declaration import Mention
from mmusset.measurements.listed import named

# What may stand between the denial and what it denies. "only" and "just" may not.
_FILLER = (
    r"(?:(?:very|too|so|really|particularly|especially|overly|quite|all|that|at|any|a|an|the|of"
    r"|much|exactly|entirely|longer|real|live|audible|single|trace|hint|sign|use|uses|using"
    r"|have|has|feature|features|contain|contains|include|includes|hear|heard|being|be|is|are"
    r"|it|ever|anything|rely\s+on|need|needs|moves|get|gets|sound|sounds|feel|feels|in"
    r"|either|wait\s+for|expect|dynamic)[-\s]+)*"
)
_DENIAL = re.compile(
    r"(?:\b(?:no|not|(?<!not\s)without|cannot|never|neither|nor|no\s?body|no\s+one|none\s+of"
    r"|(?:hardly|barely|scarcely)(?!\s+(?:\w+ly\s+)?(?:heard|audible|noticeable|perceptible"
    r"|discernible|there))"
    r"|lacks?|lacking|lack\s+of|sans|senza|minus|free\s+(?:of|from)|devoid\s+of|absence\s+of"
    r"|anything\s+but|far\s+(?:cry\s+)?from|nothing)\s+|\b\w+n['’]t\s+|\bnon-)" + _FILLER + "$",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"(?:-free\b|\s*[:?]\s*(?:none|no|nil|absent)\b"
    r"|\s+(?:can|could)\s*(?:not|n['’]t)\s+be\s+(?:heard|detected|found|made\s+out)\b"
    r"|\s+(?:(?:has|have|is|are)\s+)?(?:stay(?:s|ed)?\s+(?:at\s+home|out|away|silent)|silent|tacet)\b"
    r"|\s+(?:(?:is|are|stays?|remains?)\s+)?(?:entirely\s+|completely\s+)?"
    r"(?:absent|missing|nowhere|never|not\s+(?:there|heard|present|used|audible))\b"
    r"|\s+(?:is|are)n['’]t\s+(?:there|heard|present|used|audible)\b)",
    re.IGNORECASE,
)
_JOINS_ADJECTIVES = re.compile(r"\s*,?\s*(?:\b(?:or|nor)\s+)?" + _FILLER + "$", re.IGNORECASE)
_JOINS_NOUNS = re.compile(r"\s*,?\s*\b(?:or|nor)\s+(?:any\s+)?$", re.IGNORECASE)
_LIST_GOES_ON = re.compile(r"(?:\s*,\s*[\w-]+(?:\s+[\w-]+)?){0,4}\s*,?\s+(?:or|nor)\s", re.I)
_CLAUSE_ENDS = re.compile(r"\s*(?:$|[,.;:!?)])")
_OR = re.compile(r"\b(?:or|nor)\b|^\s*$", re.IGNORECASE)
_COMPARED_BEFORE = re.compile(
    r"(?:\b(?:more|less|most|least)\s+|\bthan\s+(?:[\w'’-]+\s+){0,4})$", re.IGNORECASE
)
_AS = re.compile(r"\bas\s+$", re.IGNORECASE)


def compared(text: str, mention: Mention) -> bool:
    """Whether a phrase is only one side of a comparison, or a change.

    "more energetic", "louder than it is bright" and "as loud as" give no value.
    """
    before = text[max(0, mention.start - 60) : mention.start]
    if _COMPARED_BEFORE.search(before) and not _is_thing(mention):
        return True
    return bool(_AS.search(before)) and text[mention.end :].lstrip().startswith("as ")


def denial(text: str, mention: Mention, before: Mention | None) -> Mention | None:
    """A denied phrase with the words that deny it; None where it is not denied.

    `before` is the denied phrase ahead of it, if there is one: a denial reaches on
    over "or" and "nor" ("no drums, bass or voice"), from adjective to noun, and from
    noun to noun over "and", if the clause ends there ("no bass and drums drive it" has
    drums). What can hardly be heard is there: "barely audible drums".
    """
    ahead = max(0, mention.start - 80)
    if match := _DENIAL.search(text[ahead : mention.start]):
        return replace(mention, start=ahead + match.start())
    match = _DENIED_AFTER.match(text, mention.end)
    if match and _is_thing(mention):
        return replace(mention, end=match.end())
    if before is not None and _reaches(text, before, mention):
        return mention
    return None


def _reaches(text: str, before: Mention, mention: Mention) -> bool:
    between = text[before.end : mention.start]
    if _is_thing(before) and _is_thing(mention):
        ends = _CLAUSE_ENDS.match(text, mention.end)
        goes_on = between.strip() == "," and _LIST_GOES_ON.match(text, mention.end)
        return bool(_JOINS_NOUNS.match(between) or goes_on or (between.strip() == "and" and ends))
    return bool(_JOINS_ADJECTIVES.match(between)) and bool(_OR.search(between))


def _is_thing(mention: Mention) -> bool:
    """Whether nouns name it, which may be there or not: instruments, drums, singers."""
    if mention.attribute in ("instrument", "vocals"):
        return True
    measurement = named(mention.attribute or "")
    return measurement is not None and measurement.thing
