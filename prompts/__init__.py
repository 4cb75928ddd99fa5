"""The text of each agent's prompt, a file each, known by the hash of its content."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

# Text that others wrote never takes more of a prompt than this.
MOST_QUOTED_CHARACTERS = 4000


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

    def render(self, **facts: object) -> str:
        """The prompt with its facts filled in; a missing fact is an error."""
        return _template(self.text).render(**facts)


@cache
def load(name: str) -> Prompt:
    """The prompt in `prompts/<name>.md`."""
    data = (resources.files(__name__) / f"{name}.md").read_bytes()
    return Prompt(name, data.decode("utf-8"), hashlib.sha256(data).hexdigest())


@cache
def sha256_of(agent: str) -> str:
    """The hash of all that an agent's prompt is made of: what all share, and its own part."""
    parts = (load(name).sha256 for name in ("system", "evidence", agent))
    return hashlib.sha256("".join(parts).encode()).hexdigest()


@cache
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)
