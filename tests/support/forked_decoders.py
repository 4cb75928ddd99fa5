"""Decoders that are forked from a command which was forked itself, instead of started anew.

A new interpreter imports for 0.4 s of CPU time what the command has imported long since: half of
what a build of a few pieces takes. As the children that open strangers' files start, a forked one
is a process of its own, with the pipes, the session and the environment that it was given; what it
has more is the command's memory, so what decoders know is tested with new ones
(`tests/evidence/test_no_network.py`).
"""

import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mmusset.child_process import python_command

# What `core` has imported; the reader of Parquet, which it has not, is started anew.
DECODERS = ("mmusset.builder.decoding.worker", "mmusset.shards.check_process")
# What the first of these processes was started with: a fork can't load another library.
PRELOADED = os.environb.get(b"LD_PRELOAD", b"")


def install(in_each: Callable[[], object] = lambda: None) -> None:
    """From now on, this process forks its decoders; each calls `in_each` first."""
    commands = [python_command(module) for module in DECODERS]
    start: Callable[..., int] = subprocess._fork_exec  # type: ignore[attr-defined]

    def fork_or_start(args: Sequence[str | bytes], *how: Any) -> int:
        words = [os.fsdecode(word) for word in args]
        _, _, _, _, environment, *pipes = how
        for command, module in zip(commands, DECODERS, strict=True):
            if words[: len(command)] == command and _preloaded(environment) == PRELOADED:
                if pid := os.fork():
                    return pid
                in_each()
                _become(module, words[len(command) :], environment, pipes)
        return start(args, *how)

    subprocess._fork_exec = fork_or_start  # type: ignore[attr-defined]


def _preloaded(environment: Sequence[bytes]) -> bytes:
    """The library that is to be loaded into a process before all others."""
    name = b"LD_PRELOAD="
    return next((each.removeprefix(name) for each in environment if each.startswith(name)), b"")


def _become(
    module: str, words: list[str], environment: Sequence[bytes], pipes: Sequence[int]
) -> NoReturn:
    """Turn a fork into the decoder that a module is, with these words."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    given = pipes[0], pipes[3], pipes[5]  # what it reads, and writes to
    for standard, pipe in enumerate(given):
        if pipe >= 0:
            os.dup2(pipe, standard)
    os.closerange(3, 4096)  # also the pipe on which `subprocess` hears of a start that failed
    os.setsid()
    os.environ.clear()
    for variable in environment:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w")
    sys.argv = [module, *words]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except BaseException:  # noqa: BLE001 (nothing may go on as the build)
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
