"""A process that has done a build; each further line on stdin forks one that does another.

    {"words": ["build", ...], "seconds": 60}  ->  {"code": 0, "said": "..."}

The child goes through `mmusset.__main__.main`, as a command does: only imports and compiled
patterns are saved, which are most of a small build's time. So are those of its decoders.
"""

import ctypes
import json
import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress

import mmusset.__main__
from tests.support import forked_children

HANGS = 1000


def warm_up(words: list[str]) -> None:
    """A build in this process, which leaves neither a thread nor an open file behind."""
    sys.argv = ["mmusset", *words]
    kept = os.dup(1)
    os.dup2(2, 1)
    with suppress(SystemExit):
        mmusset.__main__.main()
    sys.stdout.flush()
    os.dup2(kept, 1)
    os.close(kept)
    assert threading.active_count() == 1, "a fork has one thread"


def build(words: list[str], seconds: float) -> tuple[int, str]:
    """Run `mmusset WORDS` in a child; its exit code, less than 0 for a signal, and what it said."""
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for fd in (1, 2):
                os.dup2(said.fileno(), fd)
            sys.argv = ["mmusset", *words]
            mmusset.__main__.main()
        code = wait(pid, seconds)
        said.seek(0)
        return code, said.read().decode("utf-8", "replace")


def wait(pid: int, seconds: float) -> int:
    """The exit code of a child; of one that takes longer, which is killed, HANGS."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return HANGS


if __name__ == "__main__":
    warm_up(sys.argv[1:])
    forked_children.install(ctypes.CDLL(None).interposer_in_decoder)
    for line in sys.stdin:
        asked = json.loads(line)
        code, said = build(asked["words"], asked["seconds"])
        print(json.dumps({"code": code, "said": said}), flush=True)
