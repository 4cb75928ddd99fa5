"""Patterns such as "(the|its) level (hardly|barely) moves", and drawing one reading of them.

Alternatives stand in brackets, may be empty, and may hold brackets themselves.
"""

import re
from functools import cache
from random import Random

_TOKEN = re.compile(r"[()|]|[^()|]+")

# A sequence of parts; a part is text, or patterns to choose from.
Pattern = tuple["str | tuple[Pattern, ...]", ...]


def expand(pattern: str, random: Random) -> str:
    """One reading of a pattern, each alternative as likely as its siblings."""
    return re.sub(r"\s+", " ", _draw(_parse(f"({pattern})"), random)).strip()


def _draw(pattern: Pattern, random: Random) -> str:
    return "".join(
        part if isinstance(part, str) else _draw(random.choice(part), random) for part in pattern
    )


@cache
def _parse(text: str) -> Pattern:
    """The pattern that a text spells. Raises ValueError where a bracket has no partner."""
    levels: list[list[list[str | tuple[Pattern, ...]]]] = [[[]]]
    for token in _TOKEN.findall(text):
        if token == "(":
            levels.append([[]])
        elif token == "|":
            levels[-1].append([])
        elif token == ")":
            closed = tuple(tuple(alternative) for alternative in levels.pop())
            levels[-1][-1].append(closed)
        else:
            levels[-1][-1].append(token)
    if len(levels) != 1 or len(levels[0]) != 1:
        raise ValueError(f"brackets or bars without a partner in {text!r}")
    return tuple(levels[0][0])
