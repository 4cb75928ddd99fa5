"""Settings for all tests: no time limits, since machines are shared. And what is made once."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.command import SHORT, mmusset
from tests.support.made_once import made_once
from tests.support.media import library
from tests.support.thorough import cases
from tests.support.warm import usual

if TYPE_CHECKING:
    from tests.support.musflow_trained import Trained
    from tests.support.viewing import Viewing

# What tests start is of this checkout, from whatever folder.
os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1]))

# Tests run three at a time: threads within each only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What builds write is synced again and again: in memory nobody waits for a disk. Without
# failures nothing of it is left.
IN_MEMORY, ENOUGH_BYTES = Path("/dev/shm"), 8 << 30
if os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ENOUGH_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))

# A background job ignores Ctrl-C, and what it starts does too: tests send it to what they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("shared machine", deadline=None, max_examples=cases(100))
settings.load_profile("shared machine")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Note the environment before a test, and its fixtures, set something in it."""
    usual.clear()
    usual.update(os.environ)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> "Trained":
    """A tiny MusFlow that was trained; who changes something of it takes a copy."""
    from tests.support.musflow_trained import Trained, train

    return Trained(made_once(tmp_path_factory, "trained", train))


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset that a build of `examples/source` makes; nobody changes it."""
    from tests.examples.test_checksums import build

    return made_once(tmp_path_factory, "example", lambda made: build(made / "out")) / "out"


@pytest.fixture(scope="session")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset that a build makes of twelve short pieces; nobody changes it."""

    def build(folder: Path) -> None:
        words = ("build", "--source", library(folder / "source", 12), "--out", folder / "out")
        done = mmusset(*words, *SHORT)
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "twelve", build) / "out"


@pytest.fixture(scope="session")
def built_to_view(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with items of every fate; who marks or breaks something takes a copy."""
    from tests.support.viewing import dataset

    return dataset(tmp_path_factory.mktemp("view"))


@pytest.fixture(scope="session")
def viewed(built_to_view: Path) -> "Iterator[Viewing]":
    """`mmusset view` of that dataset, with all of it in the index."""
    from tests.support.viewing import viewing_all

    with viewing_all(built_to_view) as running:
        yield running
