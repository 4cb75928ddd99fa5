"""Captions out of claims: one plain sentence or two, in which each claim has its proper place."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, pairwise
from random import Random

from mmusset.errors import Unusable
from mmusset.notability import worth_saying
from mmusset.sample_parts.claims import Claim

from .phrase_book import Frame, Statement, phrase_book
from .wording import expand, finish, listed, pick, shuffled

LEAST_WORDS = 3
MOST_SAID = 6  # claims in a caption; more would make a list of it
MOST_SENTENCES = 2
ONE_SENTENCE = 4  # claims up to which there is one sentence where they fit one
LEAST_IN_OPENING = 2  # claims, where there are more: "a piece with drums" is no beginning
MOST_WITH_LACKING = 3  # things of a list that ends in what is lacking
MOST_LISTED = 4  # things after one "with"
LEAST_HEARD = 5  # letters at which a word is heard within another
MERGED, MERGED_AFTER_ONE = 0.5, 3  # of two things that may be one are, in a list of three

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
    book = phrase_book()
    is_named = any("noun" in each.kinds for each in said)
    usable = [*said] if is_named else [*said, book.unnamed]
    kinds = _kinds(usable)
    for row in shuffled(book.openings, random):
        frames = _fitting(row.frames, kinds) if row.least <= len(said) else ()
        for frame in shuffled(frames, random):
            for filled in _fillings(frame.places, shuffled(usable, random)):
                left = [each for each in said if each not in filled]
                if not _reads_well(frame, filled) or not _opens_well(frame, filled, left):
                    continue
                opening = _worded(frame, filled, random)
                for ending in _endings(left, random, most_sentences - 1):
                    text = finish(f"{opening}.{ending}")
                    if not _repeats(text):
                        yield text


def _reads_well(frame: Frame, filled: Sequence[Statement]) -> bool:
    """Whether what stands side by side goes together, and is not too much."""
    attributes = {each.attribute for each in filled}
    return (
        _suits_its_kind(frame, filled)
        and all(phrase_book().needs.get(kind, "") in {"", *attributes} for kind in frame.kinds)
        and not _is_bare(frame, filled)
        and not _points_apart(frame, filled)
        and not any(_clash(kind, some) for kind, some in frame.filled(filled))
    )


def _suits_its_kind(frame: Frame, filled: Sequence[Statement]) -> bool:
    """Whether a frame says "but" exactly where adjectives point against the kind of piece."""
    noun = next((each for each in filled if "noun" in each.phrases), None)
    pole = noun.pole if noun else 0
    against = [
        pole * each.pole < 0
        for kind, some in frame.filled(filled)
        for each in some
        if kind in ("adj", "is")
    ]
    return all(against) if frame.contrasts else not any(against)


def _points_apart(frame: Frame, filled: Sequence[Statement]) -> bool:
    """Whether a pace stands unmarked beside an adjective that points the other way: "an energetic
    piece at a slow 75 BPM"."""
    paces = [each.pole for kind, some in frame.filled(filled) for each in some if kind == "pace"]
    adjectives = [
        each.pole for kind, some in frame.filled(filled) for each in some if kind == "adj"
    ]
    return any(pace * pole < 0 for pace in paces for pole in adjectives)


def _is_bare(frame: Frame, filled: Sequence[Statement]) -> bool:
    """Whether a noun that says nothing has a tempo alone, or nothing: "a piece at 78 BPM"."""
    is_named = any(each.rank >= 0 and "noun" in each.phrases for each in filled)
    return "noun" in frame.kinds and not is_named and set(frame.kinds) <= {"noun", "bpm"}


def _clash(kind: str, some: Sequence[Statement]) -> bool:
    """Whether things side by side do not go together, or are too many."""
    book = phrase_book()
    names = _names(some)
    if kind in book.lists:
        ordered = _ordered(kind, some)
        neighbours = [_names(pair) for pair in pairwise(ordered)]
        players = sum("play" in each.phrases for each in some)
        many = len(some) > max(MOST_LISTED, players)
        many |= len(some) > MOST_WITH_LACKING and _kind_at(kind, ordered[-1]) == "lacking"
        return many or any(pair <= both for pair in book.apart for both in neighbours)
    # Three adjectives all point the same way (of two, "but" is between), and one is of the tempo.
    poles = {each.pole for each in some}
    many = len(some) > 2 and ({-1, 1} <= poles or (kind == "adj" and "pulse" not in names))
    return many or any(pair <= names for pair in book.apart)


def _opens_well(frame: Frame, filled: Sequence[Statement], left: Sequence[Statement]) -> bool:
    """Whether a sentence can follow that says what is left."""
    claims = sum(each.rank >= 0 for each in filled)
    is_whole = claims >= LEAST_IN_OPENING and not frame.is_phrase
    return not left or (is_whole and not _parted(filled, left) and not _late(frame, filled, left))


def _parted(some: Sequence[Statement], others: Sequence[Statement]) -> bool:
    """Whether what belongs in one sentence would stand in two: so does a pace that points apart,
    as "but" joins it."""
    names, left = _names(some), _names(others)
    paces = [each for each in others if "pace" in each.phrases]
    is_apart = any(each.pole * pace.pole < 0 for each in some for pace in paces)
    return is_apart or any(names & pair and left & pair for pair in phrase_book().together)


def _late(frame: Frame, filled: Sequence[Statement], left: Sequence[Statement]) -> bool:
    """Whether what plays, or its texture, would come after a list: "drums. It has a dense texture"
    is read as the drums'. Or whether what stands alone before a tempo could have been a list."""
    book = phrase_book()
    if "play" in frame.kinds:
        return any(not each.kinds.isdisjoint(book.kinds_at("has")) for each in left)
    has_list = any(kind in book.lists for kind, _ in frame.filled(filled))
    if not has_list and 1 < len(left) <= MOST_LISTED and _are_one_list(left):
        return True
    return has_list and any({"play", "texture"} & each.kinds for each in left)


def _are_one_list(some: Sequence[Statement]) -> bool:
    """Whether they could have stood after a "with": "It is busy. It has drums and a dark tone"."""
    kinds = phrase_book().kinds_at("with")
    return not any(each.kinds.isdisjoint(kinds) for each in some)


def _names(some: Sequence[Statement]) -> frozenset[str]:
    return frozenset[str]().union(*(each.names for each in some))


def _endings(left: Sequence[Statement], random: Random, most_sentences: int) -> Iterator[str]:
    """What can follow an opening: a sentence of all that it left, or nothing."""
    if not left:
        yield ""
    elif most_sentences:
        frames = _fitting(phrase_book().followings, _kinds(left))
        for frame in shuffled([each for each in frames if len(each.kinds) == len(left)], random):
            for filled in _fillings(frame.places, shuffled(left, random)):
                if not any(_clash(kind, some) for kind, some in frame.filled(filled)):
                    yield f" {_worded(frame, filled, random)}."


def _kinds(said: Sequence[Statement]) -> tuple[frozenset[str], ...]:
    return tuple(each.kinds for each in said)


@cache
def _fitting(frames: tuple[Frame, ...], kinds: tuple[frozenset[str], ...]) -> tuple[Frame, ...]:
    """The frames that statements of these kinds can fill."""
    every = frozenset[str]().union(*kinds)
    return tuple(
        frame
        for frame in frames
        if len(frame.kinds) <= len(kinds)
        # Most frames have a place for which there is nothing: that is soon seen.
        and not any(every.isdisjoint(phrase_book().kinds_at(kind)) for kind in frame.kinds)
        and _can_fill(frame.kinds, kinds)
    )


def _can_fill(places: tuple[str, ...], kinds: tuple[frozenset[str], ...]) -> bool:
    return not places or any(
        not each.isdisjoint(phrase_book().kinds_at(places[0]))
        and _can_fill(places[1:], kinds[:i] + kinds[i + 1 :])
        for i, each in enumerate(kinds)
    )


def _fillings(
    places: tuple[tuple[str, int], ...], left: list[Statement]
) -> Iterator[list[Statement]]:
    """Every way to give each place as many statements of its kind as it takes."""
    if not places:
        yield []
        return
    (kind, count), *others = places
    kinds = phrase_book().kinds_at(kind)
    for some in combinations([s for s in left if not s.kinds.isdisjoint(kinds)], count):
        for rest in _fillings(tuple(others), [each for each in left if each not in some]):
            yield [*some, *rest]


def _worded(frame: Frame, filled: Sequence[Statement], random: Random) -> str:
    """The frame with a phrase of each statement in its place."""
    texts = [frame.parts[0]]
    for (kind, said), text in zip(frame.filled(filled), frame.parts[2::2], strict=True):
        joined = _list if kind in phrase_book().lists else _side_by_side
        texts += [joined(kind, said, random), text]
    return expand("".join(texts), random)


def _ordered(place: str, said: Sequence[Statement]) -> list[Statement]:
    """Things of a list in its order; what is there for sure first, as "what sounds like a harp and
    drums" hedges the drums too, and what is lacking last."""
    kinds = phrase_book().kinds_at(place)

    def order(each: Statement) -> tuple[bool, bool, int, int]:
        kind = _kind_at(place, each)
        return kind == "lacking", each.is_hedged, kinds.index(kind), each.rank

    return sorted(said, key=order)


def _kind_at(place: str, statement: Statement) -> str:
    """The kind of phrase that a statement has for a place."""
    return next(kind for kind in phrase_book().kinds_at(place) if kind in statement.phrases)


def _list(place: str, said: Sequence[Statement], random: Random) -> str:
    """Things in the order of their list, of which the last two may be one: "a dark, wide sound"."""
    ordered = _ordered(place, said)
    last = ordered[-2:]
    merged: list[str] = []
    if _may_merge(ordered) and random.random() < MERGED:
        ordered = ordered[:-2]
        merged = [f"a_ {_side_by_side('shade', last, random)} sound"]
    return listed([pick(each.phrases[_kind_at(place, each)], random) for each in ordered] + merged)


def _may_merge(ordered: Sequence[Statement]) -> bool:
    """Whether the last two of three may be one; after two others the comma would mislead."""
    names = {each.attribute for each in ordered[-2:] if "shade" in each.phrases}
    return len(ordered) == MERGED_AFTER_ONE and names == phrase_book().merged


def _side_by_side(kind: str, said: Sequence[Statement], random: Random) -> str:
    """Phrases of one kind; adjectives in the order that English has for them."""
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
    words = sorted(_stem(w) for w in _WORD.findall(text.casefold()) if w not in _REPEATABLE)
    return any(later == word or _begins(word, later) for word, later in pairwise(words))


def _begins(word: str, later: str) -> bool:
    """Whether a word is heard at another's beginning: "a soundtrack piece with a dark sound"."""
    return len(word) >= LEAST_HEARD and later.startswith(word)


def _stem(word: str) -> str:
    return word.removesuffix("s").removesuffix("ing")
