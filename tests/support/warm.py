"""Python in processes that are forked from one which has imported what they need.

`WarmServer.start` gives a process like `subprocess.Popen` in text mode: true process ids, signals,
exit codes and pipes, at a tenth of the cost. `tests/support/warm_server.py` is the other side.
"""

import atexit
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from .warm_server import STATUS

ROOT = Path(__file__).parents[2]

# The environment as a test finds it; `conftest.py` keeps it. Libraries set variables of their own
# when they are imported (peft, webdataset, scikit-learn): these keep no command from being forked.
usual: dict[str, str] = dict(os.environ)


class WarmProcess:
    """A command that was forked; what tests use of `subprocess.Popen`, and meant the same way."""

    def __init__(
        self, args: list[str], status: int, stdout: IO[str] | None, stderr: IO[str] | None
    ) -> None:
        self.args, self.stdout, self.stderr = args, stdout, stderr
        self.stdin = None
        self.returncode: int | None = None
        self._status = status
        self.pid = self._number()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams():
            stream.close()
        self.wait()

    def poll(self) -> int | None:
        """The exit code, None while the process runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one. Raises TimeoutExpired."""
        if self._ended(timeout) is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it still says on stdout and stderr, once it has ended. Raises TimeoutExpired."""
        end_s = None if timeout is None else time.monotonic() + timeout
        texts = {id(stream): "" for stream in (self.stdout, self.stderr)}

        def read(stream: IO[str]) -> None:
            texts[id(stream)] = stream.read()
            stream.close()

        readers = [threading.Thread(target=read, args=(s,), daemon=True) for s in self._streams()]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(None if end_s is None else max(0, end_s - time.monotonic()))
            if reader.is_alive():
                assert timeout is not None
                raise subprocess.TimeoutExpired(self.args, timeout)
        self.wait(None if end_s is None else max(0, end_s - time.monotonic()))
        return texts[id(self.stdout)], texts[id(self.stderr)]

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Signal the process, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _streams(self) -> list[IO[str]]:
        return [stream for stream in (self.stdout, self.stderr) if stream and not stream.closed]

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            self.returncode = self._number()
            os.close(self._status)
        return self.returncode

    def _number(self) -> int:
        data = os.read(self._status, STATUS.size)
        assert data, f"what processes are forked from is gone: {self.args}"
        number: int = STATUS.unpack(data)[0]
        return number


class WarmServer:
    """The process to fork from; started by the first command, ended with the last process that
    uses it: the workers of a test run share one.

    `preloaded` is the module that imports what its commands need; `free`, how the names begin of
    the environment's variables on which none of these imports depends.
    """

    def __init__(self, preloaded: str, free: tuple[str, ...]) -> None:
        self._preloaded, self._free = preloaded, free
        self._control: socket.socket | None = None
        self._lock = threading.Lock()

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether a command with this environment can be forked: what is not free is as usual."""
        names = {name for name, _ in usual.items() ^ environment.items()}
        return all(name.startswith(self._free) for name in names)

    def start(
        self,
        arguments: list[str],
        environment: Mapping[str, str],
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = subprocess.PIPE,
        stderr: int | None = subprocess.PIPE,
        folder: Path | None = None,
        new_session: bool = False,
    ) -> WarmProcess:
        """Fork `python ARGUMENTS`, in the current folder if none is given; stdin is no pipe."""
        control = self._start()
        with Path(os.devnull).open("r+b", buffering=0) as nothing:
            out, its_out = _end(stdout, 1, nothing.fileno())
            err, its_err = _end(stderr, 2, nothing.fileno())
            status, its_status = os.pipe()
            request = {
                "arguments": arguments,
                "environment": dict(environment),
                "folder": str(folder or Path.cwd()),
                "new_session": new_session,
            }
            its_in = nothing.fileno() if stdin == subprocess.DEVNULL else stdin
            fds = [its_in, its_out, its_err, its_status]
            with self._lock:
                socket.send_fds(control, [json.dumps(request).encode()], fds)
        for pipe, fd in ((out, its_out), (err, its_err), (True, its_status)):
            if pipe:
                os.close(fd)
        return WarmProcess(["python", *arguments], status, out, err)

    def _start(self) -> socket.socket:
        with self._lock:
            if self._control is None:
                address = f"\0mmusset-tests-{_test_run()}-{self._preloaded}"
                self._control = self._started(address) or _connected(address)
                atexit.register(self._control.close)
            return self._control

    def _started(self, address: str) -> socket.socket | None:
        """Start the process; None where another worker has."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            try:
                listener.bind(address)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                return None
            listener.listen()
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.support.warm_server"),
                    *(str(listener.fileno()), self._preloaded),
                ],
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env=usual,
                pass_fds=[listener.fileno()],
            )
            # Called after the connection is closed. It ends with the last of its users.
            atexit.register(process.wait)
            return _connected(address)


def _test_run() -> str:
    """What the workers of one run have in common, and no other run has."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())


def _connected(address: str) -> socket.socket:
    """A connection to a server that listens, or is about to."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    while True:
        try:
            control.connect(address)
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return control


def _end(asked: int | None, standard: int, nothing: int) -> tuple[IO[str] | None, int]:
    """Our end of a pipe, if one is asked for, and the descriptor that the command gets."""
    if asked == subprocess.PIPE:
        ours, its = os.pipe()
        return os.fdopen(ours, encoding="utf-8"), its
    return None, nothing if asked == subprocess.DEVNULL else standard
