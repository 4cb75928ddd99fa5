"""Splits: the laws of dealing whole groups out."""

from hypothesis import given
from hypothesis import strategies as st

from mmusset.recipe import SplitPart
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


def test_two_groups_are_both_for_training() -> None:
    assert deal({"a": 1, "b": 1}, {}, {}, SplitPart()) == {"a": "train", "b": "train"}


def test_the_seed_decides_who_goes_where() -> None:
    sizes = {f"g{n}": 1 for n in range(50)}
    first, second = (deal(sizes, {}, {}, SplitPart(seed=seed)) for seed in (1, 2))
    assert first != second


def test_what_splits_hold_already_counts() -> None:
    part = SplitPart(train=0.5, validation=0.0, test=0.5)
    assert deal({"new": 10}, {}, {"train": 10}, part) == {"new": "test"}
