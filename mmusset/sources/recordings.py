"""Which pieces are of one recording, by their fingerprints: however encoded, louder, mono or cut.

Pieces of about the same length are compared as they are. Of those that were cut, what shares some
words at the same distance is laid over each other. Either way all bits decide in the end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from .shared_words import JITTER, sharing

SAME = 0.6  # of the bits that would differ by chance: another piece has about 1
SURE = 0.4
LEAST_CHANCE = 0.1  # share of bits that would differ: less is a sound in which nothing happens
LEAST_STEPS = 78  # of overlap without silence: five seconds
LEAST_OVERLAP = 0.5  # of the shorter one
# Pieces that matches less than SURE may join: more are a chain in which the ends are unlike.
MOST_CHAINED = 50
BLOCK = 4000  # pieces whose beginnings are held at once
SAME_LENGTH_S = 1.5  # by which the lengths of two encodings differ at most
MOST_OF_A_LENGTH = 500  # pieces that each is compared with: in a set of clips all are as long
COMPARED = 128  # steps
# In steps: as they are, and a second off, since fingerprints begin at whole seconds; an encoder
# may add a moment.
SHIFTS = (0, -1, 1, *range(14, 18), *range(-17, -13))
PERHAPS, ROUGHLY = 0.35, 0.4  # shares of bits that differ

Words = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Print:
    """The fingerprint of a piece of that length: 0 is a word of silence."""

    words: Words
    duration_s: float


Numbers = NDArray[np.int64]


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
    for one, other, shift in chain(_of_a_length(prints), sharing(prints, LEAST_STEPS)):
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
            mine, later = begins[margin : margin + COMPARED, at], begins[:, at + 1 : end]
            for shift in SHIFTS if end > at + 1 else ():
                there = later[margin - shift : margin - shift + COMPARED]
                for place in (start + at + 1 + _near(mine, there)).tolist():
                    one, other = int(order[start + at]), int(order[place])
                    yield (one, other, shift) if one < other else (other, one, -shift)


def _near(mine: Words, theirs: Words) -> Numbers:
    """Which of `theirs` `[step, piece]` may be the same as `mine`: of most a quarter of the words
    tells that they are not."""
    near = np.flatnonzero(_bits_differing(mine[::4], theirs[::4]) <= ROUGHLY)
    return near[_bits_differing(mine, theirs[:, near]) <= PERHAPS] if len(near) else near


def _bits_differing(mine: Words, theirs: Words) -> NDArray[np.float32]:
    """The share of bits in which each of `theirs` `[step, piece]` differs from `mine`."""
    differing = np.bitwise_count(theirs ^ mine[:, None]).sum(axis=0, dtype=np.uint16)
    return np.asarray(differing / np.float32(32 * len(mine)))


def _beginnings(prints: Sequence[Print], places: Numbers, steps: int) -> Words:
    """The first words of fingerprints `[step, place]`, with 0 behind those that are shorter."""
    begins = np.zeros((steps, len(places)), np.uint32)
    for column, place in enumerate(places.tolist()):
        some = prints[place].words[:steps]
        begins[: len(some), column] = some
    return begins


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
