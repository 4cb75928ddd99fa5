"""Phrases as data: those by which a value is recognised, and those that the grammar writes."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal, get_args

Form = Literal["adjective", "predicate", "noun", "verb", "clause", "adverbial"]


@dataclass(frozen=True, slots=True)
class Phrases:
    """The ways to say one value: true words for it, in six forms, each a pattern.

    `adjective` stands before a noun, `predicate` after "is", `noun` after "with" or
    "you hear", `verb` after a subject, `clause` alone, `adverbial` after a verb or ahead
    of a sentence. Patterns are those of `speakers/offline/wording.py`, where "@level" stands
    for what SHARED has of it; `$value` is the claim's value, `$beats` and `$key` how a tempo
    and a key are spelt out, `$its` and `$it` what the clip was last called.
    """

    adjective: str
    predicate: str
    noun: str
    verb: str
    clause: str
    adverbial: str

    def forms(self) -> dict[Form, str]:
        """Each form's pattern."""
        return _forms(self)


# What many patterns share: "@level" stands for "{volume|level}".
SHARED = {
    "pace": "{pace|pulse|tempo|beat|step}",
    "slow": "{slow|unhurried|leisurely|sedate|ambling|slow-going}",
    "medium": "{moderate|medium|middling}",
    "fast": "{fast|quick|brisk|rapid|swift}",
    "level": "{volume|level}",
    "soft": "{quiet|soft|hushed|low|subdued}",
    "steady": "{steady|constant|even|stable|uniform|unchanging}",
    "tone": "{tone|timbre|sound}",
    "drums": "{drums|percussion|drumming}",
    "flow": "{flow|stream|run|supply}",
    "stereo": "{stereo field|stereo image|stereo spread}",
    "stay": "{stay~|remain~|sound~|prove~|come~ across as}",
    "rather": "{|||||rather |fairly |quite |plainly |decidedly |distinctly |audibly |noticeably }",
    "about": "{||about |around |roughly |close to |some |something like |just about }",
    "is": "{is|stays|remains}",
}

_SHARED_NAME = re.compile(f"@({'|'.join(SHARED)})")


@cache
def _forms(phrases: Phrases) -> dict[Form, str]:
    return {
        form: _SHARED_NAME.sub(lambda name: SHARED[name[1]], getattr(phrases, form))
        for form in get_args(Form)
    }


# Parts that synonyms of several measurements share.
VERBS = "is|stays|remains|sits|runs|holds|keeps|held|kept|"
PACES = "pace|pulse|tempo|beat|step|speed"
LEVELS = "volume|level|loudness"
TEMPO_OF = ("tempo of|pace of", "this|the", "song|piece|track|music", "is")
MEDIUM = "moderate|medium|middling"


def joined(*parts: str) -> tuple[str, ...]:
    """Each choice of the first part before each choice of the next: "a|b", "c" is a c, b c."""
    return tuple(" ".join(filter(None, row)) for row in product(*(p.split("|") for p in parts)))


def stated(of: str, words: str) -> tuple[str, ...]:
    """What is stated of things: "low volume", "volume stays low", "low in volume"."""
    return (
        *joined(words, of),
        *joined(of, VERBS, words),
        *joined(words, "in", of),
    )
