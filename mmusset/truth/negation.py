"""Whether the words around a phrase deny it, or only compare with it.

Texts are in small letters here (`text.lowered`).
"""

import re
from dataclasses import replace

from mmusset.measurements.declaration import Mention
from mmusset.measurements.listed import MEASUREMENTS

# What may stand between the denial and what it denies. "only" and "just" may not.
_FILLER = (
    r"(?:(?:very|too|so|really|particularly|especially|overly|quite|all|that|at|any|a|an|the|of"
    r"|much|exactly|entirely|longer|real|live|audible|single|trace|hint|sign|use|uses|using"
    r"|have|has|feature|features|contain|contains|include|includes|hear|heard|being|be|is|are"
    r"|it|ever|anything|rely\s+on|need|needs|moves|get|gets|sound|sounds|feel|feels|in"
    r"|either|wait\s+for|expect|dynamic|here|about\s+it|in\s+it|becoming|becomes|become|turning"
    r"|turns|growing|grows|kinds?|sorts?|types?|form|added|further|obvious|discernible|noticeable"
    r"|move|play|become|go|instruments?|players?|actual|(?:accompanied|supported|backed|driven|led"
    r"|underpinned|propelled|carried|marked)\s+by)[-\s]+)*"
)
_DENIAL = re.compile(
    r"(?:\b(?:no|not|(?<!not\s)without|cannot|never|neither|nor|no\s?body|no\s+one|none\s+of"
    r"|(?:hardly|barely|scarcely)(?!\s+(?:\w+ly\s+)?(?:heard|audible|noticeable|perceptible"
    r"|discernible|there))"
    r"|lacks?|lacking|lack\s+of|sans|senza|minus|free\s+(?:of|from)|devoid\s+of|absence\s+of"
    r"|anything\s+but|far\s+(?:cry\s+)?from|nothing|missing|unaccompanied\s+by|bereft\s+of"
    r"|stripped\s+of"
    r"|(?:dispens|do|did)\w*\s+(?:\w+ly\s+)?(?:away\s+)?with(?=\s)|omit\w*|exclud\w*|avoid\w*|eschew\w*|forgo\w*"
    r"|at\s+no\s+(?:point|time|moment)\s+(?:do|does|did|is|are|will)\s+(?:(?:the|this|its)\s+)?\w+"
    r"|(?:rather\s+than|instead\s+of|in\s+place\s+of|in\s+lieu\s+of))[-\s]+"
    r"|\b\w+n['’]t\s+|\bnon-)" + _FILLER + "$",
)
_ADVERBS = r"(?:\s+(?:\w+ly|all|also|both))*"
# What comes later is there: "the drums do not enter until the chorus".
_NOT_YET = r"(?!\s+(?:\w+\s+)?(?:until|till|before|yet)\b)"
_DENIED_AFTER = re.compile(
    r"(?:\s*(?:/|\band\b|\bor\b)\s*(?:other\s+)?\w+)?(?:-free\b|-less\b|-wise,?\s+there\s+(?:is|are)\s+(?:nothing|none)\b"
    r"|\s+ha(?:s|ve)\s+nothing\s+to\s+(?:do|play)\b"
    r"|\s+(?:plays?|ha(?:s|ve)|takes?)\s+no\s+(?:part|role|place)\b|[*_\"]*\s*(?:[:?=(–—]|\s-\s)[*_\"\s]*"
    r"(?:none|no|nil|absent|not\s+(?:present|used|heard|detected|audible|there|included))\b"
    r"|\?\s*there\s+(?:(?:are|is)n['’]t|are\s+not)\s+any\b"
    r"|\s+(?:can|could)\s*(?:not|n['’]t)\s+be\s+(?:heard|detected|found|made\s+out)\b"
    rf"|\s+(?:(?:has|have|is|are|was|were)\b)?{_ADVERBS}\s*"
    r"(?:stay(?:s|ed)?\s+(?:at\s+home|out|away|silent)|silent|tacet|sits?\s+(?:it"
    r"|this\s+one)\s+out)\b"
    rf"|\s+(?:(?:(?:is|are|was|were|stays?|remains?)|(?:has|have|had)\s+been)\b)?{_ADVERBS}\s*"
    r"(?:absent|missing|non-?existent|nowhere|omitted|excluded|left\s+out|dispensed\s+with|stripped\s+away"
    r"|given\s+the\s+(?:day|night|week)\s+off|not\s+(?:there|heard|present|used|audible|included"
    r"|featured|involved|to\s+be\s+heard|(?:an?\s+)?part\s+of))\b"
    r"|\s+never(?:\s+(?:enters?|appears?|comes?\s+in|joins?|plays?|arrives?|sounds?|shows?\s+up)\b"
    rf"|(?=\s*(?:$|[.,;:!?)]))){_NOT_YET}"
    rf"|\s+(?:do|does|did)(?:\s+not|n['’]t)\b{_ADVERBS}\s+(?:appear|feature|play|enter|sound|join"
    rf"|come\s+in|figure|show\s+up|take\s+part|occur)\b{_NOT_YET}"
    r"|\s+(?:is|are)n['’]t\s+(?:there|heard|present|used|audible)\b)",
)
# "Slow it is not."
_INVERTED = re.compile(
    r"\s+(?:it|this|that|they)\s+(?:(?:is|are|was|were)\s+not\b|(?:is|are|was|were)n['’]t\b)",
)
_JOINS_ADJECTIVES = re.compile(r"\s*,?\s*(?:\b(?:or|nor)\s+)?" + _FILLER + "$")
_JOINS_NOUNS = re.compile(r"(?:\s*/\s*|\s*,?\s*\b(?:or|nor)\s+)(?:any\s+)?(?:other\s+)?$")
_LIST_GOES_ON = re.compile(r"(?:\s*,\s*[\w-]+(?:\s+[\w-]+)?){0,4}\s*,?\s+(?:or|nor)\s")
_CLAUSE_ENDS = re.compile(r"\s*(?:$|[,.;:!?)])")
_OR = re.compile(r"\b(?:or|nor)\b|^\s*$")
_COMPARED_BEFORE = re.compile(
    r"(?:\b(?:more|less|most|least)\s+|\bthan\s+(?:[\w'’-]+\s+){0,4}|\binstead\s+of\s+(?:an?\s+)?"
    r"|\b(?:mistaken?|take|taken|pass(?:es)?)\s+(?:(?:it|this)\s+)?for\s+(?:an?\s+)?"
    r"|\b(?:border|verg)\w+\s+on\s+(?:the\s+)?)$",
)
# "As calm as a Sunday" is calm; "as loud as ever" and "about as loud as a voice" are not loud.
_AS = re.compile(r"\bas\s+$")
_MEASURED_AS = re.compile(
    r"\b(?:about|only|nearly|almost|just|half|twice|not|n['’]t|never|roughly|at\s+least)"
    r"\s+as\s+$",
)
_AT_MOST = re.compile(r"\b(?:rarely|never|seldom|no|not)\s+more\s+than\s+$")
# "Few pieces are as loud as this one."
_AS_THIS = re.compile(r"\s+as\s+(?:this|it)\b")
_FEW_ARE = re.compile(r"\b(?:few|no\s+other)\b[^.!?;]*$")
# "Never heard anything so quiet."
_HEARD_SO = re.compile(
    r"\b(?:never|rarely|seldom|hardly\s+ever)\s+(?:heard|known|had|been)\s+(?:\w+\s+){0,3}so\s+$",
)
_OR_LESS = re.compile(r"\s+or\s+(?:less|more|slower|faster|louder|softer|quieter)\b")
# "Low to medium", "from low to medium": a range, and neither of its ends.
_RANGE_END = (
    r"(?:low|high|medium|moderate|slow|fast|quick|quiet|soft|loud|dark|bright|balanced|sparse|dense"
    r"|busy|narrow|wide|calm|energetic)"
)
_RANGES_ON = re.compile(rf"\s+to\s+(?:\w+ly\s+|very\s+)?{_RANGE_END}\b")
_RANGED = re.compile(rf"\b{_RANGE_END}\s+to\s+(?:\w+ly\s+|very\s+)?$")
_AS_A_THING = re.compile(r"\s+as\s+(?:an?|only)\s")


def compared(text: str, mention: Mention) -> bool:
    """Whether a phrase is only one side of a comparison, or a change.

    "more energetic", "louder than it is bright" and "as loud as" give no value.
    """
    before = text[max(0, mention.start - 60) : mention.start]
    if _OR_LESS.match(text, mention.end):
        return True
    if not _is_thing(mention) and (_RANGES_ON.match(text, mention.end) or _RANGED.search(before)):
        return True
    if _AT_MOST.search(before):
        return False
    if _COMPARED_BEFORE.search(before) and not _is_thing(mention):
        return True
    if not _AS.search(before) or not text[mention.end :].lstrip().startswith("as "):
        return False
    if _AS_THIS.match(text, mention.end) and _FEW_ARE.search(before):
        return False
    return bool(_MEASURED_AS.search(before)) or not _AS_A_THING.match(text, mention.end)


def denial(text: str, mention: Mention, before: Mention | None) -> Mention | None:
    """A denied phrase with the words that deny it; None where it is not denied.

    `before` is the denied phrase ahead of it, if there is one: a denial reaches on
    over "or" and "nor" ("no drums, bass or voice"), from adjective to noun, and from
    noun to noun over "and", if the clause ends there ("no bass and drums drive it" has
    drums). What can hardly be heard is there: "barely audible drums".
    """
    ahead = max(0, mention.start - 80)
    if _HEARD_SO.search(text, ahead, mention.start):
        return None
    if match := _DENIAL.search(text[ahead : mention.start]):
        return replace(mention, start=ahead + match.start())
    match = _DENIED_AFTER.match(text, mention.end)
    if not match or not _is_thing(mention):
        match = _INVERTED.match(text, mention.end)
    if match:
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
    measurement = MEASUREMENTS.named(mention.attribute or "")
    return measurement is not None and measurement.thing
