"""The text of each agent's prompt, a file each, known by the hash of its content."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined

_ENVIRONMENT = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's template and the sha256 of its bytes."""

    name: str
    text: str
    sha256: str

    def render(self, **facts: object) -> str:
        """The prompt with its facts filled in; a missing fact is an error."""
        return _ENVIRONMENT.from_string(self.text).render(**facts)


@cache
def load(name: str) -> Prompt:
    """The prompt in `prompts/<name>.md`."""
    data = (resources.files(__name__) / f"{name}.md").read_bytes()
    return Prompt(name, data.decode("utf-8"), hashlib.sha256(data).hexdigest())
