"""Captions out of claims: what matters first, in plain sentences."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, pairwise
from random import Random

from mmusset.errors import Unusable
from mmusset.notability import worth_saying
from mmusset.sample import Claim
from mmusset.text import word_count

from .phrase_book import Frame, Statement, phrase_book
from .wording import expand, finish, listed, pick, shuffled

LEAST_WORDS = 3
MOST_SAID = 6  # claims in a caption; more would make a list of it
MOST_IN_SENTENCE = 4
MOST_SENTENCES = 4
DRAFTS = 16  # of which the one that reads best is taken

# What a draft loses for each claim left out, each sentence more or fewer than its claims ask for,
# each word said twice, each sentence that begins as the one before it, each of four words or
# fewer, each of two, and each claim that stands ahead of one that matters more.
LEFT_OUT, SENTENCE, TWICE, SAME_BEGINNING, SHORT, STUMP, OUT_OF_ORDER = 3, 1, 2, 1, 0.7, 100, 0.5
CHANCE = 1.5  # what luck may outweigh, so that like pieces are not told alike

_COMMON = frozenset(
    ("a", "an", "the", "of", "is", "are", "and", "to", "it", "in", "at", "with", "this", "there")
)
_UNNAMED = frozenset({"noun", "music"})  # the kinds of what stands for an unknown piece
_WORD = re.compile(r"[\w'-]+")


@dataclass(slots=True)
class CaptionDraft:
    """A caption being written: its sentences, the ranks of what each says, what is left to say."""

    left: list[Statement]
    sentences: list[str] = field(default_factory=list)
    ranks: list[list[int]] = field(default_factory=list)


def write(sayable: Sequence[Claim], random: Random) -> str:
    """A caption that says what is notable of the claims, and nothing else.

    Raises Unusable where the grammar has words for none of them.
    """
    said = statements(sayable)[:MOST_SAID]
    if not said:
        raise Unusable("nothing measurable to say", "no measured value is certain enough")
    return best_of(said, random)


def statements(claims: Sequence[Claim]) -> list[Statement]:
    """What is worth a word and has words, what matters most first."""
    return phrase_book().statements(worth_saying(claims))


def best_of(said: Sequence[Statement], random: Random, most_sentences: int = MOST_SENTENCES) -> str:
    """Of several drafts the one that reads best."""
    drafts = [_draft(said, random, most_sentences) for _ in range(DRAFTS)]
    costs = [_cost(draft, len(said)) + CHANCE * random.random() for draft in drafts]
    return finish(". ".join(drafts[costs.index(min(costs))].sentences) + ".")


def _draft(said: Sequence[Statement], random: Random, most_sentences: int) -> CaptionDraft:
    draft = CaptionDraft(list(said))
    while draft.left and len(draft.sentences) < most_sentences and _add_sentence(draft, random):
        pass
    return draft


def _add_sentence(draft: CaptionDraft, random: Random) -> bool:
    """Say some of what is left in a sentence more; False where no frame takes any of it."""
    opens = not draft.sentences
    is_named = any("noun" in each.phrases for each in draft.left)
    left = draft.left + ([phrase_book().unnamed] if opens and not is_named else [])
    kinds = tuple(frozenset(each.phrases) for each in left)
    fitting = _fitting(opens, kinds) or _fitting(False, kinds)
    if not fitting:
        return False
    frame = pick(pick(fitting, random), random)
    filled = next(_fillings(frame.kinds, shuffled(left, random)))
    draft.left = [each for each in draft.left if each not in filled]
    draft.ranks.append([each.rank for each in filled])
    draft.sentences.append(_worded(frame, filled, random))
    return True


@cache
def _fitting(opens: bool, kinds: tuple[frozenset[str], ...]) -> tuple[tuple[Frame, ...], ...]:
    """The frames that statements of these kinds can fill, by how many they take."""
    book = phrase_book()
    by_count: dict[int, list[Frame]] = {}
    for frame in book.openings if opens else book.followings:
        if len(frame.kinds) > MOST_IN_SENTENCE or (_UNNAMED in kinds and _is_bare(frame)):
            continue
        if _can_fill(frame.kinds, kinds):
            by_count.setdefault(len(frame.kinds), []).append(frame)
    return tuple(tuple(by_count[count]) for count in sorted(by_count))


def _is_bare(frame: Frame) -> bool:
    """Whether it needs to know the kind of piece: not "this is a piece", nor "music in A minor"."""
    return frame.kinds == ("noun",) or frame.kinds[0] == "music"


def _can_fill(places: tuple[str, ...], kinds: tuple[frozenset[str], ...]) -> bool:
    return not places or any(
        places[0] in each and _can_fill(places[1:], kinds[:i] + kinds[i + 1 :])
        for i, each in enumerate(kinds)
    )


def _fillings(places: tuple[str, ...], left: list[Statement]) -> Iterator[list[Statement]]:
    """Every way to give each place a statement that has its kind."""
    if not places:
        yield []
    for statement in left if places else ():
        if places[0] in statement.phrases:
            rest = [each for each in left if each is not statement]
            for others in _fillings(places[1:], rest):
                yield [statement, *others]


def _worded(frame: Frame, filled: Sequence[Statement], random: Random) -> str:
    """The frame with a phrase of each statement in its place."""
    texts = [frame.parts[0]]
    rest = list(filled)
    for kind, count, text in zip(frame.parts[1::2], frame.counts, frame.parts[2::2], strict=True):
        texts += [_joined(kind, rest[:count], random), text]
        rest = rest[count:]
    return expand("".join(texts), random)


def _joined(kind: str, said: Sequence[Statement], random: Random) -> str:
    ordered = sorted(said, key=lambda each: each.rank)
    texts = [pick(each.phrases[kind], random) for each in ordered]
    if len(ordered) == 2 and ordered[0].pole * ordered[1].pole < 0:
        return " but ".join(texts)
    if kind == "before":
        return pick((", ", ", ", " and "), random).join(texts)
    return listed(texts)


def _cost(draft: CaptionDraft, claims: int) -> float:
    """How badly a draft reads."""
    words = Counter(_stem(word) for word in _WORD.findall(" ".join(draft.sentences)))
    twice = sum(count - 1 for word, count in words.items() if word not in _COMMON)
    lengths = [word_count(sentence) for sentence in draft.sentences]
    beginnings = [sentence.split(" ", 1)[0] for sentence in draft.sentences]
    return (
        LEFT_OUT * len(draft.left)
        + SENTENCE * abs(len(draft.sentences) - (claims + 2) // 3)
        + TWICE * twice
        + SAME_BEGINNING * sum(a == b for a, b in pairwise(beginnings))
        + SHORT * sum(length < 5 for length in lengths[len(lengths) < 2 :])
        + STUMP * (lengths.count(1) + lengths.count(2))
        + OUT_OF_ORDER * sum(_inversions(draft))
    )


def _stem(word: str) -> str:
    return word.removesuffix("s") if len(word) > 3 else word


def _inversions(draft: CaptionDraft) -> Iterator[int]:
    """For each two sentences, how many claims of the first stand ahead of more important ones."""
    for earlier, later in combinations(draft.ranks, 2):
        yield sum(a > b for a in earlier for b in later)
