"""README.md of a dataset: a part that is generated, and what its owner wrote around it.

The generated part stands between two marks. Everything outside them is the owner's, and so is
each key of the YAML front matter that is not generated.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mmusset.bounded import MOST_TEXT, read_text_bounded
from mmusset.errors import Refused
from mmusset.yaml_text import NotYaml, read_yaml

CARD = "README.md"
BEGIN, END = "<!-- mmusset: begin -->", "<!-- mmusset: end -->"
FENCE = "---\n"
OWNERS = ("language", "tags")  # generated only where there are none


@dataclass(frozen=True, slots=True)
class Readme:
    """A card's owner's part: front matter, and the text before and after the generated part."""

    front: dict[str, Any] = field(default_factory=dict)
    before: str = ""
    after: str = "\n"

    def text(self, front: dict[str, Any], generated: str) -> str:
        """The whole file: the owner's keys come first, then those that are generated."""
        kept = {key: value for key, value in self.front.items() if key not in front}
        given = {key: self.front[key] for key in OWNERS if key in self.front}
        keys = yaml.safe_dump(kept | front | given, sort_keys=False, allow_unicode=True, width=100)
        card = f"{BEGIN}\n{generated.strip()}\n{END}"
        return f"{FENCE}{keys}{FENCE}{self.before}{card}{self.after}"


def read(path: Path) -> Readme:
    """The owner's part of a card; nothing where there is no file.

    Raises Refused for a file that has no place for the generated part.
    """
    if not path.exists():
        return Readme()
    front, body = split(path)
    if body.count(BEGIN) != 1 or body.count(END) != 1 or body.index(BEGIN) > body.index(END):
        raise Refused(
            f"{path} is not overwritten: it has no place for the card. Put the lines {BEGIN} and"
            f" {END} where the card belongs, once each, or move the file away"
        )
    before, _, rest = body.partition(BEGIN)
    return Readme(front, before, rest.partition(END)[2])


def split(path: Path) -> tuple[dict[str, Any], str]:
    """The YAML at the top of a card, and what follows. Raises Refused where it can't be read."""
    try:
        text = read_text_bounded(path, MOST_TEXT)
    except OSError as error:
        raise Refused(f"can't read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8; save it as that, or move it away") from None
    if not text.startswith(FENCE):
        return {}, text
    between, fence, body = text.removeprefix(FENCE).partition(f"\n{FENCE}")
    try:
        front = read_yaml(between) if fence else None
    except NotYaml as error:
        raise Refused(f"the YAML at the top of {path} can't be read ({error}); fix it") from None
    if not isinstance(front, dict):
        raise Refused(f"the YAML at the top of {path} must be keys with values between two ---")
    return front, body
