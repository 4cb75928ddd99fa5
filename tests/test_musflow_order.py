"""The order of training: every clip once an epoch, and the same whoever asks."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmusset.musflow.order import dice, rows

COUNTS = st.integers(1, 40)


@given(st.integers(0, 99), COUNTS, st.integers(1, 50))
def test_every_row_comes_once_an_epoch(seed: int, batch: int, count: int) -> None:
    seen = torch.cat([rows(seed, step, batch, count) for step in range(3 * count // batch + 1)])
    for epoch in range(len(seen) // count):
        assert seen[epoch * count : (epoch + 1) * count].sort().values.tolist() == [*range(count)]


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 4), COUNTS)
def test_ranks_share_the_step_that_one_would_have_made(
    seed: int, step: int, world: int, count: int
) -> None:
    alone = rows(seed, step, 4 * world, count)
    shared = torch.stack([rows(seed, step, 4 * world, count, rank, world) for rank in range(world)])
    assert torch.equal(shared.T.flatten(), alone)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = [rows(seed, step, 50, 50).tolist() for seed in (0, 1) for step in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4


def test_dice_are_the_same_for_the_same_throw_alone() -> None:
    def throw(*where: int | str) -> float:
        return float(torch.rand(1, generator=dice(*where)))  # type: ignore[arg-type]

    throws = [
        throw(0, 0, 0, "noise"),
        throw(1, 0, 0, "noise"),
        throw(0, 1, 0, "noise"),
        throw(0, 0, 1, "noise"),
        throw(0, 0, 0, "times"),
    ]
    assert len(set(throws)) == len(throws)
    assert throw(0, 0, 0, "noise") == throws[0]


def test_a_batch_that_can_not_be_shared_is_refused() -> None:
    with pytest.raises(ValueError, match="a batch of 6 can't be shared by 4 processes"):
        rows(0, 0, 6, 10, 0, 4)
