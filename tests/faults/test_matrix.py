"""Every row of the fault matrix has tests that are there."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.faults import MATRIX, Row

TESTS = Path(__file__).parents[1]


@cache
def named_in(name: str) -> set[str]:
    """The names of the tests in a file below tests/."""
    parsed = ast.parse((TESTS / name).read_text(encoding="utf-8"))
    return {node.name for node in parsed.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", MATRIX.values(), ids=lambda row: row.fault)
def test_a_row_has_tests(row: Row) -> None:
    assert row.tests
    for named in row.tests:
        file, _, test = named.partition("::")
        assert test in named_in(file), named


def test_all_rows_are_there() -> None:
    assert list(MATRIX) == list(range(1, 24))
