"""Running mmusset as users do: a process of its own.

Most are forked from one that has imported what they need (`tests/support/warm.py`); `cold` starts
a new interpreter, as a shell does.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .warm import WarmProcess, WarmServer

# Short clips and small blocks, so that a handful of pieces gives several shards. One decoder: the
# other core has tests of its own.
SHORT = (
    *("--set", "clip.seconds=2", "--set", "limits.block_size=3"),
    *("--set", "limits.workers=1"),
)


WITH_TORCH = ("encode", "evaluate-speaker", "finetune", "generate", "train")
# Words of a calibration, and of a build, that imports torch.
WITH_A_MODEL = ({"calibrate", "clap"}, {"music.from=generate"})
# What only our own code and its children read, and each time: no import depends on it.
FREE = (
    *("FAKE_VLLM", "FAULT_TABLE", "LD_PRELOAD", "MMUSSET_FAILPOINT", "OPENAI_API_KEY"),
    *("LISTENER_API_KEY", "XDG_CACHE_HOME", "AWS_"),
    "PYTEST_CURRENT_TEST",
    "TORCHINDUCTOR_CACHE_DIR",  # torch sets it, where a test's fixture is the first to need that
)

# The Hub's client, which reads its variables as it is imported, comes with torch's libraries alone.
core = WarmServer("tests.support.preloaded.core", free=(*FREE, "HF_"))
with_torch = WarmServer("tests.support.preloaded.with_torch", free=FREE)

Process = WarmProcess | subprocess.Popen[str]


def mmusset(
    *words: str | Path,
    failpoint: str = "",
    variables: Mapping[str, str] | None = None,
    cold: bool = False,
) -> "subprocess.CompletedProcess[str]":
    """The finished process of `mmusset WORDS`, with more variables in its environment."""
    process = start(*words, env=environment(failpoint) | dict(variables or {}), cold=cold)
    return finished(process)


def start(*words: str | Path, cold: bool = False, **how: Any) -> Process:
    """The running process of `mmusset WORDS`; `how` as in `start_python`."""
    torch = words[0] in WITH_TORCH or any(each <= set(words) for each in WITH_A_MODEL)
    server = None if cold else with_torch if torch else core
    return start_python("-m", "mmusset", *words, server=server, **how)


def python(
    *arguments: str | Path, server: WarmServer | None, **how: Any
) -> "subprocess.CompletedProcess[str]":
    """The finished process of `python ARGUMENTS`; `how` as in `start_python`."""
    return finished(start_python(*arguments, server=server, **how))


def start_python(
    *arguments: str | Path,
    server: WarmServer | None,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
    cwd: Path | None = None,
    start_new_session: bool = False,
) -> Process:
    """`python ARGUMENTS`, forked from a warm server if its environment allows it.

    A `subprocess.Popen` in text mode, or what is like one.
    """
    words = [*map(str, arguments)]
    variables = dict(environment() if env is None else env)
    if server and server.fits(variables):
        return server.start(words, variables, stdin, stdout, stderr, cwd, start_new_session)
    return subprocess.Popen(
        [sys.executable, *words],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        text=True,
        cwd=cwd,
        env=variables,
        start_new_session=start_new_session,
    )


def finished(process: Process) -> "subprocess.CompletedProcess[str]":
    """A process once it has ended; killed where that takes too long."""
    with process:
        try:
            out, err = process.communicate(timeout=900)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.wait(), out, err)


def torchrun(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """`torchrun --nproc-per-node 2 -m mmusset WORDS`, at a port of its own."""
    command = ["-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", "-m", "mmusset"]
    return python(*command, *words, server=with_torch)


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
