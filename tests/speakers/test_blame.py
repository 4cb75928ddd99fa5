"""Which item is to blame for lost calls, simulated: thousands of calls without a server."""

import random

import pytest

from mmusset.speakers.vllm.blame import CONTROLS, Blame


def try_until_decided(
    blame: Blame, noise: random.Random, key: str, loss: float, chance: float
) -> tuple[bool, int]:
    """Ask about an item until it is answered or blamed; gives whether it was, and the tries.

    Its own calls are lost with probability `loss`, all others with `chance`.
    """
    tries = 0
    while True:
        tries += 1
        alone = blame.is_suspect(key)
        if alone:
            for _ in range(blame.probes_due):
                blame.probed(lost=noise.random() < chance)
        lost = noise.random() < loss
        if not lost:
            blame.answered(key, alone=alone)
            return False, tries
        if blame.lost(key, alone=alone):
            return True, tries
        blame.settle()


@pytest.mark.parametrize("chance", [0.0, 0.1, 0.3, 0.5, 0.8])
@pytest.mark.parametrize("seed", range(3))
def test_no_innocent_item_is_blamed_in_thousands_of_calls(chance: float, seed: int) -> None:
    noise, blame = random.Random(seed), Blame({})
    ended = [try_until_decided(blame, noise, f"k{n}", chance, chance) for n in range(5000)]
    assert not any(blamed for blamed, _ in ended)
    assert blame.strikes == {}


@pytest.mark.parametrize(
    ("chance", "most"), [(0.0, 2 + 5), (0.2, 4 + 12), (0.5, 8 + 30), (0.9, 60 + 250)]
)
@pytest.mark.parametrize("calls_before", [0, 500])
def test_an_item_that_is_never_answered_is_blamed_after_some_tries(
    chance: float, most: int, calls_before: int
) -> None:
    noise, blame = random.Random(0), Blame({})
    for n in range(calls_before):
        try_until_decided(blame, noise, f"k{n}", chance, chance)
    blamed, tries = try_until_decided(blame, noise, "poison", 1.0, chance)
    assert blamed
    assert tries <= most


def test_however_flaky_the_server_tries_have_a_bound() -> None:
    noise, blame = random.Random(0), Blame({})
    blamed, tries = try_until_decided(blame, noise, "poison", 1.0, 1.0)
    assert blamed
    assert tries < 400


def test_calls_that_are_lost_at_one_moment_are_one_loss() -> None:
    """256 in flight are lost with the poison, twice; that says nothing of their items."""
    blame = Blame({})
    for _ in range(2):
        for n in range(256):
            blame.lost(f"k{n}", alone=False)
        blame.settle()
    assert blame.chance("another") < 0.15
    for n in range(255):
        assert blame.is_suspect(f"k{n}")
        blame.answered(f"k{n}", alone=True)
    assert set(blame.strikes) == {"k255"}


def test_what_was_lost_alone_is_remembered_from_run_to_run() -> None:
    """So that an item which ends each run is given up in the end."""
    strikes: dict[str, int] = {}
    for _ in range(10):
        blame = Blame(strikes)
        alone = blame.is_suspect("poison")
        for _ in range(CONTROLS if alone else 0):
            blame.probed(lost=False)
        if blame.lost("poison", alone=alone):
            break
    else:
        raise AssertionError("it was not blamed")
    assert strikes == {}
