"""Running mmusset as users do: a process of its own."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

# Short clips and small blocks, so that a handful of pieces gives several shards.
SHORT = ("--set", "clip.seconds=2", "--set", "limits.block_size=3")


def mmusset(*words: str | Path, failpoint: str = "") -> "subprocess.CompletedProcess[str]":
    """The finished process of `mmusset WORDS`."""
    return subprocess.run(
        [sys.executable, "-m", "mmusset", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment(failpoint),
        check=False,
    )


def torchrun(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """`torchrun --nproc-per-node 2 -m mmusset WORDS`, at a port of its own."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", "-m", "mmusset"]
    return subprocess.run(
        [*command, *map(str, words)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def environment(failpoint: str = "") -> dict[str, str]:
    """This environment, with a place to die at."""
    kept = {k: v for k, v in os.environ.items() if k != "MMUSSET_FAILPOINT"}
    return kept | ({"MMUSSET_FAILPOINT": failpoint} if failpoint else {})


def tree(out: Path) -> dict[str, str]:
    """sha256 of every file of a dataset that is published: all but its ledger's folder."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".mmusset" not in path.relative_to(out).parts
    }
