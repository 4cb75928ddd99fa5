"""Which pieces are of one recording, by their fingerprints: however encoded, louder, mono or cut.

Pieces of about the same length are compared as they are. For those that were cut, the words of a
block of pieces stand in an inverted index, and all later ones are looked up in it: what shares some
words at the same distance is laid over each other. Either way all bits decide in the end. What is
held at once is a block's index and what a few pieces meet in it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

# Of a word's bits, those of the higher bands: codecs change them least, and 24 tell enough.
KEY = np.uint32(0xFFFFFF)
BLOCK = 4000  # pieces in an index
QUERY = 250  # pieces that are looked up at once
# Places in an index that a word meets, for each thousand pieces in it: what is more frequent tells
# little.
MOST_MET, MET_AMONG = 32, 1000
LEAST_SHARED = 3  # words at the same distance, give or take JITTER steps
JITTER = 2
SAME = 0.6  # of the bits that would differ by chance: another piece has about 1
SURE = 0.4
LEAST_CHANCE = 0.1  # share of bits that would differ: less is a sound in which nothing happens
LEAST_STEPS = 78  # of overlap without silence: five seconds
LEAST_OVERLAP = 0.5  # of the shorter one
# Pieces that matches less than SURE may join: more are a chain in which the ends are unlike.
MOST_CHAINED = 50
_FAR = 1 << 16  # more steps than a fingerprint has
SAME_LENGTH_S = 1.5  # by which the lengths of two encodings differ at most
MOST_OF_A_LENGTH = 500  # pieces that each is compared with: in a set of clips all are as long
COMPARED = 128  # steps
# In steps: as they are, and a second off, since fingerprints begin at whole seconds; an encoder
# may add a moment.
SHIFTS = (0, -1, 1, *range(14, 18), *range(-17, -13))
PERHAPS = 0.35  # share of bits that differ

Words = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Print:
    """The fingerprint of a piece of that length: 0 is a word of silence."""

    words: Words
    duration_s: float


Numbers = NDArray[np.int64]
Places = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SameRecording:
    """Two pieces of one recording, by their places, the earlier first; `differing` is the share of
    bits that are not the same, of what it would be by chance: 0 to 1."""

    one: int
    other: int
    differing: float


def matches(prints: Sequence[Print]) -> list[SameRecording]:
    """All pairs of fingerprints that are of one recording, in order. Few of them are held at once:
    they may be read as they are asked for."""
    found: dict[tuple[int, int], SameRecording] = {}
    for one, other, shift in chain(_of_a_length(prints), _sharing(prints)):
        known = found.get((one, other))
        differing = _differing(prints[one].words, prints[other].words, shift)
        if differing <= SAME and (known is None or differing < known.differing):
            found[one, other] = SameRecording(one, other, differing)
    return sorted(found.values(), key=lambda match: (match.one, match.other))


def joined(found: Sequence[SameRecording]) -> list[SameRecording]:
    """The matches that join pieces: all but those that would make a chain of them too long.

    The surest come first, so that it is the weakest of a chain that are left out.
    """
    parent: dict[int, int] = {}
    size: dict[int, int] = {}

    def root(place: int) -> int:
        while (up := parent.setdefault(place, place)) != place:
            parent[place] = place = parent.setdefault(up, up)
        return place

    joining = []
    for match in sorted(found, key=lambda match: match.differing):
        one, other = root(match.one), root(match.other)
        both = size.get(one, 1) + (size.get(other, 1) if one != other else 0)
        if match.differing > SURE and one != other and both > MOST_CHAINED:
            continue
        parent[other], size[one] = one, both
        joining.append(match)
    return sorted(joining, key=lambda match: (match.one, match.other))


def _of_a_length(prints: Sequence[Print]) -> Iterator[tuple[int, int, int]]:
    """Pairs of about the same length that may be the same, and how many steps one is ahead."""
    sizes = ((len(each.words), each.duration_s) for each in prints)
    steps, lengths_s = np.fromiter(sizes, np.dtype((np.float64, 2)), len(prints)).T
    enough = np.flatnonzero(steps >= LEAST_STEPS)  # of shorter ones too little can overlap
    order = enough[np.argsort(lengths_s[enough], kind="stable")]
    lengths_s = lengths_s[order]
    ends = np.searchsorted(lengths_s, lengths_s + SAME_LENGTH_S, "right")
    ends = np.minimum(ends, np.arange(1, len(order) + 1) + MOST_OF_A_LENGTH)
    margin = max(map(abs, SHIFTS))
    for start in range(0, len(order), BLOCK):
        of_block = ends[start : start + BLOCK]
        begins = _beginnings(prints, order[start : of_block[-1]], COMPARED + 2 * margin)
        for at, end in enumerate(of_block - start):
            later = begins[at + 1 : end]
            for shift in SHIFTS if len(later) else ():
                there = later[:, margin - shift : margin - shift + COMPARED]
                differing = np.bitwise_count(there ^ begins[at, margin : margin + COMPARED])
                near = np.flatnonzero(differing.sum(axis=1) <= PERHAPS * 32 * COMPARED)
                for place in (start + at + 1 + near).tolist():
                    one, other = int(order[start + at]), int(order[place])
                    yield (one, other, shift) if one < other else (other, one, -shift)


def _beginnings(prints: Sequence[Print], places: Numbers, steps: int) -> Words:
    """The first words of fingerprints `[place, step]`, with 0 behind those that are shorter."""
    begins = np.zeros((len(places), steps), np.uint32)
    for row, place in zip(begins, places.tolist(), strict=True):
        some = prints[place].words[:steps]
        row[: len(some)] = some
    return begins


def _sharing(prints: Sequence[Print]) -> Iterator[tuple[int, int, int]]:
    """Pairs that share words at about the same distance, and that distance in steps."""
    for start in range(0, len(prints), BLOCK):
        index = _Index(prints, start, min(start + BLOCK, len(prints)))
        for first in range(start, len(prints), QUERY):
            yield from index.meet(range(first, min(first + QUERY, len(prints))))


class _Index:
    """The words of some pieces, from `start` to `end`, and where they stand."""

    def __init__(self, prints: Sequence[Print], start: int, end: int) -> None:
        self._prints = prints
        self._start = start
        self._most_met = MOST_MET * math.ceil((end - start) / MET_AMONG)
        keys, pieces, steps = _telling(prints, range(start, end))
        order = np.argsort(keys, kind="stable")
        self._keys, self._pieces, self._steps = keys[order], pieces[order], steps[order]

    def meet(self, queried: range) -> Iterator[tuple[int, int, int]]:
        """Pairs of a piece of the index and a later one of `queried` that share words at about the
        same distance, and that distance in steps."""
        keys, pieces, steps = _telling(self._prints, queried)
        # Words that come in order are looked for near each other, which takes a fifth of the time.
        order = np.argsort(keys)
        keys, pieces, steps = keys[order], pieces[order], steps[order]
        low = np.searchsorted(self._keys, keys, "left")
        count = np.minimum(np.searchsorted(self._keys, keys, "right") - low, self._most_met)
        queries = np.repeat(np.arange(len(keys)), count)
        at = np.repeat(low - np.cumsum(count) + count, count) + np.arange(len(queries))
        one, other = self._pieces[at], pieces[queries]
        shift = (self._steps[at] - steps[queries]).astype(np.int64)
        later = other > one
        # Sorted, what a pair shares at about the same distance stands side by side.
        pair = (one[later] - self._start).astype(np.int64) * (1 << 24) + other[later]
        met = pair * (2 * _FAR) + shift[later] + _FAR
        met.sort()
        ahead = LEAST_SHARED - 1
        shared = met[: len(met) - ahead][met[ahead:] - met[: len(met) - ahead] <= JITTER]
        for each in np.unique(shared):
            both, shift_of = divmod(int(each), 2 * _FAR)
            one_of, other_of = divmod(both, 1 << 24)
            yield self._start + one_of, other_of, shift_of - _FAR


def _telling(prints: Sequence[Print], places: range) -> tuple[Words, Places, Places]:
    """The keys of these pieces, whose each is, and at which step it stands: no silence, of what is
    held only its beginning, and nothing of pieces that are too short to be known again."""
    keys, pieces, steps = [], [], []
    for place in places:
        words = prints[place].words
        key = words & KEY
        new = (words != 0) & np.append(True, key[1:] != key[:-1])[: len(key)]
        new &= len(words) >= LEAST_STEPS
        keys.append(key[new])
        steps.append(np.flatnonzero(new).astype(np.int32))
        pieces.append(np.full(len(steps[-1]), place, np.int32))
    return np.concatenate(keys), np.concatenate(pieces), np.concatenate(steps)


def _differing(one: Words, other: Words, shift: int) -> float:
    """How much of what would differ by chance differs, `one` being about `shift` steps ahead; 1
    where too little overlaps."""
    both = (_overlap(one, other, shift + near) for near in range(-1, JITTER + 2))
    # Most that meet are others, as a few bits more tell at once.
    return min(
        (_by_chance(*pair) for pair in both if pair and _bits_off(*pair) <= PERHAPS), default=1.0
    )


def _overlap(one: Words, other: Words, shift: int) -> tuple[Words, Words] | None:
    """What sounds of both where they are laid over each other; None where that is too little."""
    first, last = max(0, -shift), min(len(other), len(one) - shift)
    if last - first < LEAST_STEPS:
        return None
    mine, theirs = one[first + shift : last + shift], other[first:last]
    sounding = (mine != 0) & (theirs != 0)
    shorter = min(np.count_nonzero(one), np.count_nonzero(other))
    if np.count_nonzero(sounding) < max(LEAST_STEPS, LEAST_OVERLAP * shorter):
        return None
    return mine[sounding], theirs[sounding]


def _bits_off(mine: Words, theirs: Words) -> float:
    return float(np.bitwise_count(mine ^ theirs).sum()) / (32 * len(mine))


def _by_chance(mine: Words, theirs: Words) -> float:
    """The share of bits that differ, of what it would be by chance: a bit that is nearly always the
    same in both agrees by chance."""
    set_here, set_there = _bits(mine).mean(axis=0), _bits(theirs).mean(axis=0)
    expected = float((set_here * (1 - set_there) + set_there * (1 - set_here)).mean())
    return _bits_off(mine, theirs) / expected if expected > LEAST_CHANCE else 1.0


def _bits(words: Words) -> NDArray[np.uint8]:
    """Each word's bits `[words, 32]`."""
    return np.unpackbits(words.view(np.uint8).reshape(-1, 4), axis=1)
