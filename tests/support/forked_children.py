"""Children that are forked from a command which was forked itself, instead of started anew.

A new decoder imports for 0.4 s of CPU time what a build has imported long since, half of what a
build of a few pieces takes; each process of a torchrun, torch and all that trains for 7 s. As they
start, a forked one is a process of its own, with the pipes, the session and the environment that
it was given; what it has more is its parent's memory, so what decoders know is tested with new
ones (`tests/evidence/test_no_network.py`).
"""

import atexit
import os
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mmusset.child_process import python_command

# What `core` has imported (the reader of Parquet, which it has not, is started anew); and how
# torchrun starts its processes.
DECODERS = ("mmusset.builder.decoding.worker", "mmusset.shards.check_process")
FORKED = (*map(python_command, DECODERS), [sys.executable, "-u", "-m", "mmusset"])
# What the first of these processes was started with: a fork can't load another library.
PRELOADED = os.environb.get(b"LD_PRELOAD", b"")


def install(in_each: Callable[[], object] = lambda: None) -> None:
    """From now on, this process forks such children; each calls `in_each` first."""
    start: Callable[..., int] = subprocess._fork_exec  # type: ignore[attr-defined]

    def fork_or_start(args: Sequence[str | bytes], *how: Any) -> int:
        words = [os.fsdecode(word) for word in args]
        _, _, _, _, environment, *pipes = how
        for command in FORKED:
            if words[: len(command)] == command and _may_fork(environment):
                if pid := os.fork():
                    return pid
                in_each()
                _become(command[-1], words[len(command) :], environment, pipes)
        return start(args, *how)

    subprocess._fork_exec = fork_or_start  # type: ignore[attr-defined]


def _may_fork(environment: Sequence[bytes]) -> bool:
    """Whether a fork can be what a new process would be.

    It can't load another library before all others. And the Hub's client closes its session in
    each fork, by a lock that another thread may have held: such a fork would wait for ever.
    """
    name = b"LD_PRELOAD="
    asked = next((each.removeprefix(name) for each in environment if each.startswith(name)), b"")
    has_hub = "huggingface_hub" in sys.modules and threading.active_count() > 1
    return asked == PRELOADED and not has_hub


def _become(
    module: str, words: list[str], environment: Sequence[bytes], pipes: Sequence[int]
) -> NoReturn:
    """Turn a fork into a process that runs a module with these words."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGCHLD):
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
    atexit._clear()  # those are the parent's
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 (nothing may go on as the parent)
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
