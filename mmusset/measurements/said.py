"""What is said of traits and amounts, where listing every phrase would never end.

A caption may call the volume low in any number of ways: "the volume of the piece remains rather
low", "a low overall volume", "low in volume", "Volume: low", "the volume is anything but high".
`Trait` names the nouns and the words, `Amount` things of which there may be much or little;
how these stand together in a sentence is the same for all.

Nouns and words are alternatives, as in `phrases`, and parts of regular expressions. A space also
stands for a hyphen.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from mmusset.text import lowered

from .phrases import WORKS

_DENIED = (
    r"not(?!\s+only\b)|never|\w+n['’]t|hardly|barely|scarcely|neither|nor|no|rarely|seldom"
    r"|anything\s+but|far\s+from|without"
)
_LINK = (
    r"is|are|was|were|be|been|being|stays?|staying|remains?|remaining|sits?|sitting|runs?|holds?"
    r"|holding|keeps?|kept|keeping|held|seems?|appears?|sounds?|feels?|leans?|leaning|tends?"
    r"|moves?|to|has|have|had|does|do|did|can|could|may|on|in|at|about|around|an?|the|its"
    r"|way|well|right|turned|cranked|very|quite"
    r"|rather|pretty|somewhat|so|too|just|always|often|overall|itself|set|described|as|all"
    r"|considered|deemed|judged|estimated|measured|rated|found|perceived|regarded|classified"
    r"|characteri[sz]ed|classed|marked|listed|labell?ed|maintained|that"
    r"|more\s+or\s+less|from|first|last"
    # No word may be read in two ways, or the time to read doubles with each.
    r"|(?!hardly\b|barely\b|scarcely\b|rarely\b)\w+ly"
)
_WHOLE = (
    r"(?:\s+(?:of|in|to|for|throughout)\s+(?:(?:the|this|its)\s+)?(?:(?:whole|entire)\s+)?"
    rf"(?:{WORKS}|sound|mix))?"
)
_KINDS = r"(?:(?:overall|general|average|basic|main|musical|global|perceived|whole)\s+)?"
_MANY = (
    r"an?\s+(?:lot|wealth|crowd|mass|flood|(?:constant\s+)?flurry|great\s+deal|good\s+deal"
    r"|abundance)"
    r"\s+of|lots\s+of|plenty\s+of|many|a\s+(?:large|great|high)\s+(?:number|amount|degree)\s+of"
    r"|full\s+of|abundant|numerous|countless|endless|(?:rich|high|heavy)\s+(?:in|on|with)"
    r"|(?:filled|packed|crammed|bursting|bristling|brimming|teeming|loaded|charged|thick)\s+with"
    r"|(?:brims|bursts|teems|bristles|overflows)\s+with|no\s+(?:lack|shortage|end|want)\s+of"
    r"|layer\s+upon\s+layer\s+of|(?:loads|bags|tons|heaps|masses)\s+of|exudes|oozes|radiates"
)
_MUCH = (
    rf"{_MANY}|much|considerable|strong|prominent|ample|generous|large|pronounced|marked"
    r"|noticeable|constant|clear|substantial|significant|great|big|sheer|pure|raw|high|frequent|long"
)
_FEW = (
    r"(?:very\s+)?few|(?:hardly|barely|scarcely)\s+an?y?|not\s+(?:many|a\s+lot\s+of)"
    r"|(?:short|light)\s+on|(?:only|just)\s+a\s+(?:few|handful\s+of)|a\s+handful\s+of"
    r"|sparing\s+with(?:\s+the)?|a\s+small\s+number\s+of"
)
_LITTLE = (
    rf"{_FEW}|zero|(?:very\s+)?little|not\s+much|no|without(?:\s+any)?|an?\s+(?:lack"
    rf"|absence)\s+of|lacks?"
    r"|lacking(?:\s+in)?|low\s+(?:in|on)|devoid\s+of|free\s+(?:of|from)|minimal|slight|limited"
    r"|scant|weak|subdued|reduced|low|small|(?:almost|virtually)\s+no|not\s+a(?:\s+single)?"
)
_NONE = (
    r"no|zero|without(?:\s+any)?|an?\s+(?:lack|absence)\s+of|devoid\s+of|free\s+(?:of|from)|lacks?"
    r"|lacking|(?:almost|virtually|absolutely)\s+no|not\s+(?:any|a\s+single)"
)
_HAS = (
    r"(?:there\s+(?:is|are)|has|have|having|features?|featuring|with|shows?|showing|contains?"
    r"|containing|includes?|including|uses?|using|through|displays?|exhibits?|undergoes"
    r"|makes?\s+use\s+of|(?:marked|characteri[sz]ed)\s+by)"
)
_THERE = rf"{_HAS}(?!\s+(?:\w+\s+){{0,2}}?(?:{_DENIED}|{_LITTLE}|subtle|gentle|minor|hardly)\b)"
_IS_MUCH = (
    r"strong|prominent|plentiful|abundant|high|great|ample|large|considerable|dominant|pronounced"
    r"|infectious|palpable|in\s+abundance|many|boosted|emphasised|emphasized|noticeable|marked"
)
_IS_LITTLE = (
    r"weak|subdued|recessed|(?:gently\s+)?rolled\s+off|missing|low|scarce|minimal|small|limited"
    r"|few(?:\s+and\s+far\s+between)?|absent|lacking|turned\s+down|sparse|scant|muted"
    r"|attenuated|cut"
    r"|slight|reduced|negligible|banished|softened|tamed"
)
_ADJECTIVES = (
    r"(?:(?!(?:of|and|or|the|in|with|than|but|on|at|between|among|around|for|to|from|wrong|missed|false|grace|long)\b)"
    r"[\w'’-]+\s+){0,2}"
)
_HALFWAY = r"(?P<half>(?:moderately|medium)[-\s]+)?"
# "The average volume is high", but "of average volume".
_NO_MEAN = r"(?!(?:(?<=\bthe\s)|(?<=\bits\s))average\b)"
_LEVEL_OF = r"(?:(?:levels?|degree|amount|rate)\s+of\s+(?:the\s+)?)?"
_SENSE = r"(?:(?:sense|feeling|level|degree|amount|element|range)\s+of\s+)?"
_BESIDE = (
    r"(?P<beside>\s*(?:,|,?\s+(?:and|but)\s)\s*(?!(?:the|an?|its?|this)\b)\w+)?"  # "low, bright"
)
_SIGN = r"[*_\"]*\s*(?:[:=(–—]|\s-\s)[*_\"\s]*(?:(?:very|quite|rather|\w+ly)\s+)*"  # "Volume (low)"
# Where nothing follows that "simple and low" could be the adjectives of.
_CLOSED = (
    r"(?=\s*(?:[.,;:!?)–—]|$)|\s+(?:and|but|with|throughout|overall|in|from|for|at|all|to|which"
    r"|that|giving|creating|adding|making|while|as)\b)"
)
_AHEAD = 70  # characters before a noun in which the words for it are looked for


@dataclass(frozen=True, slots=True, eq=False)
class Trait:
    """Words that give a value where they are said of the nouns: "volume|level" is "low".

    `verbs` are words that follow a noun without another verb: "the volume rises and falls".
    """

    of: str
    words: Mapping[str, str] = field(default_factory=dict)
    verbs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Amount:
    """Things that give a value by how much there is of them; None where that says nothing.

    What is `counted` may be many or few, but not strong or weak. `none` is the value where there is
    none at all, if that is another than little; what is `there` in any measure is much.
    """

    of: str
    much: str | None
    little: str | None
    counted: bool = False
    none: str | None = None
    there: bool = False


Said = Trait | Amount


def find(
    text: str, said: Sequence[Said], values: tuple[str, ...]
) -> Iterator[tuple[int, int, str]]:
    """Start, end and value of what a text says of any of them; "not loud" where that is denied.

    `values` are those of the measurement, in order: of two, what is denied is the other, and
    "neither low nor high" is the middle one of three.
    """
    # Small letters and no \b ahead: such a pattern is looked for at few places only.
    small = lowered(text)
    for each in said:
        patterns = _patterns(each, values)
        for noun in patterns.noun.finditer(small):
            if small[noun.start() - 1 : noun.start()].isalnum():
                continue
            yield from _said_before(text, noun.start(), noun.end(), patterns, values)
            yield from _said_after(text, noun.start(), noun.end(), patterns, values)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern that gives a value; it fits only where one of the `words` in it does.

    To compile a pattern takes milliseconds, there are hundreds, and a text has words for a few.
    """

    words: str
    pattern: str
    value: str

    def search(self, text: str) -> re.Match[str] | None:
        return _compiled(self.words).search(text) and _compiled(self.pattern).search(text)

    def match(self, text: str, start: int) -> re.Match[str] | None:
        there = _compiled(self.words).search(text, start)
        return there and _compiled(self.pattern).match(text, start)


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What is looked for at a noun: words that end before it, words that go on after it."""

    noun: re.Pattern[str]
    before: tuple[_Pattern, ...]
    after: tuple[_Pattern, ...]


def _said_before(
    text: str, start: int, end: int, patterns: _Patterns, values: tuple[str, ...]
) -> Iterator[tuple[int, int, str]]:
    ahead = max(0, start - _AHEAD)
    before = text[ahead:start]
    for row in patterns.before:
        if match := row.search(before):
            # Another word beside it may claim something of its own: "a low, bright sound".
            groups = match.groupdict()
            stop = ahead + match.start("beside") if groups.get("beside") else end
            yield ahead + match.start(), stop, halfway(groups.get("half") or "", row.value, values)


def _said_after(
    text: str, start: int, end: int, patterns: _Patterns, values: tuple[str, ...]
) -> Iterator[tuple[int, int, str]]:
    for row in patterns.after:
        if match := row.match(text, end):
            # The first of "low and constant" may claim something of its own.
            begin = match.start("last") if "last" in match.re.groupindex else start
            yield begin, match.end(), _unless_denied(match["between"], row.value, values)


def _unless_denied(between: str, value: str, values: tuple[str, ...]) -> str:
    if not _DENIAL.search(between):
        return halfway(between, value, values)
    if value.startswith("not "):
        return value.removeprefix("not ")
    return values[1 - values.index(value)] if len(values) == 2 else f"not {value}"


def halfway(before: str, value: str, values: tuple[str, ...]) -> str:
    """The middle one of three values where `before` ends in "moderately": "moderately loud"."""
    if len(values) == 3 and values[1] in _MIDDLES and _ENDS_HALFWAY.search(before):
        return values[1]
    return value


@lru_cache(maxsize=1024)
def _patterns(each: Said, values: tuple[str, ...]) -> _Patterns:
    noun = re.compile(rf"(?:{_spaced(each.of)})\b")
    if isinstance(each, Amount):
        return _Patterns(noun, *_of_amount(each))
    return _Patterns(noun, *_of_trait(each, values))


def _of_amount(each: Amount) -> tuple[tuple[_Pattern, ...], tuple[_Pattern, ...]]:
    sides = [  # of equal lengths the first counts: none is little, too
        (each.none, _NONE, "absent|missing"),
        (each.much, _MANY if each.counted else _MUCH, _IS_MUCH),
        (each.little, _FEW if each.counted else _LITTLE, _IS_LITTLE),
    ]
    before = [
        _Pattern(
            quantity,
            rf"\b(?:{quantity})(?:\s+in)?\s+(?:\w+\s+or\s+)?{_ADJECTIVES}{_SENSE}$",
            value,
        )
        for value, quantity, _ in sides
        if value
    ]
    if each.much and each.there:
        before.append(_Pattern(_HAS, rf"\b{_THERE}\s+{_ADJECTIVES}$", each.much))
    after = [
        _Pattern(verdict, rf"{_LINKED}+|{_SIGN})\s*(?:{verdict})\b(?!-)", value)
        for value, _, verdict in sides
        if value
    ]
    return tuple(before), tuple(after)


def _of_trait(
    each: Trait, values: tuple[str, ...]
) -> tuple[tuple[_Pattern, ...], tuple[_Pattern, ...]]:
    words = [(f"(?:{_spaced(of_value)})", value) for value, of_value in each.words.items()]
    any_word = rf"(?:{'|'.join(word for word, _ in words)})\b"
    before = [
        _Pattern(
            word,
            rf"\b{_HALFWAY}{_NO_MEAN}{word}\b{_BESIDE}(?:\s+in)?\s+{_KINDS}{_LEVEL_OF}$",
            value,
        )
        for word, value in words
    ]
    after = [_Pattern(word, rf"{_LINKED}+|{_SIGN})\s*{word}\b", value) for word, value in words]
    after += [
        _Pattern(word, rf"{_LINKED}+)\s+{word}e?r\s+(?:side|end)\b", value) for word, value in words
    ]
    # "The tone is full and bright", but not "dark and bright".
    other = rf"(?!{any_word})[\w-]+"
    listed = rf"(?:{other},\s+)?{other},?\s+and"
    after += [
        _Pattern(word, rf"{first}\s*(?P<last>{word}\b){_CLOSED}", value)
        for word, value in words
        for first in (rf"{_LINKED}+)\s+{listed}", rf"{_NUMBER}{_LINKED}+|\s*\()")
    ]
    after += [
        _Pattern(_spaced(verbs), rf"{_LINKED}*)\s+(?:{_spaced(verbs)})\b", value)
        for value, verbs in each.verbs.items()
    ]
    if len(values) == 3:
        ends = rf"(?:{'|'.join(word for word, value in words if value != values[1])})\b"
        neither = rf"{_LINKED.replace('neither|nor|', '')}+)\s+neither\s+{ends}\s+nor\s+{ends}"
        after.append(_Pattern("neither", neither, values[1]))
    return tuple(before), tuple(after)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _spaced(words: str) -> str:
    return words.replace(" ", r"[-\s]+")


# "Dynamically, it is flat."
_FRAMED = r"(?:,\s+(?:it|this|the\s+(?:music|piece|track|clip|mix|sound))\b)?"
_LINKED = (
    rf"(?:\s+levels?)?{_WHOLE}{_FRAMED}"
    rf"(?P<between>(?:(?:\s+(?:{_DENIED}|{_LINK})|,\s+which|['’](?:s|re))(?!\w))"
)
# "The tempo of 120 BPM is moderate", "the loudness, at -20 LUFS, is".
_NUMBER = (
    r"(?:,?\s+(?:of|at|is|measured|around|about|approximately|approx\.|roughly|which)|\s*[:=(])+"
    r"\s*[-−–~]?\d[\d.]*"
    r"(?:\s*(?:bpm|beats\s+per\s+minute|lufs|db|k?hz|notes?\s+per\s+second"
    r"|onsets?\s+per\s+second))?[),]*(?:\s+(?:which|this|it|and))?"
)
_MIDDLES = ("moderate", "medium", "balanced", "steady")  # "narrow" is not halfway to "wide"
_ENDS_HALFWAY = _compiled(r"\b(?:moderately|medium)[-\s]*$")
_DENIAL = _compiled(rf"\b(?:{_DENIED})\b")
