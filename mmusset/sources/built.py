"""A sample that a build wrote, as a source for another build.

What agents wrote of it is written anew; what was given, or corrected by a person, is given again.
"""

import json
from dataclasses import dataclass
from typing import Any

from mmusset.licensing import UNKNOWN_WORDS
from mmusset.sample_parts.piece import Split, Tags
from mmusset.sample_parts.texts import GIVEN
from mmusset.sample_parts.turns import PERSON

from .split import SPLITS

MEMBERS = {"image.jpg", "music.flac", "story.txt", "caption.txt", "json"}
FRAMES = "frames.jpg"  # of a video, which another build has no use for


@dataclass(frozen=True, slots=True)
class BuiltSample:
    """What is known of a sample beside its media: what a sidecar would say, its group and split."""

    facts: dict[str, str]
    group: str
    split: Split


def of_built(data: bytes) -> BuiltSample | None:
    """What a sample's JSON says; None where no build can have written it."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    group, split = said.get("group"), said.get("split")
    if not isinstance(group, str) or split not in SPLITS:
        return None
    tags = said.get("tags")
    facts = {
        name: value.removeprefix(UNKNOWN_WORDS)
        for name, value in (tags if isinstance(tags, dict) else {}).items()
        if name in Tags.model_fields and isinstance(value, str) and value
    }
    for name in ("caption", "story"):
        facts |= {name: text} if (text := _of_people(said.get(name))) else {}
    lyrics = said.get("lyrics")
    if isinstance(lyrics, dict) and isinstance(lyrics.get("text"), str) and lyrics["text"]:
        facts["lyrics"] = lyrics["text"]
    return BuiltSample(facts, group, split)


def _of_people(text: Any) -> str:
    """A text that a person wrote, "" for any other."""
    if not isinstance(text, dict) or text.get("writer") not in (GIVEN, PERSON):
        return ""
    words = text.get("text")
    return words if isinstance(words, str) else ""
