"""Captions out of claims: one plain sentence or two, in which each claim has its proper place."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from random import Random

from mmusset.errors import Unusable
from mmusset.notability import worth_saying
from mmusset.sample import Claim

from .phrase_book import Frame, Statement, phrase_book
from .wording import expand, finish, listed, pick, shuffled

LEAST_WORDS = 3
MOST_SAID = 6  # claims in a caption; more would make a list of it
MOST_IN_SENTENCE = 5
MOST_SENTENCES = 2
ONE_SENTENCE = 4  # claims up to which there is one sentence where they fit one
LEAST_IN_OPENING = 2  # claims, where there are more: "a piece with drums" is no beginning

_REPEATABLE = frozenset({"and", "but", "the", "this", "with"})
_WORD = re.compile(r"[a-z']{3,}")


def write(sayable: Sequence[Claim], random: Random) -> str:
    """A caption that says what is notable of the claims, and nothing else.

    Raises Unusable where the grammar has words for none of them.
    """
    text = told(statements(sayable)[:MOST_SAID], random)
    if not text:
        raise Unusable("nothing measurable to say", "no measured value is certain enough")
    return text


def statements(claims: Sequence[Claim]) -> list[Statement]:
    """What is worth a word and has words, what matters most first."""
    return phrase_book().statements(worth_saying(claims))


def told(said: Sequence[Statement], random: Random, most_sentences: int = MOST_SENTENCES) -> str:
    """As much as fits into so many sentences, what matters least left out first; "" of nothing."""
    for count in range(len(said), 0, -1):
        least = 1 if count <= ONE_SENTENCE else most_sentences
        for most in range(least, most_sentences + 1):
            for some in combinations(said, count):
                for text in _captions(some, random, most):
                    return text
    return ""


def _captions(said: Sequence[Statement], random: Random, most_sentences: int) -> Iterator[str]:
    """Captions of all that is said, in which no word stands twice."""
    is_named = any("noun" in each.phrases for each in said)
    usable = [*said] if is_named else [*said, phrase_book().stand_in(len(said))]
    kinds = _kinds(usable)
    for frames in shuffled(phrase_book().openings, random):
        for frame in shuffled(_fitting(frames, kinds, is_named), random):
            for filled in _fillings(frame.kinds, shuffled(usable, random)):
                left = [each for each in said if each not in filled]
                if _clashes(frame, filled) or not _opens_well(frame, filled, left):
                    continue
                opening = _worded(frame, filled, random)
                for ending in _endings(left, random, most_sentences - 1):
                    text = finish(f"{opening}.{ending}")
                    if not _repeats(text):
                        yield text


def _clashes(frame: Frame, filled: Sequence[Statement]) -> bool:
    """Whether adjectives side by side do not go together, or are too many for their noun."""
    is_named = any(each.rank >= 0 and "noun" in each.phrases for each in filled)
    return any(
        _point_apart(some) or (kind == "adj" and _crowd(some, is_named))
        for kind, some in frame.filled(filled)
    )


def _point_apart(adjectives: Sequence[Statement]) -> bool:
    """Whether three do not all point the same way: of two, "but" is between."""
    return len(adjectives) > 2 and {-1, 1} <= {each.pole for each in adjectives}


def _crowd(adjectives: Sequence[Statement], is_named: bool) -> bool:
    """Whether a noun can't carry them: one that names the kind of piece is long itself."""
    names = {each.attribute for each in adjectives}
    return len(adjectives) > 3 - is_named or any(pair <= names for pair in phrase_book().apart)


def _opens_well(frame: Frame, filled: Sequence[Statement], left: Sequence[Statement]) -> bool:
    """Whether a sentence can follow that says what is left."""
    if not left:
        return True
    claims = sum(each.rank >= 0 for each in filled)
    if claims < LEAST_IN_OPENING or frame.is_phrase or _parted(filled, left):
        return False
    if any("sounds" in each.phrases for each in filled):
        return all("sounds" in each.phrases for each in left)
    adjectives_left = any("is" in each.phrases for each in left)
    return not adjectives_left or (claims > LEAST_IN_OPENING and "is" not in frame.kinds)


def _parted(some: Sequence[Statement], others: Sequence[Statement]) -> bool:
    """Whether what belongs in one sentence would stand in two."""
    names = {each.attribute for each in some}
    left = {each.attribute for each in others}
    return any(names & pair and left & pair for pair in phrase_book().together)


def _endings(left: Sequence[Statement], random: Random, most_sentences: int) -> Iterator[str]:
    """What can follow an opening: a sentence of all that it left, or nothing."""
    if not left:
        yield ""
    elif most_sentences:
        frames = _fitting(phrase_book().followings, _kinds(left), True)
        for frame in shuffled([each for each in frames if len(each.kinds) == len(left)], random):
            for filled in _fillings(frame.kinds, shuffled(left, random)):
                yield f" {_worded(frame, filled, random)}."


def _kinds(said: Sequence[Statement]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(each.phrases) for each in said)


@cache
def _fitting(
    frames: tuple[Frame, ...], kinds: tuple[frozenset[str], ...], is_named: bool
) -> tuple[Frame, ...]:
    """The frames that statements of these kinds can fill."""
    return tuple(
        frame
        for frame in frames
        if len(frame.kinds) <= MOST_IN_SENTENCE + (not is_named)
        and (is_named or not _is_bare(frame))
        and _can_fill(frame.kinds, kinds)
    )


def _is_bare(frame: Frame) -> bool:
    """Whether it needs to know the kind of piece: not "this is a piece", "this is loud music" nor
    "music in A minor"."""
    named_ahead = "music" in frame.kinds and (frame.parts[0] or frame.kinds[0] == "music")
    return frame.kinds == ("noun",) or bool(named_ahead)


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
    for (kind, said), text in zip(frame.filled(filled), frame.parts[2::2], strict=True):
        texts += [_joined(kind, said, random), text]
    return expand("".join(texts), random)


def _joined(kind: str, said: Sequence[Statement], random: Random) -> str:
    """Phrases side by side; adjectives in the order that English has for them."""
    book = phrase_book()
    worded = [(pick(each.phrases[kind], random), each) for each in said]
    worded.sort(key=lambda pair: pair[1].rank)
    if kind in ("adj", "is"):
        worded.sort(key=lambda pair: book.place(pair[0]))
    texts = [text for text, _ in worded]
    if len(said) == 2 and said[0].pole * said[1].pole < 0:
        return " but ".join(texts)
    if kind not in ("adj", "shade"):
        return listed(texts)
    commas = [" " if text in book.classifying else ", " for text in texts[1:]]
    return texts[0] + "".join(comma + text for comma, text in zip(commas, texts[1:], strict=True))


def _repeats(text: str) -> bool:
    words = [_stem(word) for word in _WORD.findall(text.casefold()) if word not in _REPEATABLE]
    return len(words) > len(set(words))


def _stem(word: str) -> str:
    return word.removesuffix("s").removesuffix("ing")
