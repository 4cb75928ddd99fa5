"""Which fingerprints share words at the same distance: of pieces that were cut, too.

All words are sorted, so that the same ones stand side by side, each bucket of them by itself; then
what each two pieces share. So the time grows with the number of words, and little is in memory.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .buckets import COUNT, Buckets, Numbers

LEAST_SHARED = 3  # words at the same distance, give or take JITTER steps
JITTER = 2
# Of a word's bits, those of the higher bands: codecs change them least, and 24 tell enough of a few
# pieces. Of more pieces more have to be the same, or a word would be in too many of them.
LEAST_BITS, BITS = 24, 32
FEW_PIECES = 10_000
ONE_BIT_MORE = 1.6  # times as many pieces: what one of real music's bits tells
MOST_MET = 64  # places that a word is compared with: what is more frequent tells little
MANY_PIECES = 400_000  # of more, each is known by fewer of its words
BATCH = 4000  # pieces

# A word and where it stands, and what two pieces share, are one number each, but for the bucket: of
# 268 million pieces at most.
KEY_BITS, PLACE_BITS, STEP_BITS = 24, 28, 10
BUCKET_BITS = BITS - KEY_BITS
MOST_STEPS = 1 << STEP_BITS  # of a fingerprint: what comes later is not looked at
# Odd factors: they spread words that are alike, and give different ones different numbers.
SPREAD, DRAW = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)

Words = NDArray[np.uint32]
Places = NDArray[np.int64]


class HasWords(Protocol):
    """A fingerprint: 0 is a word of silence."""

    @property
    def words(self) -> Words: ...


def sharing(prints: Sequence[HasWords], least_steps: int) -> Iterator[tuple[int, int, int]]:
    """Pairs of fingerprints of `least_steps` or more that share words at about the same distance:
    their places, the earlier first, and how many steps it is ahead.

    Raises MmussetError where the folder for temporary files takes no more.
    """
    pairs = Buckets()
    for words in _all_words(prints, least_steps):
        for one, other, shift in _meeting(words):
            met = (one >> BUCKET_BITS) << PLACE_BITS | other
            met = met << (STEP_BITS + 1) | (shift + MOST_STEPS)
            pairs.put((one % COUNT).astype(np.uint8), met.astype(np.uint64))
    for bucket, met_there in enumerate(pairs):
        for met_often in _often(met_there):
            pair, shift_there = divmod(met_often, 2 * MOST_STEPS)
            first, second = divmod(pair, 1 << PLACE_BITS)
            yield first << BUCKET_BITS | bucket, second, shift_there - MOST_STEPS


def _all_words(prints: Sequence[HasWords], least_steps: int) -> Buckets:
    """The words of all pieces, each with the piece's place and the step at which it stands."""
    key, words = _key(len(prints)), Buckets()
    for start in range(0, len(prints), BATCH):
        places = range(start, min(start + BATCH, len(prints)))
        keys, pieces, steps = _telling(prints, places, least_steps, key)
        if len(prints) > MANY_PIECES:
            drawn = keys * DRAW < np.uint32((1 << BITS) * MANY_PIECES // len(prints))
            keys, pieces, steps = keys[drawn], pieces[drawn], steps[drawn]
        rest = keys.astype(np.int64) << PLACE_BITS | pieces
        numbers = (rest << STEP_BITS | steps).view(np.uint64)  # the highest bits go to the bucket
        words.put((keys >> KEY_BITS).astype(np.uint8), numbers)
    return words


def _key(pieces: int) -> np.uint32:
    """The bits of a word that have to be the same, of so many pieces."""
    more = math.log(max(1.0, pieces / FEW_PIECES), ONE_BIT_MORE)
    return np.uint32((1 << min(BITS, LEAST_BITS + math.ceil(more))) - 1)


def _telling(
    prints: Sequence[HasWords], places: range, least_steps: int, key: np.uint32
) -> tuple[Words, Places, Places]:
    """The keys of these pieces, whose each is, and at which step it stands: no silence, of what is
    held only its beginning, and nothing of pieces that are too short to be known again."""
    each = [prints[place].words[:MOST_STEPS] for place in places]
    each = [words if len(words) >= least_steps else words[:0] for words in each]
    lengths = np.fromiter(map(len, each), np.int64, len(each))
    words = np.concatenate(each)
    steps = np.arange(len(words)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    pieces = np.repeat(np.arange(places.start, places.stop), lengths)
    keys = (words & key) * SPREAD
    telling = words != 0
    telling[1:] &= (keys[1:] != keys[:-1]) | (steps[1:] == 0)
    return keys[telling], pieces[telling], steps[telling]


def _meeting(words: Numbers) -> Iterator[tuple[Places, Places, Places]]:
    """Pairs of pieces that have a word in common, the earlier first, and how many steps that one is
    ahead by it. `words` are sorted."""
    at, beyond = np.flatnonzero(_is_same(words[:-1], words[1:])), 1
    while len(at) and beyond <= MOST_MET:
        one, other = words[at].astype(np.int64), words[at + beyond].astype(np.int64)
        shift = (one & (MOST_STEPS - 1)) - (other & (MOST_STEPS - 1))
        one, other = (each >> STEP_BITS & ((1 << PLACE_BITS) - 1) for each in (one, other))
        apart = one != other
        yield one[apart], other[apart], shift[apart]
        # What is not the same as what follows is not the same as what comes after that, either.
        beyond += 1
        at = at[at + beyond < len(words)]
        at = at[_is_same(words[at], words[at + beyond])]


def _is_same(words: Numbers, others: Numbers) -> NDArray[np.bool_]:
    return np.asarray((words ^ others) >> np.uint64(PLACE_BITS + STEP_BITS) == 0)


def _often(met: Numbers) -> list[int]:
    """Of what was met, sorted by pairs and their distances, what was met often enough."""
    ahead = LEAST_SHARED - 1
    shared = met[: len(met) - ahead][met[ahead:] - met[: len(met) - ahead] <= JITTER]
    return [int(each) for each in np.unique(shared)]
