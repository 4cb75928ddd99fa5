"""A build on a Ray cluster of several nodes, each of processes of its own; one of them is lost."""

import json
import os
import time
from pathlib import Path

import pytest

from mmusset.builder.workers.sharing import board_of
from tests.support.command import SHORT, Process, finished, mmusset, start, tree
from tests.support.media import library

# A cluster takes seconds to start.
pytestmark = pytest.mark.slow

SMALL = (*SHORT, "--set", "limits.block_size=1", "--set", "limits.lease_seconds=3")
PATIENCE_S = 120.0


def test_a_node_that_is_lost_costs_its_blocks_alone(tmp_path: Path) -> None:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    source, out = library(tmp_path / "source", 6), tmp_path / "out"
    alone = mmusset("build", "--source", source, "--out", tmp_path / "alone", *SMALL)
    assert alone.returncode == 0, alone.stderr
    nodes = {"object_store_memory": 80_000_000, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **nodes})
    try:
        lost = cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
        cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
        build = ("build", "--source", source, "--out", out, *SMALL, "--engine", "ray")
        with start(*build, "--address", cluster.address, cold=True) as driver:
            until_two_work(out, driver)
            cluster.remove_node(lost, allow_graceful=False)
            done = finished(driver)
        assert done.returncode == 0, done.stderr
    finally:
        cluster.shutdown()
    assert tree(out) == tree(tmp_path / "alone")
    assert json.loads(mmusset("verify", out, "--json").stdout)["problems"] == []


def until_two_work(out: Path, driver: Process) -> None:
    """Wait until blocks are leased on both nodes."""
    begun_s = time.monotonic()
    while len(board_of(out).leases()) < 2:
        assert driver.poll() is None, driver.communicate()
        assert time.monotonic() - begun_s < PATIENCE_S
        time.sleep(0.02)


def test_what_a_task_can_t_do_ends_the_build(tmp_path: Path) -> None:
    words = ("build", "--source", tmp_path, "--out", tmp_path / "out", "--address", "auto")
    done = mmusset(*words)
    assert (done.returncode, "--engine ray" in done.stderr) == (2, True)
    library(tmp_path / "source", 2)
    there = ("--engine", "ray", "--address", "127.0.0.1:9")
    build = ("build", "--source", tmp_path / "source", "--out", tmp_path / "out", *SMALL)
    done = mmusset(*build, *there, cold=True)
    assert done.returncode == 1
    assert "no Ray cluster at 127.0.0.1:9" in done.stderr
