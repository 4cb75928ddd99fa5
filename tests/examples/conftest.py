"""The example source, built once for all that is said of it."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def out(example: Path) -> Path:
    """The dataset that a build of `examples/source` makes."""
    return example
