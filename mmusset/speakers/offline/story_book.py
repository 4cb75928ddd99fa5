"""The phrases that stories are made of, from `story_phrases.yaml`."""

import re
from functools import cache
from importlib import resources
from random import Random
from typing import Any

from mmusset.yaml_text import read_yaml

from .wording import expand, pick

_SLOT = re.compile(r"\$([a-z]+)")


def phrase(*names: str, random: Random, **slots: str) -> str:
    """One of the phrases of that name, its slots filled but for $it and $its."""
    phrases: Any = story_phrases()
    for name in names:
        phrases = phrases[name]
    text = expand(pick(phrases, random), random)
    return _SLOT.sub(lambda match: slots.get(match[1], match[0]), text)


@cache
def story_phrases() -> dict[str, Any]:
    """The bundled file, read once."""
    text = (resources.files(__package__) / "story_phrases.yaml").read_text(encoding="utf-8")
    phrases: dict[str, Any] = read_yaml(text)
    return phrases
