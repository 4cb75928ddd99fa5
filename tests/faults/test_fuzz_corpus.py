"""What fuzzing found once stays mended: each small input of tests/fuzz_corpus, replayed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fuzz_targets import TARGETS, Bench, bench
from tests.support.thorough import slow

CORPUS = Path(__file__).parents[1] / "fuzz_corpus"
INPUTS = sorted(path for path in CORPUS.rglob("*") if path.is_file())
MOST_BYTES = 4096
SLOW = {"ledger", "sound", "video"}


@pytest.fixture(scope="module")
def place() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_input_that_was_found_does_no_more_harm(path: Path, place: Bench) -> None:
    TARGETS[path.parent.name].check(path.read_bytes(), place)


@pytest.mark.parametrize("name", [*sorted(TARGETS.keys() - SLOW), *slow(*sorted(SLOW))])
def test_a_target_takes_what_is_sound_and_what_is_cut(
    name: str, place: Bench, tmp_path: Path
) -> None:
    """A target that raised by itself would find nothing but itself."""
    for seed in TARGETS[name].seeds(tmp_path):
        assert len(seed) <= TARGETS[name].most_bytes, "libFuzzer would cut it"
        TARGETS[name].check(seed, place)
        TARGETS[name].check(seed[: len(seed) // 2], place)


def test_the_corpus_is_small() -> None:
    assert INPUTS
    assert all(path.stat().st_size <= MOST_BYTES for path in INPUTS)
