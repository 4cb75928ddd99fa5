"""A child process that checks shards, since what decodes them may crash or hang."""

import json
import select
import subprocess
from concurrent.futures import CancelledError
from pathlib import Path
from threading import Lock
from time import monotonic

from mmusset.child_process import child_environment, python_command

from .check import CheckedShard
from .manifest import ListedShard

# Who dies over a shard twice died of it; once, it may have been the machine's fault.
TRIES = 2
DAY_S = 86400.0


class Died(Exception):
    """The child ended before it replied."""


class CheckChild:
    """A child, started when it is first asked, and again where it died. One thread asks it at a
    time; any may `stop` it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_stopped = False
        self._process: subprocess.Popen[bytes] | None = None

    def check(self, path: Path, shard: ListedShard) -> CheckedShard:
        """A shard's file, read from end to end. Raises CancelledError where it is stopped."""
        request = json.dumps([str(path), shard.bytes, shard.sha256])
        why = ""
        for _ in range(TRIES):
            try:
                return CheckedShard.of(json.loads(self.ask(request, most_seconds(shard.bytes))))
            except TimeoutError as error:
                return CheckedShard(broken=str(error))
            except Died as error:
                why = str(error)
        return CheckedShard(broken=why)

    def ask(self, request: str, seconds: float) -> bytes:
        """The line that answers a line.

        Raises Died, TimeoutError where it takes longer, after which it is no more, and
        CancelledError where it is stopped.
        """
        process, end = self._running(), monotonic() + seconds
        if (line := _exchange(process, request, seconds)).endswith(b"\n"):
            return line
        self.close()
        if monotonic() >= end:
            raise TimeoutError(f"the process that read it took over {seconds:.0f} s")
        raise Died(f"the process that read it died (exit status {process.returncode})")

    def stop(self) -> None:
        """End it, whatever it does; it is not started again."""
        with self._lock:
            self._is_stopped = True
            if self._process:
                self._process.kill()

    def close(self) -> None:
        """End it; nobody may be asking it."""
        with self._lock:
            process, self._process = self._process, None
        if process:
            process.kill()
            process.communicate()

    def _running(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._is_stopped:
                raise CancelledError
            self._process = self._process or _start()
            return self._process


def most_seconds(size: int) -> float:
    """How long a shard of so many bytes may take: far longer than any of ours does."""
    return min(60 + size / 1e6, DAY_S)


def _exchange(process: "subprocess.Popen[bytes]", request: str, seconds: float) -> bytes:
    """The line that answers a line; what there is of it where none comes in time, or at all."""
    assert process.stdin and process.stdout
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    try:
        process.stdin.write(request.encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return b""
    return process.stdout.readline() if poll.poll(seconds * 1000) else b""


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        python_command("mmusset.shards.check_process"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
        # Ctrl-C is for the one that asks.
        start_new_session=True,
    )
