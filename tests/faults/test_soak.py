"""The soak of `make soak`, made small: 20,000 items there, two hundred here."""

from pathlib import Path

import pytest

from benchmarks.memory import make_source
from benchmarks.soak import MOST_GROWTH_MB, clean_build, differences, manifest, troubled_build

ITEMS, WARM_UP = 240, 80


@pytest.mark.slow
def test_row_23_memory_is_flat_and_trouble_changes_nothing(tmp_path: Path) -> None:
    """One build is left alone and watched; one is killed again and again, and so is its server."""
    make_source(tmp_path / "source", ITEMS)
    clean = clean_build(tmp_path / "source", tmp_path / "clean", WARM_UP)
    assert clean.exit_code == 0, clean.said
    assert max(clean.growth_mb) < MOST_GROWTH_MB
    source, out = tmp_path / "source", tmp_path / "troubled"
    troubled = troubled_build(source, out, WARM_UP, seed=14, hurry=10.0, cold=False)
    assert troubled.exit_code == 0, troubled.said
    assert troubled.kills > 0
    assert differences(tmp_path / "clean", tmp_path / "troubled", ITEMS) == []
    assert manifest(tmp_path / "troubled")["found"] == ITEMS
