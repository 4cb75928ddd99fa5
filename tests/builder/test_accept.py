"""`--accept N`: exactly so many samples, of as many candidates as that takes."""

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.command import SHORT, mmusset, tree
from tests.support.media import RATE_HZ, library

# Of twelve pieces the second and the fifth fail, and the third is silent: nine are good.
PIECES, BROKEN, SILENT = 12, (1, 4), 2


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = library(tmp_path_factory.mktemp("accept") / "source", PIECES)
    for number in BROKEN:
        stem(folder, number).with_suffix(".png").write_bytes(b"no picture")
    silence = np.zeros((3 * RATE_HZ, 2))
    soundfile.write(stem(folder, SILENT).with_suffix(".wav"), silence, RATE_HZ)
    return folder


@pytest.fixture(scope="module")
def expected(source: Path) -> dict[str, str]:
    """Six samples, undisturbed."""
    out = source.parent / "undisturbed"
    assert mmusset(*words(source, out, "--accept", "6")).returncode == 4
    return tree(out)


def stem(folder: Path, number: int) -> Path:
    return folder / f"artist {number // 2}" / f"song {number}"


def words(source: Path, out: Path, *more: str) -> list[str]:
    return ["build", "--source", str(source), "--out", str(out), *SHORT, *more]


def tally(out: Path) -> dict[str, int]:
    facts: dict[str, int] = json.loads(mmusset("status", out, "--json").stdout)["tally"]
    return facts


@pytest.mark.slow
def test_exactly_so_many_are_accepted_and_no_item_is_asked_in_vain(
    source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = mmusset(*words(source, out, "--accept", "6"))
    assert done.returncode == 4, "two items failed on the way"
    assert tally(out) == {"accepted": 6, "rejected": 1, "failed": 2, "skipped": 3, "undecided": 0}
    assert "not needed for --accept: 3" in done.stdout
    assert mmusset("verify", out).stdout == "6 samples read, no problems\n"
    before = tree(out)
    again = mmusset(*words(source, out, "--accept", "6"))
    assert again.stdout.startswith("nothing to do")
    assert tree(out) == before


@pytest.mark.slow
def test_a_larger_number_goes_on_where_the_last_one_ended(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    mmusset(*words(source, out, "--accept", "4"))
    before = tree(out / "data")
    mmusset(*words(source, out, "--accept", "8"))
    assert tally(out)["accepted"] == 8
    assert before.items() < tree(out / "data").items(), "no sealed shard changes"


@pytest.mark.slow
def test_a_plain_build_takes_the_rest(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    mmusset(*words(source, out, "--accept", "4"))
    mmusset(*words(source, out))
    assert tally(out) == {"accepted": 9, "rejected": 1, "failed": 2, "skipped": 0, "undecided": 0}


@pytest.mark.parametrize(
    ("asked", "accepted", "short"),
    [
        (("--accept", "6", "--budget", "7"), 4, 2),
        pytest.param(("--accept", "20"), 9, 11, marks=pytest.mark.slow),
    ],
)
def test_what_can_not_be_had_is_said(
    asked: tuple[str, ...], accepted: int, short: int, source: Path, tmp_path: Path
) -> None:
    done = mmusset(*words(source, tmp_path / "out", *asked))
    assert done.returncode == 4
    assert done.stdout.startswith(f"{short} samples short of --accept")
    assert tally(tmp_path / "out")["accepted"] == accepted


@pytest.mark.slow
@pytest.mark.parametrize(
    "failpoint", ["plan_grown", "plan_grown:2", "verdict_kept:4", "shard_renamed:2"]
)
def test_killed_while_the_plan_grows(
    failpoint: str, source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    asked = words(source, tmp_path / "out", "--accept", "6")
    assert mmusset(*asked, failpoint=failpoint).returncode == -signal.SIGKILL
    assert mmusset(*asked).returncode == 4
    assert tree(tmp_path / "out") == expected


@pytest.mark.slow
def test_a_replay_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    mmusset(*words(source, out, "--accept", "6"))
    before = tree(out)
    shutil.rmtree(out / "data")
    assert mmusset(*words(source, out, "--replay")).returncode == 0
    assert tree(out) == before


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("--budget", "5"), "give both"),
        (("--accept", "5", "--budget", "4"), "can't give 5"),
        (("--accept", "5", "--limit", "9"), "exclude each other"),
    ],
)
def test_contradictions_are_refused(asked: tuple[str, ...], why: str, tmp_path: Path) -> None:
    done = mmusset(*words(tmp_path, tmp_path / "out", *asked))
    assert done.returncode == 2
    assert why in done.stderr
