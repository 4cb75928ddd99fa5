"""How much of one kind a test goes through: what says the most of it here, all of it in CI."""

import os
from typing import Any

import pytest

THOROUGH = os.environ.get("THOROUGH") == "1"
FEWEST = 5


def cases(every: int) -> int:
    """So many random cases: all with THOROUGH=1, as in CI, otherwise a quarter, or the few that
    there are."""
    return every if THOROUGH else min(every, max(every // 4, FEWEST))


def slow(*values: object) -> list[Any]:
    """Cases of a parametrized test that only `make test-slow` goes through."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]
