"""What shares words at one distance is found among however many, with little in memory."""

import numpy as np
from numpy.typing import NDArray

from mmusset.sources import shared_words
from mmusset.sources.buckets import COUNT, TOGETHER, Buckets
from mmusset.sources.recordings import Print
from mmusset.sources.shared_words import sharing

STEPS = 100


def made(count: int, seed: int = 1) -> list[Print]:
    words = np.random.default_rng(seed).integers(1, 2**32, (count, STEPS), dtype=np.uint32)
    return [Print(each, 60.0) for each in words]


def found(prints: list[Print]) -> list[tuple[int, int, int]]:
    return sorted(sharing(prints, least_steps=50))


def test_pieces_are_found_with_their_distance() -> None:
    prints = made(200)
    prints[150] = Print(prints[7].words[20:], 58.0)
    prints[9] = Print(np.concatenate([prints[180].words[90:], prints[100].words[:80]]), 60.0)
    assert found(prints) == [(7, 150, 20), (9, 100, 10), (9, 180, -90)]


def test_what_is_short_or_silent_shares_nothing() -> None:
    short, silent = Print(made(1)[0].words[:40], 3.0), Print(np.zeros(STEPS, np.uint32), 60.0)
    assert found([short, short, silent, silent]) == []


def test_a_word_that_is_held_counts_once() -> None:
    """Three are needed."""
    one, other = (made(1, seed)[0].words.copy() for seed in (2, 3))
    one[10:40] = other[50:80] = 77
    assert found([Print(one, 60.0), Print(other, 60.0)]) == []


def test_of_very_many_pieces_fewer_words_are_enough(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    prints = made(200)
    prints[150] = Print(prints[7].words[20:], 58.0)
    monkeypatch.setattr(shared_words, "MANY_PIECES", 20)  # a tenth of the words is looked at
    assert found(prints) == [(7, 150, 20)]


def test_copies_are_found_however_many() -> None:
    """A word is compared with 64 places: those of copies are, one after the other."""
    copies = [made(1)[0]] * 100
    pairs = {(one, other) for one, other, shift in found(copies) if shift == 0}
    assert pairs >= {(place, place + 1) for place in range(99)}


def test_buckets_give_back_each_number_sorted() -> None:
    dice, buckets = np.random.default_rng(1), Buckets()
    numbers = dice.integers(0, 2**64, TOGETHER + 1000, dtype=np.uint64)
    where: NDArray[np.uint8] = dice.integers(0, COUNT, len(numbers), dtype=np.uint8)
    for part in np.array_split(np.arange(len(numbers)), 7):
        buckets.put(where[part], numbers[part])
    for bucket, held in enumerate(buckets):
        assert np.array_equal(held, np.sort(numbers[where == bucket]))
    assert [list(each) for each in Buckets()] == [[]] * COUNT
