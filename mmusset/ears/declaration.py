"""What an ear is: a clip in, labels with scores out, and what each score is worth.

The whole house goes through the list of these declarations (`listed.py`): evidence, prompts, rules,
the pages and the dataset's card.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mmusset.json_text import canonical_json
from mmusset.sample_parts.claims import UNMEASURED
from mmusset.sample_parts.evidence import HeardLabel

from .worth import LabelWorth

Floats = NDArray[np.float32]
Log = Callable[[str], None]
Listen = Callable[[Floats], Mapping[str, float]]

# How an ear comes by what it says. Two of one kind err alike, and count as one.
Kind = Literal["tagger", "similarity", "listener"]

DIGITS = 3  # of a score: beyond these it depends on the machine's arithmetic


@dataclass(frozen=True, slots=True)
class Step:
    """From this score on, the probability that what the label names is there.

    It is what was measured on clips whose truth is known, at the share of music that has it;
    never the score itself.
    """

    score: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One thing that an ear listens for: the claim that it makes, and what hearing it is worth.

    `attribute` is one that nothing measures ("instrument"), or the name of a measurement that the
    ear is a second witness for. `absent_below` is the score under which the thing is not there:
    0 where silence says nothing, which is the rule.
    """

    name: str  # its field in the evidence
    attribute: str
    value: str
    steps: tuple[Step, ...]  # from the lowest score to the highest; the first at 0
    absent_below: float = 0.0

    def __post_init__(self) -> None:
        scores = [step.score for step in self.steps]
        if not scores or scores[0] != 0 or scores != sorted(set(scores)):
            raise ValueError(f"label {self.name}: its steps begin at 0 and rise")
        if any(not 0 <= step.probability <= 1 for step in self.steps):
            raise ValueError(f"label {self.name}: a probability is from 0 to 1")

    @property
    def is_unmeasured(self) -> bool:
        """Whether nothing but ears and tags can settle what it names."""
        return self.attribute in UNMEASURED

    @property
    def thing(self) -> str:
        """What it listens for, as people call it."""
        return self.name if self.value in ("present", "absent") else self.value

    def heard(self, score: float) -> HeardLabel:
        """A score as it is kept, with its probability."""
        kept = round(score, DIGITS)
        reached = [step for step in self.steps if kept >= step.score]
        probability = reached[-1].probability if reached else self.steps[0].probability
        return HeardLabel(score=kept, probability=probability)


class Weights(Protocol):
    """What an ear needs on this machine before it can listen."""

    def is_there(self) -> bool:
        """Whether it is, whole and unchanged."""
        ...

    def get(self, log: Log) -> None:
        """Fetch it. Raises MmussetError, in one sentence, where that can't be done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ear:
    """A witness that listens.

    `listen` is given a clip as one channel `[samples]` at `rate_hz`, brought to -18 dBFS RMS, and
    returns a score for each label, by its name. It runs in the process that decodes media, which
    has no network, and imports what is heavy inside itself; None where an agent asks a server. It
    has to give the same scores for the same clip, to three digits, on any machine.
    Where the model is heavy, `opens` stands in place of `listen`: given `model`, a folder, it gives
    what listens. It runs in one process of its own, which all clips of a build go through.
    `licences` are sentences, shown before anything is fetched and printed on the dataset's card.
    """

    name: str  # in recipes and in the evidence
    kind: Kind
    version: str  # of weights and calibration: another one, another dataset
    licences: tuple[str, ...]
    labels: tuple[Label, ...]
    calibrated_on: str  # a sentence for the card
    clip_cpu_s: float = 0.0  # CPU-seconds that it takes for a clip of the usual length
    rate_hz: int = 16000
    listen: Listen | None = None
    opens: Callable[[str], Listen] | None = None
    model: str = ""  # what it opens
    weights: Weights | None = None
    worth: tuple[LabelWorth, ...] = ()  # what its steps follow from, where a card gave them

    def __post_init__(self) -> None:
        names = [label.name for label in self.labels]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"ear {self.name}: its labels have names, each its own")

    @property
    def says_plainly(self) -> bool:
        """Whether its scores are answers: 1 for yes, 0 for no, 0.5 for neither."""
        return self.kind == "listener"

    @property
    def is_there(self) -> bool:
        """Whether it can listen on this machine."""
        return self.weights is None or self.weights.is_there()

    @property
    def hears_voices(self) -> bool:
        """Whether it listens for voices, and in the process that decodes media."""
        return self.listen is not None and any(each.attribute == "vocals" for each in self.labels)

    @property
    def identity(self) -> str:
        """Its version, and a hash of all that its labels say: a changed calibration shows."""
        facts: list[Any] = [
            [label.name, label.attribute, label.value, label.absent_below]
            + [[step.score, step.probability] for step in label.steps]
            for label in self.labels
        ]
        sha256 = hashlib.sha256(canonical_json(facts).encode()).hexdigest()
        return f"{self.version}, calibration {sha256[:12]}"

    def label(self, name: str) -> Label | None:
        """The label of that name; None where there is none."""
        return next((label for label in self.labels if label.name == name), None)
