"""Patterns of words and the small rules of English that make text of them.

A pattern writes choices in braces, "a {slow|leisurely} walk", and they may be
nested; at its top level "|" parts choices too. "a_" becomes "a" or "an".
"""

import re
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import TypeAlias, TypeVar

T = TypeVar("T")

# A node is a text, or the choices of a brace; a choice is a row of nodes.
Node: TypeAlias = "str | tuple[tuple[Node, ...], ...]"

_ARTICLE = re.compile(r"\b([Aa])_ (?=(\w+))")
_VOWEL_SOUND = re.compile(r"(?!eu)(?:[aeiou8]|11\b|18\b)(?!nif|ni[tq]|ne\b|ne-)", re.IGNORECASE)
_VOWEL_LETTERS = frozenset("AEFHILMNORSX")  # by their names: "an R&B track"
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


def finish(text: str) -> str:
    """The text with its articles chosen and a capital at the head of each sentence."""
    text = _ARTICLE.sub(lambda match: match[1] + _n(match[2]), text)
    return _SENTENCE.sub(lambda match: match[1] + match[2].upper(), text)


def listed(items: Sequence[str]) -> str:
    """ "x", "x and y", "x, y and z"."""
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _n(word: str) -> str:
    if len(word) == 1 and word.isupper():
        return "n " if word in _VOWEL_LETTERS else " "
    return "n " if _VOWEL_SOUND.match(word) else " "


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
