"""A call to the system fails, as on a broken disk: a build stops or waits, and never lies.

`make soak` tries as many of all failures as an hour holds; here are those of a build's own
promises, and (slow) a sample of all.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.faults.injection import (
    SIGNALS,
    Fault,
    Injector,
    Stratum,
    all_faults,
    compiler,
    in_fair_order,
)
from tests.faults.test_unread import PASSING
from tests.support.command import tree
from tests.support.thorough import slow

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler to build interposer.c")
SAMPLE, SAMPLE_SEED = 48, 12


@pytest.fixture(scope="module")
def injector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Injector]:
    with Injector(tmp_path_factory.mktemp("injector")) as made:
        yield made


@pytest.fixture(scope="module")
def counts(injector: Injector) -> dict[Stratum, int]:
    return injector.count()


def test_all_that_touches_the_disk_is_seen(counts: dict[Stratum, int]) -> None:
    """Or the tests below would prove nothing."""
    for seen in (
        *(
            ("build", "open", "source"),
            ("decoder", "open", "source"),
            ("decoder", "pread", "source"),
        ),
        *(
            ("build", "write", "output"),
            ("build", "fsync", "output"),
            ("build", "rename", "output"),
        ),
        *(("decoder", "write", "output"), ("decoder", "rename", "output")),
        *(("build", "pwrite", "ledger"), ("build", "fdatasync", "ledger")),
    ):
        assert counts.get(Stratum(*seen), 0) > 0, seen


@pytest.mark.parametrize("share", [0.0, *slow(0.5)])
@pytest.mark.parametrize(
    ("kind", "place"),
    [
        *(("fsync", "output"), ("rename", "output")),
        *(("fsync", "ledger"), ("fdatasync", "ledger"), ("pwrite", "ledger")),
    ],
)
def test_row_04_an_fsync_or_rename_error_stops_the_build(
    kind: str,
    place: str,
    share: float,
    injector: Injector,
    counts: dict[Stratum, int],
    tmp_path: Path,
) -> None:
    """From the first such call on, or from one in the middle of the build."""
    stratum = Stratum("build", kind, place)
    # How many waits for the disk share a sync of the ledger is a matter of timing.
    nth = int(share > 0) if (kind, place) == ("fsync", "ledger") else int(share * counts[stratum])
    fault = Fault(stratum, nth, "EIO", lasting=True)
    code, said = injector.build(tmp_path / "out", fault)
    assert injector.hits
    assert code == 1, said
    assert "Input/output error" in said or "disk I/O error" in said
    assert "Traceback" not in said
    code, said = injector.build(tmp_path / "out", None)
    assert code == 0, said
    assert tree(tmp_path / "out") == injector.expected


@pytest.mark.parametrize("error", PASSING)
def test_what_could_not_be_read_once_is_read_by_the_next_run(
    error: str, injector: Injector, tmp_path: Path
) -> None:
    """A song's picture can't be opened: it waits, and nothing else is taken for its picture."""
    fault = Fault(Stratum("decoder", "open", "source"), 0, error, only="song 1.png")
    code, said = injector.build(tmp_path / "out", fault)
    assert injector.hits
    assert code == 4, said
    assert "song 1" in said
    assert injector.tally(tmp_path / "out") == (1, 1, 0)
    code, said = injector.build(tmp_path / "out", None)
    assert code == 0, said
    assert tree(tmp_path / "out") == injector.expected


@pytest.mark.slow
def test_any_call_may_fail(injector: Injector, counts: dict[Stratum, int]) -> None:
    """A sample of all failures: the build stops or waits, and the next run's bytes are the same."""
    problems = []
    for fault in islice(in_fair_order(counts, SAMPLE_SEED), SAMPLE):
        if problem := injector.problem_of(fault):
            problems.append(f"{fault}: {problem}")
    print(f"{SAMPLE} of {all_faults(counts)} failures tried, {injector.not_reached} not reached")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("signal", [SIGNALS[0], *slow(*SIGNALS[1:])])
@pytest.mark.parametrize("when", ["while it is surveyed", *slow("while it is prepared")])
def test_row_16_a_decoder_that_dies_or_hangs_once_changes_nothing(
    signal: str, when: str, injector: Injector, tmp_path: Path
) -> None:
    """SIGSEGV, SIGKILL (as memory runs out) and SIGSTOP, which stands for a loop without an end."""
    opened = Stratum("decoder", "open", "source")
    nth = 0 if when == "while it is surveyed" else 1
    code, said = injector.build(tmp_path / "out", Fault(opened, nth, signal, only="song 1.wav"))
    assert injector.hits
    assert code == 4, said
    code, said = injector.build(tmp_path / "out", None)
    assert code == 0, said
    assert tree(tmp_path / "out") == injector.expected


@pytest.mark.slow
def test_row_16_a_file_that_always_kills_its_decoder_is_failed_by_name(
    injector: Injector, tmp_path: Path
) -> None:
    """Its decoder is replaced, the other song is accepted, and after three runs it is given up."""
    opened = Stratum("decoder", "open", "source")
    deadly = Fault(opened, 0, "SIGSEGV", lasting=True, only="song 1.wav")
    for accepted, undecided, failed in ((1, 1, 0), (1, 1, 0), (1, 0, 1)):
        code, said = injector.build(tmp_path / "out", deadly)
        assert code == 4, said
        assert "song 1.wav" in said
        assert injector.tally(tmp_path / "out") == (accepted, undecided, failed)
    assert len(list((tmp_path / "out/data").glob("*.tar"))) == 1
