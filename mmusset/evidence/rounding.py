"""Evidence with no more digits than were measured: the same on every processor.

What adds and multiplies, numpy and its BLAS, is another program on another processor. Measured on
the example source with OpenBLAS's and numpy's code for old processors: loudness's range differs by
6e-6 of itself, a key's confidence by 1e-6, all else by less.
"""

from typing import Any, TypeVar

from mmusset.frozen import Frozen

DIGITS = 4

F = TypeVar("F", bound=Frozen)


def rounded(evidence: F) -> F:
    """The same evidence, its numbers to four significant digits; times, which end with `_s`, as
    they are, since they count samples."""
    return type(evidence).model_validate(_rounded(evidence.model_dump(mode="json")))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    if isinstance(value, dict):
        return {name: x if name.endswith("_s") else _rounded(x) for name, x in value.items()}
    return value
