"""The offline speaker's phrases, from `caption_phrases.yaml`: for a claim, the ways to say it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from mmusset.measurements.listed import MEASUREMENTS
from mmusset.sample import Claim
from mmusset.truth.hedge import is_hedged
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

    @property
    def is_phrase(self) -> bool:
        """Whether it ends with the clip's kind, as "a loud piece" does."""
        return self.kinds[-1] in ("noun", "music") and not self.parts[-1]

    def filled(self, said: Sequence[Statement]) -> Iterator[tuple[str, Sequence[Statement]]]:
        """The kind of each place with its statements, where `said` go from left to right."""
        start = 0
        for kind, count in zip(self.parts[1::2], self.counts, strict=True):
            yield kind, said[start : start + count]
            start += count


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """The whole file. `unnamed` stands for the clip where its kind is not known, `unnamed_alone`
    where one thing only is said of it; `hedged` are phrases for what only sounds like something.
    """

    unnamed: Statement
    unnamed_alone: Statement
    phrases: Mapping[str, Mapping[str, Phrases]]
    hedged: Mapping[str, Mapping[str, Phrases]]
    together: tuple[frozenset[str], ...]
    apart: tuple[frozenset[str], ...]
    implied: Mapping[str, frozenset[str]]
    low: frozenset[str]
    high: frozenset[str]
    adjectives: tuple[str, ...]
    classifying: frozenset[str]
    openings: tuple[tuple[Frame, ...], ...]
    followings: tuple[Frame, ...]

    def stand_in(self, claims: int) -> Statement:
        """What stands for the clip where so many claims are told of it."""
        return self.unnamed if claims > 1 else self.unnamed_alone

    def statements(self, claims: Sequence[Claim]) -> list[Statement]:
        """What can be said of claims that stand in the order of what matters, less what the
        kind of piece says by itself."""
        implied = {name for claim in claims for name in self.implied.get(claim.value, ())}
        told = [claim for claim in claims if claim.attribute not in implied]
        said = (self._statement(claim, rank) for rank, claim in enumerate(told))
        return [statement for statement in said if statement]

    def place(self, adjective: str) -> int:
        """Where an adjective stands among others."""
        known = adjective if adjective in self.adjectives else ANY
        return self.adjectives.index(known)

    def _statement(self, claim: Claim, rank: int) -> Statement | None:
        """A measurement that the file does not know brings sentences in its declaration; what is
        less sure has phrases of its own."""
        own = (self.hedged if is_hedged(claim) else self.phrases).get(claim.attribute)
        phrases = own.get(claim.value) or own.get(ANY) if own else _declared(claim)
        if not phrases:
            return None
        value = spoken(claim)
        worded = {
            kind: tuple(text.replace("$value", value) for text in texts if _suits(text, value))
            for kind, texts in phrases.items()
        }
        pole = (claim.value in self.high) - (claim.value in self.low)
        return Statement(claim.attribute, claim.value, worded, rank, pole)


def _suits(text: str, value: str) -> bool:
    """Whether a phrase is one for this value: "about" is for round numbers, "about 95 BPM"."""
    return value.endswith(("0", "5")) or not text.startswith(("about ", "around "))


def spoken(claim: Claim) -> str:
    """A claim's value as people write it: "A# major" is B flat major."""
    return _SPELT_KEYS.get(claim.value, claim.value) if claim.attribute == "key" else claim.value


@cache
def phrase_book() -> PhraseBook:
    """The bundled file, read once."""
    text = (resources.files(__package__) / FILE).read_text("utf-8")
    data = read_yaml(text)
    return PhraseBook(
        unnamed=_unnamed(data["unnamed"]),
        unnamed_alone=_unnamed(data["unnamed_alone"]),
        phrases=_by_value(data["phrases"]),
        hedged=_by_value(data["hedged"]),
        together=tuple(frozenset(names) for names in data["together"]),
        apart=tuple(frozenset(names) for names in data["apart"]),
        implied={value: frozenset(names) for value, names in data["implied"].items()},
        low=frozenset(data["low"]),
        high=frozenset(data["high"]),
        adjectives=tuple(data["adjectives"]),
        classifying=frozenset(data["classifying"]),
        openings=tuple(_frames(row, data["parts"]) for row in data["openings"]),
        followings=_frames(data["followings"], data["parts"]),
    )


def _by_value(
    data: Mapping[str, Mapping[str, Mapping[str, list[str]]]],
) -> dict[str, dict[str, Phrases]]:
    return {
        attribute: {value: _kinds(phrases) for value, phrases in values.items()}
        for attribute, values in data.items()
    }


def _kinds(phrases: Mapping[str, list[str]]) -> Phrases:
    return {kind: tuple(texts) for kind, texts in phrases.items()}


def _unnamed(phrases: Mapping[str, list[str]]) -> Statement:
    return Statement("", "", _kinds(phrases), -1, 0)


def _declared(claim: Claim) -> Phrases:
    measurement = MEASUREMENTS.named(claim.attribute)
    sentences = measurement.sentences.get(claim.value) if measurement else None
    return {"the": sentences} if sentences else {}


def _frames(patterns: list[str], parts: Mapping[str, list[str]]) -> tuple[Frame, ...]:
    return tuple(_frame(text) for pattern in patterns for text in _written_out(pattern, parts))


def _written_out(pattern: str, parts: Mapping[str, list[str]]) -> list[str]:
    """The pattern with each choice of each part that it names, and of those that these name."""
    match = _PART.search(pattern)
    if not match:
        return [pattern]
    before, after = pattern[: match.start()], pattern[match.end() :]
    return [
        text
        for choice in parts[match[0]]
        for text in _written_out(f"{before}{choice}{after}", parts)
    ]


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
