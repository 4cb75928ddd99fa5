"""The example source, built once for all that is said of it."""

from pathlib import Path

import pytest

from tests.examples.test_checksums import build


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset that a build of `examples/source` makes."""
    return build(tmp_path_factory.mktemp("examples") / "out")
