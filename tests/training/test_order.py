"""The order of training: every row in every epoch; order and randomness are reproducible."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from mmusset.training.order import batch_rows, generator_at, steps_per_epoch

COUNTS = st.lists(st.integers(1, 40), min_size=1, max_size=4)


@given(st.integers(0, 99), st.integers(1, 40), COUNTS, st.integers(0, 3))
def test_every_row_comes_in_every_epoch(
    seed: int, batch: int, counts: list[int], epoch: int
) -> None:
    steps = steps_per_epoch(batch, counts)
    seen = [set[int]() for _ in counts]
    for step in range(epoch * steps, (epoch + 1) * steps):
        bucket, found = batch_rows(seed, step, batch, counts)
        assert len(found) == batch
        seen[bucket] |= set(found.tolist())
    assert seen == [set(range(count)) for count in counts]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = [batch_rows(seed, step, 50, [50])[1].tolist() for seed in (0, 1) for step in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4


def test_a_generator_is_the_same_for_the_same_seed_step_and_use_alone() -> None:
    def number(seed: int, step: int, use: str) -> float:
        return float(torch.rand(1, generator=generator_at(seed, step, use)))

    numbers = [number(0, 0, "noise"), number(1, 0, "noise"), number(0, 1, "noise")]
    numbers.append(number(0, 0, "times"))
    assert len(set(numbers)) == len(numbers)
    assert number(0, 0, "noise") == numbers[0]
