"""Who wrote what is learnt from: people's words come first, and nobody learns from themselves."""

from dataclasses import dataclass
from typing import Literal

from mmusset.sample import Quadruple
from mmusset.sample_parts.texts import GIVEN
from mmusset.sample_parts.turns import PERSON

from .recipe import Taught

Kind = Literal["corrected", "given", "model", "offline"]
PEOPLE: frozenset[Kind] = frozenset({"corrected", "given"})


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a text: a person who corrected it, one who gave it with the music, the offline
    grammar, or the model of this name."""

    kind: Kind
    model: str = ""

    def __str__(self) -> str:
        """As counts name it."""
        return _NAMES[self.kind] or self.model

    @property
    def is_person(self) -> bool:
        return self.kind in PEOPLE

    def is_model(self, base: str) -> bool:
        """Whether it is the model of this name or folder, at any revision."""
        name = self.model.partition("@")[0].rstrip("/")
        return self.kind == "model" and name == base.rstrip("/")


_NAMES: dict[Kind, str] = {
    "corrected": "corrected by a person",
    "given": "given by the source",
    "model": "",
    "offline": "the offline grammar",
}


def writer_of(quadruple: Quadruple, agent: Taught) -> Writer:
    """Who had the last word on a sample's caption, or on its story."""
    text = quadruple.caption if agent == "captioner" else quadruple.story
    if text.writer == PERSON:
        return Writer("corrected")
    if text.writer == GIVEN:
        return Writer("given")
    turn = next((turn for turn in reversed(quadruple.turns) if turn.agent == text.writer), None)
    speaker, model = (turn.speaker, turn.model) if turn else (quadruple.speaker, quadruple.model)
    return Writer("offline") if speaker == "offline" else Writer("model", model)
