"""A Python child process that opens strangers' files: how it is started, and what it does first.

It imports nothing from the current folder, which may be the dataset or the source itself with a
`soundfile.py` in it; `python -m` alone would look there first.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import TextIO

from .safe_text import SECRET_VARIABLES
from .tracing import without_tracing

PR_SET_PDEATHSIG = 1  # in <sys/prctl.h> of Linux


def python_command(module: str, *arguments: str | Path) -> list[str]:
    """The command of a child that runs a module."""
    return [sys.executable, "-P", "-m", module, *map(str, arguments)]


def child_environment() -> dict[str, str]:
    """What a child knows of ours: nothing that a file could have any use for.

    One thread each: the children are the parallelism, and threads cost address space. Pydantic
    looks for plugins in each installed package, which takes a tenth of a child's start.
    """
    kept = {n: v for n, v in without_tracing(os.environ).items() if n not in SECRET_VARIABLES}
    kept |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return kept | {"PYDANTIC_DISABLE_PLUGINS": "__all__"}


def own_stdout() -> TextIO:
    """The replies' pipe, with stdout itself pointed at stderr: decoders write where they like."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(pipe, "w", encoding="ascii")


def end_with_parent() -> None:
    """Have this process killed when the thread that started it ends, however it does.

    Call it after `drop_network`, which has Linux forget it; elsewhere it does nothing.
    """
    if prctl := getattr(ctypes.CDLL(None), "prctl", None):
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
