"""How a stub server behaves: how many calls at once, how long they take, what goes wrong when."""

from pathlib import Path
from random import Random
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from mmusset.bounded import read_text_bounded
from mmusset.errors import UsageError
from mmusset.frozen import Frozen, Share
from mmusset.safe_text import of_error
from mmusset.yaml_text import MOST_BYTES, NotYaml, read_yaml

EVER = 10**9

Kind = Literal[
    "429",  # too many requests, with Retry-After
    "502",  # what a proxy answers for a server that it can't reach
    "503",
    "500",
    "400",  # this request is refused for good
    "reset",  # the connection breaks
    "hang",  # nothing comes
    "drip",  # a byte now and then, without end
    "html",  # 200, and a page for people
    "no choices",
    "null content",
    "empty",
    "length",  # cut off by max_tokens
    "no json",
    "other schema",
    "abort",  # what vLLM sends for running calls when it gets SIGTERM
    "die",  # the server goes, and every connection with it
]


class PlannedFault(Frozen):
    """What goes wrong, and for which requests: all conditions must hold.

    Requests are counted from 1. `containing` looks for words in the body, of which
    the picture's data is a part. With a `share`, it goes wrong at random for so many of
    them: the same ones for the same `seed`.
    """

    kind: Kind
    first: int = 1
    last: int = EVER
    every: Annotated[int, Field(ge=1)] = 1
    containing: str = ""
    share: Share = 1.0
    seed: int = 0
    at_most: int = EVER
    retry_after_s: float = 0.0

    def hits(self, number: int, body: bytes) -> bool:
        """Whether it is due for this request, `at_most` aside."""
        if not self.first <= number <= self.last or (number - self.first) % self.every:
            return False
        if self.share < 1 and Random(f"{self.seed} {self.kind} {number}").random() >= self.share:
            return False
        return self.containing.encode() in body


class StubPlan(Frozen):
    """All of it. `queue` is how many may wait for a slot before 503; None: any number.

    `objecting` is the share of samples whose first story the critic objects to. `sounds` are the
    labels of what is in a sound, by the sha256 of its WAV; `listening` says what a listener makes
    of that: it knows it, and nothing else; takes sound and ignores it, without even counting its
    tokens where it is `deaf`; hears everything in everything; or names other instruments,
    genres and moods than there are.
    """

    slots: Annotated[int, Field(ge=1)] = 8
    latency_s: Annotated[float, Field(ge=0)] = 0.2
    queue: int | None = None
    metrics: bool = True
    model: str = "stub"
    adapters: tuple[str, ...] = ()
    objecting: Share = 0.1
    faults: tuple[PlannedFault, ...] = ()
    listening: Literal["honest", "deaf", "numb", "always yes", "liar"] = "honest"
    sounds: dict[str, tuple[str, ...]] = Field(default_factory=dict)


def load(path: Path | None) -> StubPlan:
    """The plan in a YAML file, or the usual one. Raises UsageError that names file and key."""
    if path is None:
        return StubPlan()
    try:
        text = read_text_bounded(path, MOST_BYTES)
        return StubPlan.model_validate(read_yaml(text) or {})
    except OSError as error:
        raise UsageError(f"can't read the plan {path}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"the plan {path}: {where}: {first['msg']}") from None
    except (NotYaml, UnicodeDecodeError) as error:
        raise UsageError(f"the plan {path} is not YAML: {of_error(error)}") from None
