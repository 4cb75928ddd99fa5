"""A table judged by its floors: what can't tell says nothing, and nobody wins by chance."""

import numpy as np
import pytest

from mmusset.evaluation.judge import judged
from mmusset.evaluation.statistics import DrawnEstimate, interval_of, piece_weights, ratio
from mmusset.evaluation.table import EvaluationColumn, EvaluationRow, EvaluationTable

DISTANCE = EvaluationColumn(name="distance", kind="set", better="lower", about="")
FIT = EvaluationColumn(name="fit", kind="paired", better="higher", about="")


def row(name: str, **changes: object) -> EvaluationRow:
    facts: dict[str, object] = {
        **{"name": name, "kind": "control", "about": "", "system": "", "is_main": False},
        **{"for_others": False, "clips": 20, "pieces": 20, "seeds": 1},
    }
    return EvaluationRow.model_validate(facts | changes)


MADE = {"kind": "made", "system": "model"}
ROWS = (
    row("all three", is_main=True, **MADE),
    row("image", **MADE),
    row("other", system="model", for_others=True),
    row("shuffled frames"),
)


def estimate(value: float, seed: int, spread: float = 1.0, clips: int = 20) -> DrawnEstimate:
    draws = value + spread * np.random.default_rng(seed).standard_normal(400)
    return DrawnEstimate(np.concatenate([[value], draws]), clips, clips)


def table(
    column: EvaluationColumn, values: dict[str, float], **changed: DrawnEstimate | str
) -> EvaluationTable:
    found: dict[tuple[str, str], DrawnEstimate | str] = {
        (name, column.name): estimate(value, seed)
        for seed, (name, value) in enumerate(values.items())
    }
    found |= {(name, column.name): each for name, each in changed.items()}
    return judged(ROWS, [column], found)


def statuses(judged_table: EvaluationTable) -> dict[str, str]:
    return {
        each.name: figure.status for each in judged_table.rows for figure in each.figures.values()
    }


@pytest.mark.parametrize(("shuffled", "speaks"), [(30.0, True), (11.0, False), (2.0, False)])
def test_a_distance_that_rates_disorder_no_worse_says_nothing(
    shuffled: float, speaks: bool
) -> None:
    values = {"all three": 10.0, "image": 12.0, "other": 10.0, "shuffled frames": shuffled}
    found = statuses(table(DISTANCE, values))
    assert (found["all three"] == "measured") is speaks
    assert found["image"] == found["all three"]  # judged by the system's main row
    assert found["shuffled frames"] == "measured"  # what it is judged by stays in sight


@pytest.mark.parametrize(("other", "speaks"), [(3.0, True), (9.0, False), (15.0, False)])
def test_a_paired_column_has_to_know_whose_conditions_they_are(other: float, speaks: bool) -> None:
    values = {"all three": 10.0, "image": 9.0, "other": other, "shuffled frames": 1.0}
    assert (statuses(table(FIT, values))["all three"] == "measured") is speaks


def test_nobody_wins_where_intervals_overlap() -> None:
    values = {"all three": 10.0, "image": 12.0, "other": 10.0, "shuffled frames": 30.0}
    assert table(DISTANCE, values).winners == {}
    assert table(DISTANCE, values | {"image": 22.0}).winners == {"distance": "all three"}


def test_unlike_numbers_of_clips_are_not_compared() -> None:
    values = {"all three": 10.0, "image": 0.0, "other": 10.0, "shuffled frames": 30.0}
    fewer = {"image": estimate(0.0, 1, clips=12)}
    found = table(DISTANCE, {**values}, **fewer)
    assert found.winners == {}
    image = found.row("image")
    assert image
    assert image.differences == {}
    assert table(DISTANCE, values).winners == {"distance": "image"}


def test_what_did_not_run_says_why() -> None:
    values = {"image": 12.0, "other": 10.0, "shuffled frames": 30.0}
    found = table(DISTANCE, values, **{"all three": "no weights"})
    main = found.row("all three")
    assert main
    assert main.figures["distance"].why == "no weights"
    assert statuses(found)["image"] == "measured"


def test_pieces_are_drawn_whole() -> None:
    weights = piece_weights(["a", "a", "b", "c"], draws=50)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert ((weights[:, 0] + weights[:, 2] + weights[:, 3]) == 3).all()


def test_the_interval_of_a_share_is_about_as_wide_as_it_must_be() -> None:
    """Of 100 clips of which 30 are right, 95 % of draws lie within 0.09 of 0.3."""
    right = np.array([1.0] * 30 + [0.0] * 70)
    weights = piece_weights([str(n) for n in range(100)], draws=2000)
    found = interval_of(ratio(right, np.ones(100), weights), is_biased=False)
    assert found.value == 0.3
    assert (found.low, found.high) == pytest.approx((0.21, 0.39), abs=0.015)
