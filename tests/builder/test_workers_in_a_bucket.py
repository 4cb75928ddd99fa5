"""A build whose workers meet in a bucket, and share no folder with it."""

import json
import signal
from pathlib import Path

import pytest

from tests.support.command import SHORT, environment, finished, mmusset, start, tree
from tests.support.media import library
from tests.support.s3 import BUCKET, s3

# It takes seconds to import botocore.
pytestmark = pytest.mark.slow


def test_workers_in_a_bucket_give_the_bytes_of_one_process(tmp_path: Path) -> None:
    """One is killed as it hands in, one runs where the source lies elsewhere; then the build is
    killed too, and goes on."""
    source, out, place = library(tmp_path / "source", 6), tmp_path / "out", f"s3://{BUCKET}/a/music"
    small = (*SHORT, "--set", "limits.block_size=2", "--set", "limits.lease_seconds=3")
    alone = mmusset("build", "--source", source, "--out", tmp_path / "alone", *small)
    assert alone.returncode == 0, alone.stderr
    (tmp_path / "elsewhere").symlink_to(source)
    shared = ("build", "--source", source, "--out", out, *small)
    with s3() as variables:
        early = mmusset("worker", place, variables=variables)
        assert (early.returncode, "no build offers blocks in" in early.stderr) == (2, True)
        met = ("--engine", "workers", "--meet", place, "--log-json")
        begun = mmusset(*shared, *met, failpoint="job_offered", variables=variables)
        assert begun.returncode == -signal.SIGKILL, begun.stderr
        with start(*shared, *met, env=environment("block_taken_over") | variables) as build:
            killed = mmusset("worker", place, failpoint="segment_handed_in", variables=variables)
            assert killed.returncode == -signal.SIGKILL, killed.stderr
            worker = ("worker", place, "--source", tmp_path / "elsewhere")
            done = mmusset(*worker, variables=variables)
            assert done.returncode == 0, done.stderr
            assert finished(build).returncode == -signal.SIGKILL
        other = ("build", "--source", source, "--out", tmp_path / "other", *small, *met)
        refused = mmusset(*other, variables=variables)
        assert refused.returncode == 1
        assert f":{out} meet; name another --meet" in refused.stderr
        ended = mmusset(*shared, *met, variables=variables)
        assert ended.returncode == 0, ended.stderr
        assert mmusset("worker", place, variables=variables).returncode == 2
    assert tree(out) == tree(tmp_path / "alone")
    assert json.loads(mmusset("verify", out, "--json").stdout)["problems"] == []


def test_where_workers_meet_needs_workers(tmp_path: Path) -> None:
    words = ("build", "--source", tmp_path, "--out", tmp_path / "out", "--meet", "s3://b/x")
    done = mmusset(*words)
    assert (done.returncode, "--engine workers" in done.stderr) == (2, True)
