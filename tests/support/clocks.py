"""Processes whose clock is an hour ahead, by libfaketime."""

import platform
import sys
from pathlib import Path

import libfaketime
import pytest

# Of the library that its wheel holds.
needs_faketime = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="libfaketime isn't for here"
)
AN_HOUR_AHEAD = {
    "LD_PRELOAD": str(
        Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
    ),
    "FAKETIME": "+1h",
    "NO_FAKE_STAT": "1",  # files keep the time that their disk gave them
    "DONT_FAKE_MONOTONIC": "1",  # nobody waits an hour
}
