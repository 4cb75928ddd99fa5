"""Running mmusset as users do: a process of its own.

Most are forked from one that has imported what they need (`tests/support/warm.py`); `cold` starts
a new interpreter, as a shell does.
"""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .warm import WarmProcess, WarmServer

# Short clips and small blocks, so that a handful of pieces gives several shards.
SHORT = ("--set", "clip.seconds=2", "--set", "limits.block_size=3")


WITH_TORCH = ("evaluate", "finetune", "generate", "play", "train")
# Read by our own code alone, each time: no import depends on them.
FREE = ("MMUSSET_FAILPOINT", "PYTEST_CURRENT_TEST")

core = WarmServer("tests.support.preloaded.core")
with_torch = WarmServer("tests.support.preloaded.with_torch")

Process = WarmProcess | subprocess.Popen[str]


def mmusset(
    *words: str | Path, failpoint: str = "", cold: bool = False
) -> "subprocess.CompletedProcess[str]":
    """The finished process of `mmusset WORDS`."""
    with start(*words, environment=environment(failpoint), cold=cold) as process:
        try:
            out, err = process.communicate(timeout=300)
        except BaseException:
            process.send_signal(signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(process.args, process.wait(), out, err)


def start(
    *words: str | Path,
    environment: Mapping[str, str] | None = None,
    stdout: int | None = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
    start_new_session: bool = False,
    cold: bool = False,
) -> Process:
    """The running process of `mmusset WORDS`: a `subprocess.Popen`, or what is like one."""
    texts = [*map(str, words)]
    variables = dict(os.environ if environment is None else environment)
    server = with_torch if texts[0] in WITH_TORCH else core
    if not cold and server.fits(variables, FREE):
        return server.start(texts, variables, stdout, stderr, start_new_session)
    return subprocess.Popen(
        [sys.executable, "-m", "mmusset", *texts],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
        env=variables,
        start_new_session=start_new_session,
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
