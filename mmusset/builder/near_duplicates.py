"""How many texts of a dataset say nearly what an earlier one of it says.

Two texts are near-duplicates where they share most of their shingles, the runs of SHINGLE words
(Broder 1997): a Jaccard index of ALIKE at least. To compare all pairs would take too long, so
MinHash signatures are cut into bands, and only texts that agree in a whole band are compared, on
their shingles themselves. So nothing is counted that is not alike, and texts of the same words are
always found; of pairs that are just alike, a few are missed. In memory are ten numbers of 64 bits
for each text, 80 MB for a million; a text that is compared is read again.

datasketch 2.0 has MinHash and the index of bands too, but an object for each text: given the same
shingles, bands and comparisons it took four times the CPU and memory for 20,000 captions (8.5 to
2.0 CPU-s, 120 to 34 MB), and found 986 of 1,000 planted ones (this 996). It spares fifty lines.
"""

import hashlib
import re
import zlib
from array import array
from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mmusset.same_values import runs

SHINGLE = 2  # words
ALIKE = 0.7  # Jaccard index of two texts' shingles
BANDS, ROWS = 8, 4  # two texts of index .7 agree in a band in 89 % of the cases, of .8 in 98 %
MOST_COMPARED = 8  # earlier texts of the same band that each text is compared with
KEPT = 4096  # texts' shingles that are kept while they may be compared again
_WORD = re.compile(r"\w+(?:['’]\w+)*")

Hashes = NDArray[np.uint64]


def shingles(text: str) -> frozenset[int]:
    """The hashes of a text's runs of words, without case and signs; a shorter text is one run."""
    words = _words(text)
    runs = (words[start : start + SHINGLE] for start in range(max(1, len(words) - SHINGLE + 1)))
    return frozenset(zlib.crc32(" ".join(run).encode()) for run in runs)


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """The Jaccard index of two texts' shingles: 1 where all are the same, 0 where none is."""
    return len(one & other) / len(one | other)


def count_repeats(texts: Iterable[tuple[int, str]], text_of: Callable[[int], str]) -> int:
    """How many texts say nearly what an earlier one says.

    `texts` come with the number by which `text_of` gives each again. The same texts in the same
    order always give the same count.
    """
    numbers, columns = array("q"), array("Q")
    for number, text in texts:
        numbers.append(number)
        columns.extend(_signature(text))
    table = np.frombuffer(columns, dtype=np.uint64).reshape(-1, BANDS + 1)
    same, *bands = table.T
    repeats = np.zeros(len(numbers), dtype=np.bool_)
    for run in runs(same):
        repeats[run[1:]] = True

    @lru_cache(maxsize=KEPT)
    def known(place: int) -> frozenset[int]:
        return shingles(text_of(numbers[place]))

    for band in bands:
        for run in runs(band):
            for at, place in enumerate(run):
                if not repeats[place]:
                    earlier = run[max(0, at - MOST_COMPARED) : at]
                    repeats[place] = any(
                        likeness(known(int(place)), known(int(other))) >= ALIKE for other in earlier
                    )
    return int(repeats.sum())


def _signature(text: str) -> list[int]:
    """A hash of all words, and one for each band of the MinHash signature."""
    hashes = np.fromiter(shingles(text), dtype=np.uint64)
    factors, offsets = _PERMUTATIONS
    least = ((factors[:, None] * hashes + offsets[:, None]) >> np.uint64(32)).min(axis=1)
    band = least.reshape(BANDS, ROWS)
    mixed = band[:, 0]
    for row in range(1, ROWS):
        mixed = mixed * _MIX + band[:, row]
    whole = hashlib.blake2b(" ".join(_words(text)).encode(), digest_size=8).digest()
    return [int.from_bytes(whole), *mixed.tolist()]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold()) or [text]


def _constants(count: int, name: str) -> Hashes:
    """Odd numbers of 64 bits, always the same."""
    digests = (hashlib.blake2b(f"{name} {n}".encode(), digest_size=8) for n in range(count))
    return np.array([int.from_bytes(d.digest()) | 1 for d in digests], dtype=np.uint64)


_PERMUTATIONS = (_constants(BANDS * ROWS, "factor"), _constants(BANDS * ROWS, "offset"))
_MIX = _constants(1, "mix")[0]
