"""The benchmark of truth: what it counts, and what it says of the recogniser and the judge."""

from collections.abc import Sequence
from random import Random

import pytest

from mmusset.sample_parts.claims import Claim
from mmusset.truth import benchmark

CERTAINTY = 0.9


@pytest.mark.slow
def test_planted_faults_are_caught_and_right_statements_are_not_blamed() -> None:
    report = benchmark.run(CERTAINTY, benchmark.free_styles(), seed=5, each=3)
    assert report.all.planted > 400
    assert report.all.recall >= 0.95
    assert report.all.alarm_rate <= 0.02
    for row in report.by_attribute:
        assert row.planted == 0 or row.recall >= 0.9, row


@pytest.mark.slow
def test_the_same_seed_gives_the_same_report() -> None:
    first, again, other = (
        benchmark.run(CERTAINTY, benchmark.free_styles(), seed=seed, each=1) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_fault_that_is_not_said_is_not_caught() -> None:
    def silent(claims: Sequence[Claim], random: Random) -> str:
        return "A piece."

    report = benchmark.run(CERTAINTY, {"silent": silent}, seed=1, each=2)
    assert report.all.planted > 0
    assert (report.all.caught, report.all.alarms) == (0, 0)
    assert report.missed == ["A piece."] * report.all.planted


def test_a_writer_who_adds_what_is_false_raises_alarms() -> None:
    def liar(claims: Sequence[Claim], random: Random) -> str:
        return "It is loud, and it is quiet."

    report = benchmark.run(CERTAINTY, {"liar": liar}, seed=1, each=2)
    assert report.all.alarms > 0
    assert report.false_alarms == ["It is loud, and it is quiet."] * len(report.false_alarms)


@pytest.mark.slow
def test_nothing_is_planted_where_nothing_can_be_sure() -> None:
    report = benchmark.run(1.01, benchmark.free_styles(), seed=1, each=1)
    assert report.all.planted == 0
    assert "100.0%" in benchmark.text_of(report)  # the interval of nothing
