"""Patterns of words and the small rules of English that make text of them.

A pattern writes choices in braces, "a {slow|leisurely} walk", and they may be
nested; at its top level "|" parts choices too. "a_" becomes "a" or "an", and "keep~"
is a verb that `conjugate` turns into "keeps", "keeping" or "keep".
"""

import re
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Literal, TypeAlias, TypeVar

T = TypeVar("T")
VerbForm = Literal["third", "gerund", "base"]

# A node is a text, or the choices of a brace; a choice is a row of nodes.
Node: TypeAlias = "str | tuple[tuple[Node, ...], ...]"

_IRREGULAR_THIRD = {"have": "has", "do": "does", "go": "goes"}
_DOUBLED = frozenset({"run", "sit", "get", "put", "set", "let", "fit", "step", "brim"})
_VERB = re.compile(r"(\w+)~")
_ARTICLE = re.compile(r"\b([Aa])_ (?=(\w+))")
_VOWEL_SOUND = re.compile(r"(?:[aeiou8]|11\b|18\b)(?!nif|ni[tq]|ne\b|ne-)", re.IGNORECASE)
_LETTER_NAMES = frozenset("AEF")  # keys: "an F minor piece"
_SENTENCE = re.compile(r"(^|[.!?]\s+)([a-z])")


def pick(options: Sequence[T], random: Random) -> T:
    """One of the options, each as likely. Only `random()` keeps its meaning between Pythons."""
    return options[int(random.random() * len(options))]


def shuffled(things: Sequence[T], random: Random) -> list[T]:
    """The things in any order."""
    return sorted(things, key=lambda _: random.random())


def expand(pattern: str, random: Random) -> str:
    """A pattern with each choice made."""
    return _expand((_parsed(pattern),), random)


def choices(pattern: str) -> list[str]:
    """Every text that a pattern can become."""
    return _all((_parsed(pattern),))


def conjugate(text: str, form: VerbForm) -> str:
    """The text with its marked verbs in the form asked for."""
    return _VERB.sub(lambda match: _inflected(match[1], form), text)


def finish(text: str) -> str:
    """The text with its articles chosen and a capital at the head of each sentence."""
    text = _ARTICLE.sub(lambda match: match[1] + _n(match[2]), text)
    return _SENTENCE.sub(lambda match: match[1] + match[2].upper(), text)


def listed(items: Sequence[str], joiner: str = " and") -> str:
    """ "x", "x and y", "x, y and z"."""
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])}{joiner} {items[-1]}"


def _n(word: str) -> str:
    if len(word) == 1 and word.isupper():
        return "n " if word in _LETTER_NAMES else " "
    return "n " if _VOWEL_SOUND.match(word) else " "


def _inflected(verb: str, form: VerbForm) -> str:
    if form == "base":
        return verb
    if form == "gerund":
        if verb in _DOUBLED:
            return f"{verb}{verb[-1]}ing"
        return f"{verb[:-1] if verb.endswith('e') and not verb.endswith('ee') else verb}ing"
    if verb in _IRREGULAR_THIRD:
        return _IRREGULAR_THIRD[verb]
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "sh", "ch", "x")) else f"{verb}s"


def _expand(row: tuple[Node, ...], random: Random) -> str:
    return "".join(
        node if isinstance(node, str) else _expand(pick(node, random), random) for node in row
    )


def _all(row: tuple[Node, ...]) -> list[str]:
    texts = [""]
    for node in row:
        ends = [node] if isinstance(node, str) else [t for choice in node for t in _all(choice)]
        texts = [text + end for text in texts for end in ends]
    return texts


@cache
def _parsed(pattern: str) -> Node:
    tokens = [token for token in re.split(r"([{|}])", f"{{{pattern}}}") if token]
    node, rest = _choices(tokens[1:])
    if rest:
        raise ValueError(f"a brace too many in {pattern!r}")
    return node


def _choices(tokens: list[str]) -> tuple[Node, list[str]]:
    """The choices up to the closing brace, and the tokens after it."""
    options: list[tuple[Node, ...]] = []
    row: list[Node] = []
    while tokens:
        token, *tokens = tokens
        if token == "{":
            node, tokens = _choices(tokens)
            row.append(node)
        elif token in "|}":
            options.append(tuple(row))
            row = []
            if token == "}":
                return tuple(options), tokens
        else:
            row.append(token)
    raise ValueError("a brace too few in a pattern")
