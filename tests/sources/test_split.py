"""Splits: the laws of dealing whole groups out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.recipe_parts.source import SplitPart
from mmusset.sources.split import SPLITS, deal


@given(count=st.integers(40, 300), percent=st.tuples(st.integers(5, 30), st.integers(5, 30)))
def test_many_equal_groups_come_within_one_of_their_shares(
    count: int, percent: tuple[int, int]
) -> None:
    validation, test = (p / 100 for p in percent)
    part = SplitPart(train=1 - validation - test, validation=validation, test=test)
    dealt = list(deal({f"g{n}": 1 for n in range(count)}, {}, {}, part).values())
    for split in SPLITS:
        assert abs(dealt.count(split) - getattr(part, split) * count) <= 1


@given(sizes=st.dictionaries(st.text("abc", min_size=1), st.integers(1, 20)), seed=st.integers())
def test_a_split_without_a_share_stays_empty(sizes: dict[str, int], seed: int) -> None:
    part = SplitPart(train=0.7, validation=0.0, test=0.3, seed=seed)
    assert "validation" not in deal(sizes, {}, {}, part).values()


SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers(1, 9), min_size=1)


@given(sizes=SIZES, seed=st.integers(0, 9))
def test_dealing_is_total_and_repeatable(sizes: dict[str, int], seed: int) -> None:
    part = SplitPart(train=0.8, validation=0.1, test=0.1, seed=seed)
    dealt = deal(sizes, {}, {}, part)
    assert dealt.keys() == sizes.keys()
    assert dealt == deal(dict(reversed(sizes.items())), {}, {}, part)


@given(old=SIZES, new=SIZES)
def test_what_was_dealt_never_moves(old: dict[str, int], new: dict[str, int]) -> None:
    part = SplitPart(train=0.5, validation=0.25, test=0.25)
    before = deal(old, {}, {}, part)
    held: dict[str, int] = {}
    for group, split in before.items():
        held[split] = held.get(split, 0) + old[group]
    after = deal(new, before, held, part)
    assert all(after[group] == before[group] for group in new.keys() & before.keys())


def test_few_small_groups_leave_no_split_empty() -> None:
    dealt = list(deal({f"g{n}": 2 for n in range(6)}, {}, {}, SplitPart()).values())
    assert [dealt.count(split) for split in SPLITS] == [4, 1, 1]


@pytest.mark.parametrize("sizes", [{"a": 40}, {"a": 1, "b": 1}])
def test_one_or_two_groups_are_all_for_training(sizes: dict[str, int]) -> None:
    assert set(deal(sizes, {}, {}, SplitPart()).values()) == {"train"}


def test_the_seed_decides_who_goes_where() -> None:
    sizes = {f"g{n}": 1 for n in range(50)}
    first, second = (deal(sizes, {}, {}, SplitPart(seed=seed)) for seed in (1, 2))
    assert first != second


def test_what_splits_hold_already_counts() -> None:
    part = SplitPart(train=0.5, validation=0.0, test=0.5)
    assert deal({"new": 10}, {}, {"train": 10}, part) == {"new": "test"}
