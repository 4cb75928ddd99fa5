"""The entries of a source in parts that can be paired one by one, so that one part is in memory."""

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mmusset.sources.neighbours import neighbourhood
from mmusset.sources.source import NO_ROW, Entry

from .spool import Spool


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Entries that may have to do with each other, in order, and their places in the source."""

    entries: Sequence[Entry]
    places: Sequence[int]


class Neighbourhoods:
    """The parts of a source, in the order of their first entries, `prepared` as they are read.

    A table's rows name files anywhere, so a source with rows is one part, and so is one that is
    taken `whole`.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        prepared: Callable[[Sequence[Entry]], Sequence[Entry]],
        whole: bool,
    ) -> None:
        self._entries = entries if isinstance(entries, Spool) else Spool(entries)
        self._prepared = prepared
        # Entries of one neighbourhood that follow each other are a run.
        begins, names = array("q"), array("Q")
        before = None
        for place, entry in enumerate(self._entries):
            whole = whole or entry.row != NO_ROW
            here = neighbourhood(entry.path.rpartition(b"/")[0])
            if here != before:
                begins.append(place)
                names.append(_number(here))
                before = here
        begins.append(len(self._entries))
        self._begins = np.frombuffer(begins, np.int64)
        _, first, part = np.unique(names, return_index=True, return_inverse=True)
        of = np.zeros(len(names), np.int64) if whole else first[part]
        self._runs = np.argsort(of, kind="stable")
        inner = np.flatnonzero(np.diff(of[self._runs])) + 1
        self._borders = np.concatenate(([0], inner, [len(names)]))

    def __iter__(self) -> Iterator[Neighbours]:
        for start, end in pairwise(self._borders):
            runs = self._runs[start:end]
            spans = [range(self._begins[run], self._begins[run + 1]) for run in runs]
            places = [place for span in spans for place in span]
            yield Neighbours(self._prepared([self._entries[place] for place in places]), places)


def _number(name: bytes) -> int:
    """A number for a name. Two names of one number would share a part, which does no harm."""
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest())
