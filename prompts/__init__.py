"""The text of each agent's prompt, a file each, known by the hash of its content."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from mmusset.measurements.declaration import Measurement
from mmusset.measurements.listed import MEASUREMENTS

# Text that others wrote never takes more of a prompt than this.
MOST_QUOTED_CHARACTERS = 4000
# Where a prompt has the lines that the measurements declare.
MEASURED_LINES = "<<measurements>>"


def quoted(text: str) -> str:
    """Text that nobody vouches for, as one line of JSON: capped, and unable to end its block.

    "<" is escaped, so that it can't hold a token of the model's own, such as <|im_end|>.
    """
    return json.dumps(text[:MOST_QUOTED_CHARACTERS], ensure_ascii=False).replace("<", "\\u003c")


_ENVIRONMENT = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_ENVIRONMENT.filters["quoted"] = quoted


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's template and the sha256 of its bytes."""

    name: str
    text: str
    sha256: str

    @classmethod
    def of(cls, name: str, text: str) -> "Prompt":
        """A prompt of this text, wherever it came from."""
        return cls(name, text, hashlib.sha256(text.encode()).hexdigest())

    def render(self, **facts: object) -> str:
        """The prompt with its facts filled in; a missing fact is an error."""
        return _template(self.text).render(**facts)


def load(name: str) -> Prompt:
    """The prompt in `prompts/<name>.md`, with the lines of the measurements on the list."""
    return _loaded(name, tuple(MEASUREMENTS))


@cache
def _loaded(name: str, measurements: tuple[Measurement[Any], ...]) -> Prompt:
    text = (resources.files(__name__) / f"{name}.md").read_bytes().decode("utf-8")
    return Prompt.of(name, text.replace(MEASURED_LINES, _measured_lines(measurements)))


def _measured_lines(measurements: tuple[Measurement[Any], ...]) -> str:
    """What the measurements tell a model; one that begins with a comma goes on the line."""
    parts = [each.prompt for each in measurements if each.prompt]
    return "".join(part if part[0] == "," else f"\n{part}" for part in parts).strip("\n")


def sha256_of(
    prompt: Prompt, with_ears: bool = False, of_piece: bool = False, matched: bool = False
) -> str:
    """The hash of all templates that make an agent's prompt: what all share, and its own part.

    `with_ears` where ears may have listened, `of_piece` where captions are of whole pieces,
    `matched` where the picture may be matched.
    """
    shared = ["system", "evidence"]
    shared += ["heard"] * with_ears
    shared += ["piece"] * of_piece
    shared += ["match"] * matched
    parts = (*map(load, shared), prompt)
    return hashlib.sha256("".join(part.sha256 for part in parts).encode()).hexdigest()


@cache
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)
