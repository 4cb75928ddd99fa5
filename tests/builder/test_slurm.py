"""A build whose workers are an array of jobs of Slurm, where a cluster of it is at hand."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.command import SHORT, finished, mmusset, start, tree
from tests.support.media import library

SMALL = (*SHORT, "--set", "limits.block_size=2", "--set", "limits.lease_seconds=3")


def has_slurm() -> bool:
    return (
        bool(shutil.which("sinfo"))
        and subprocess.run(["sinfo"], capture_output=True).returncode == 0
    )


@pytest.mark.slow
@pytest.mark.skipif(not has_slurm(), reason="no Slurm answers here")
def test_jobs_of_slurm_give_the_bytes_of_one_process(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 6), tmp_path / "out"
    alone = mmusset("build", "--source", source, "--out", tmp_path / "alone", *SMALL)
    assert alone.returncode == 0, alone.stderr
    build = ("build", "--source", source, "--out", out, *SMALL, "--engine", "slurm")
    done = finished(start(*build, cwd=tmp_path))  # where jobs write their logs
    assert done.returncode == 0, done.stderr
    assert tree(out) == tree(tmp_path / "alone")


@pytest.mark.skipif(bool(shutil.which("sbatch")), reason="Slurm is installed")
def test_a_machine_without_slurm_says_so(tmp_path: Path) -> None:
    library(tmp_path / "source", 1)
    words = ("--source", tmp_path / "source", "--out", tmp_path / "out", "--engine", "slurm")
    done = mmusset("build", *words)
    assert (done.returncode, "has Slurm's sbatch" in done.stderr) == (1, True)
