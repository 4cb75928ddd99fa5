"""The offline speaker's phrases, from `caption_phrases.yaml`: for a claim, the ways to say it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import product

from mmusset.measurements.listed import named
from mmusset.sample import Claim
from mmusset.yaml_text import read_yaml

FILE = "caption_phrases.yaml"
ANY = "*"  # in place of a value: phrases that serve them all

# Of two names for one key, the one that scores use most.
_SPELT_KEYS = {
    "A# major": "B flat major",
    "A# minor": "B flat minor",
    "C# major": "D flat major",
    "C# minor": "C sharp minor",
    "D# major": "E flat major",
    "D# minor": "E flat minor",
    "F# major": "F sharp major",
    "F# minor": "F sharp minor",
    "G# major": "A flat major",
    "G# minor": "G sharp minor",
}
_PLACE = re.compile(r"<(?P<kind>[a-z]+)(?::(?P<count>\d))?>")
_PART = re.compile(r"@[a-z]+")

Phrases = Mapping[str, tuple[str, ...]]  # of each kind, patterns as in `wording`


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim with the ways to say it, and its place among what matters, the first being 0.

    `pole` is -1 or 1 for what points down or up, else 0.
    """

    attribute: str
    value: str
    phrases: Phrases
    rank: int
    pole: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A sentence with places for claims: texts and kinds in turn, a kind at each odd index."""

    parts: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each claim that it takes, from left to right."""
        places = zip(self.parts[1::2], self.counts, strict=True)
        return tuple(kind for kind, count in places for _ in range(count))


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """The whole file. `unnamed` stands for the clip where its kind is not known."""

    unnamed: Statement
    phrases: Mapping[str, Mapping[str, Phrases]]
    beside: Mapping[str, Mapping[str, list[str]]]
    low: frozenset[str]
    high: frozenset[str]
    openings: tuple[Frame, ...]
    followings: tuple[Frame, ...]

    def statements(self, claims: Sequence[Claim]) -> list[Statement]:
        """What can be said of claims that stand in the order of what matters."""
        said = (self._statement(claim, rank) for rank, claim in enumerate(claims))
        return self._fitted([statement for statement in said if statement])

    def _statement(self, claim: Claim, rank: int) -> Statement | None:
        """A measurement that the file does not know brings sentences in its declaration."""
        own = self.phrases.get(claim.attribute)
        phrases = own.get(claim.value) or own.get(ANY) if own else _declared(claim)
        if not phrases:
            return None
        value = spoken(claim)
        worded = {
            kind: tuple(text.replace("$value", value) for text in texts)
            for kind, texts in phrases.items()
        }
        pole = (claim.value in self.high) - (claim.value in self.low)
        return Statement(claim.attribute, claim.value, worded, rank, pole)

    def _fitted(self, said: list[Statement]) -> list[Statement]:
        """Each with those phrases alone that read well beside the others."""
        limits: dict[str, list[str]] = {}
        for statement in said:
            limits |= self.beside.get(statement.attribute, {})
        return [_limited(each, limits.get(each.attribute)) for each in said]


def _limited(statement: Statement, kinds: list[str] | None) -> Statement:
    if kinds is None:
        return statement
    phrases = {kind: texts for kind, texts in statement.phrases.items() if kind in kinds}
    return replace(statement, phrases=phrases)


def spoken(claim: Claim) -> str:
    """A claim's value as people write it: "A# major" is B flat major."""
    return _SPELT_KEYS.get(claim.value, claim.value) if claim.attribute == "key" else claim.value


@cache
def phrase_book() -> PhraseBook:
    """The bundled file, read once."""
    text = (resources.files(__package__) / FILE).read_text("utf-8")
    data = read_yaml(text)
    return PhraseBook(
        unnamed=Statement("", "", _kinds(data["unnamed"]), -1, 0),
        phrases={
            attribute: {value: _kinds(phrases) for value, phrases in values.items()}
            for attribute, values in data["phrases"].items()
        },
        beside=data["beside"],
        low=frozenset(data["low"]),
        high=frozenset(data["high"]),
        openings=_frames(data["openings"], data["parts"]),
        followings=_frames(data["followings"], data["parts"]),
    )


def _kinds(phrases: Mapping[str, list[str]]) -> Phrases:
    return {kind: tuple(texts) for kind, texts in phrases.items()}


def _declared(claim: Claim) -> Phrases:
    measurement = named(claim.attribute)
    sentences = measurement.sentences.get(claim.value) if measurement else None
    return {"the": sentences} if sentences else {}


def _frames(patterns: list[str], parts: Mapping[str, list[str]]) -> tuple[Frame, ...]:
    return tuple(_frame(text) for pattern in patterns for text in _written_out(pattern, parts))


def _written_out(pattern: str, parts: Mapping[str, list[str]]) -> list[str]:
    """The pattern with each choice of each part that it names."""
    names = _PART.findall(pattern)
    texts = []
    for row in product(*(parts[name] for name in names)):
        text = pattern
        for name, part in zip(names, row, strict=True):
            text = text.replace(name, part, 1)
        texts.append(text)
    return texts


def _frame(text: str) -> Frame:
    parts: list[str] = []
    counts: list[int] = []
    end = 0
    for match in _PLACE.finditer(text):
        parts += [text[end : match.start()], match["kind"]]
        counts.append(int(match["count"] or 1))
        end = match.end()
    return Frame((*parts, text[end:]), tuple(counts))


def keyword(statement: Statement) -> str:
    """A statement as a tag: "no drums", "84 BPM"."""
    return statement.phrases.get("tag", (statement.value,))[0]
