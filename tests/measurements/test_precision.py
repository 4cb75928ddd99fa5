"""The measured precision of each attribute."""

from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.precision import PRECISION
from mmusset.recipe import CERTAINTY

OF_PIECES = {"drums in", "drums out"}  # which `benchmarks/sections.py` measures


def test_every_measurement_of_the_house_has_its_precision() -> None:
    assert set(PRECISION) - OF_PIECES == {each.name for each in MEASUREMENTS}


def test_what_is_said_is_right_as_often_as_the_recipe_asks() -> None:
    for name, measured in PRECISION.items():
        assert measured.share >= CERTAINTY, name
