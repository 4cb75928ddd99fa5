"""The offline speaker's phrases, from `caption_phrases.yaml`: for a claim, the ways to say it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.tempo import bounds_bpm
from mmusset.sample_parts.claims import OF_A_PIECE, Claim
from mmusset.truth import entrances
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
_RANGE = re.compile(r"<(?P<kind>[a-z]+):(?P<least>\d)-(?P<most>\d)>")
_PART = re.compile(r"@[a-z]+")

Phrases = Mapping[str, tuple[str, ...]]  # of each kind, patterns as in `wording`


@dataclass(frozen=True, eq=False)
class Statement:
    """A claim with the ways to say it, and its place among what matters, the first being 0.

    `pole` is -1 or 1 for what points down or up, else 0. No two are the same: captions are tried by
    the hundred, in which they are told apart all the time.
    """

    attribute: str
    value: str
    phrases: Phrases
    rank: int
    pole: int
    is_hedged: bool = False

    @cached_property
    def names(self) -> frozenset[str]:
        """What the file's rules may call it: "percussion", "percussion absent"."""
        return frozenset({self.attribute, f"{self.attribute} {self.value}"})

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of phrase that it has."""
        return frozenset(self.phrases)


@dataclass(frozen=True, eq=False)
class Frame:
    """A sentence with places for claims: texts and kinds in turn, a kind at each odd index."""

    parts: tuple[str, ...]
    counts: tuple[int, ...]

    @cached_property
    def places(self) -> tuple[tuple[str, int], ...]:
        """The kind of each place, and how many claims it takes, from left to right."""
        return tuple(zip(self.parts[1::2], self.counts, strict=True))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each claim that it takes, from left to right."""
        return tuple(kind for kind, count in self.places for _ in range(count))

    @cached_property
    def is_phrase(self) -> bool:
        """Whether it ends with the clip's kind, as "a loud piece" does."""
        return self.kinds[-1] == "noun" and not self.parts[-1]

    @cached_property
    def contrasts(self) -> bool:
        """Whether it sets what a piece is like against its kind."""
        return self.parts[2:3] == (", but ",)

    def filled(self, said: Sequence[Statement]) -> Iterator[tuple[str, Sequence[Statement]]]:
        """The kind of each place with its statements, where `said` go from left to right."""
        start = 0
        for kind, count in self.places:
            yield kind, said[start : start + count]
            start += count


@dataclass(frozen=True, slots=True)
class Opening:
    """Sentences that a caption of at least so many claims may begin with."""

    least: int
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """The whole file. `unnamed` stands for the clip where its kind is not known; `hedged` are
    phrases for what only sounds like something.
    """

    lists: Mapping[str, tuple[str, ...]]
    merged: frozenset[str]
    unnamed: Statement
    together: tuple[frozenset[str], ...]
    apart: tuple[frozenset[str], ...]
    loses: Mapping[str, Mapping[str, frozenset[str]]]
    needs: Mapping[str, str]
    implied: Mapping[str, frozenset[str]]
    fast_from_bpm: float
    low: frozenset[str]
    high: frozenset[str]
    adjectives: tuple[str, ...]
    classifying: frozenset[str]
    phrases: Mapping[str, Mapping[str, Phrases]]
    hedged: Mapping[str, Mapping[str, Phrases]]
    openings: tuple[Opening, ...]
    followings: tuple[Frame, ...]

    def statements(self, claims: Sequence[Claim]) -> list[Statement]:
        """What can be said of claims that stand in the order of what matters, less what the
        kind of piece says by itself."""
        implied = {name for claim in claims for name in self.implied.get(claim.value, ())}
        explicit = [claim for claim in claims if claim.attribute not in implied]
        said = (self._statement(claim, rank, claims) for rank, claim in enumerate(explicit))
        return [statement for statement in said if statement]

    def kinds_at(self, place: str) -> tuple[str, ...]:
        """The kinds of phrase that can stand at a place, in their order: a list takes several."""
        return self.lists.get(place, (place,))

    def place(self, adjective: str) -> int:
        """Where an adjective stands among others."""
        known = adjective if adjective in self.adjectives else ANY
        return self.adjectives.index(known)

    def _statement(self, claim: Claim, rank: int, claims: Sequence[Claim]) -> Statement | None:
        """A claim beside others, in the words that suit them all; None where it has none."""
        value = spoken(claim)
        phrases = {
            kind: tuple(text.replace("$value", value) for text in texts if _suits(text, value))
            for kind, texts in self._phrases(claim, claims).items()
            if kind not in self._lost(claim, claims)
        }
        pole = (claim.value in self.high) - (claim.value in self.low)
        if not phrases:
            return None
        return Statement(claim.attribute, claim.value, phrases, rank, pole, is_hedged(claim))

    def _phrases(self, claim: Claim, claims: Sequence[Claim]) -> Phrases:
        """A measurement that the file does not know brings sentences in its declaration; what is
        less sure has phrases of its own."""
        own = (self.hedged if is_hedged(claim) else self.phrases).get(claim.attribute)
        if own is None:
            return _declared(claim)
        value = "up-tempo" if self._is_up_tempo(claim, claims) else claim.value
        return own.get(value) or own.get(ANY) or {}

    def _is_up_tempo(self, claim: Claim, claims: Sequence[Claim]) -> bool:
        """Whether it is fast, but by its tempo not so fast that it is to be called that."""
        tempi = [bounds_bpm(each.value)[0] for each in claims if each.attribute == "tempo"]
        is_fast = (claim.attribute, claim.value) == ("pulse", "fast")
        return is_fast and any(bpm < self.fast_from_bpm for bpm in tempi)

    def _lost(self, claim: Claim, claims: Sequence[Claim]) -> frozenset[str]:
        """The kinds of phrase that it is not said in beside others."""
        beside = self.loses.get(claim.attribute, {})
        return frozenset().union(*(beside.get(each.attribute, ()) for each in claims))


def _suits(text: str, value: str) -> bool:
    """Whether a phrase is one for this value: "about" is for round numbers, "about 95 BPM"."""
    return value.endswith(("0", "5")) or not text.startswith(("about ", "around "))


def spoken(claim: Claim) -> str:
    """A claim's value as people write it: "A# major" is B flat major."""
    if claim.attribute in OF_A_PIECE:
        return entrances.spoken(claim.value)
    return _SPELT_KEYS.get(claim.value, claim.value) if claim.attribute == "key" else claim.value


@cache
def phrase_book() -> PhraseBook:
    """The bundled file, read once."""
    text = (resources.files(__package__) / FILE).read_text("utf-8")
    data = read_yaml(text)
    return PhraseBook(
        lists=_kinds(data["lists"]),
        merged=frozenset(data["merged"]),
        unnamed=Statement("", "", {"noun": tuple(data["unnamed"])}, -1, 0),
        together=_sets(data["together"]),
        apart=_sets(data["apart"]),
        loses={
            name: {other: frozenset(kinds) for other, kinds in beside.items()}
            for name, beside in data["loses"].items()
        },
        needs=data["needs"],
        implied={value: frozenset(names) for value, names in data["implied"].items()},
        fast_from_bpm=data["fast_from_bpm"],
        low=frozenset(data["low"]),
        high=frozenset(data["high"]),
        adjectives=tuple(data["adjectives"]),
        classifying=frozenset(data["classifying"]),
        phrases=_by_value(data["phrases"]),
        hedged=_by_value(data["hedged"]),
        openings=tuple(
            Opening(row.get("least", 1), _frames(row["frames"], data["parts"]))
            for row in data["openings"]
        ),
        followings=_frames(data["followings"], data["parts"]),
    )


def _sets(rows: Sequence[Sequence[str]]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(names) for names in rows)


def _by_value(
    data: Mapping[str, Mapping[str, Mapping[str, list[str]]]],
) -> dict[str, dict[str, Phrases]]:
    return {
        attribute: {value: _kinds(phrases) for value, phrases in values.items()}
        for attribute, values in data.items()
    }


def _kinds(phrases: Mapping[str, list[str]]) -> Phrases:
    return {kind: tuple(texts) for kind, texts in phrases.items()}


def _declared(claim: Claim) -> Phrases:
    measurement = MEASUREMENTS.named(claim.attribute)
    sentences = measurement.sentences.get(claim.value) if measurement else None
    return {"the": sentences} if sentences else {}


def _frames(patterns: list[str], parts: Mapping[str, list[str]]) -> tuple[Frame, ...]:
    return tuple(_frame(text) for pattern in patterns for text in _written_out(pattern, parts))


def _written_out(pattern: str, parts: Mapping[str, list[str]]) -> list[str]:
    """The pattern with each choice of each part and each number that it names."""
    if part := _PART.search(pattern):
        match, choices = part, parts[part[0]]
    elif several := _RANGE.search(pattern):
        match, choices = several, _counted(several)
    else:
        return [pattern]
    before, after = pattern[: match.start()], pattern[match.end() :]
    return [text for choice in choices for text in _written_out(f"{before}{choice}{after}", parts)]


def _counted(several: re.Match[str]) -> list[str]:
    numbers = range(int(several["least"]), int(several["most"]) + 1)
    return [f"<{several['kind']}:{number}>" for number in numbers]


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
