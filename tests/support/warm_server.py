"""A process that has imported MODULE, and forks one for each command that it is sent.

    python -m tests.support.warm_server SOCKET_FD MODULE

It listens at a socket for as long as somebody is connected. A request is one packet: JSON with what
`python` is to run, the environment and the folder, and with it four file descriptors: the command's
stdin, stdout and stderr, and a pipe to which the server writes the command's process id and, once
it has ended, its exit code (two native ints; the code is less than 0 for a signal). A fork runs
what it is told as a new interpreter would; what it saves is the imports, which take most of a short
command's time, and their undoing.

What a fork shares with its siblings, and new processes would not, is the seed of `hash()`.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

from . import forked_children

STATUS = struct.Struct("i")
LARGEST_REQUEST = 1 << 20


class Server:
    """The forks that run, by process id, each with the pipe for its exit code."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._clients = [listener.accept()[0]]
        self._running: dict[int, int] = {}
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)

    def serve(self) -> list[str]:
        """Fork on each request. Returns in the fork alone, with what `python` is to run."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        while self._clients:
            ready, _, _ = select.select([self._listener, self._woken, *self._clients], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            if self._listener in ready:
                self._clients.append(self._listener.accept()[0])
            for client in ready:
                if client in self._clients and (arguments := self._answer(client)) is not None:
                    return arguments
        sys.exit()

    def _answer(self, client: socket.socket) -> list[str] | None:
        """Fork on a client's request, and in the fork alone give what `python` is to run."""
        message, fds, _, _ = socket.recv_fds(client, LARGEST_REQUEST, 4)
        if not message:
            client.close()
            self._clients.remove(client)
            return None
        if not self._fork(fds):
            return None
        request: dict[str, Any] = json.loads(message)
        self._become(request, fds)
        return list(request["arguments"])

    def _fork(self, fds: list[int]) -> bool:
        """True in the fork."""
        pid = os.fork()
        if pid == 0:
            return True
        *given, status = fds
        for fd in given:
            os.close(fd)
        self._running[pid] = status
        _write(status, pid)
        return False

    def _reap(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            pipe = self._running.pop(pid)
            _write(pipe, os.waitstatus_to_exitcode(status))
            os.close(pipe)

    def _become(self, request: dict[str, Any], fds: list[int]) -> None:
        """Turn the fork into what a new process would be: nothing of the server's stays open."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if request["new_session"]:
            os.setsid()
        for each in (self._listener, *self._clients):
            each.close()
        for standard, fd in enumerate(fds[:3]):
            os.dup2(fd, standard)
        for fd in (*fds, *self._running.values(), self._woken, self._wake):
            os.close(fd)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.path[0] = request["folder"]
        forked_children.install()


def _write(pipe: int, number: int) -> None:
    """Tell the client, which may be gone."""
    with suppress(BrokenPipeError):
        os.write(pipe, STATUS.pack(number))


def run(arguments: list[str]) -> None:
    """What `python ARGUMENTS` runs: `-m MODULE WORDS`, `-c CODE WORDS` or `FILE WORDS`."""
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def leave(code: str | int | None) -> NoReturn:
    """End as an interpreter does, but without taking apart the modules that were imported.

    That would take 0.1 s of CPU time without torch and 0.6 s with it, more than most commands do.
    """
    quiet = threading.active_count() == 1 and not isinstance(code, str)
    if quiet:
        atexit._run_exitfuncs()
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code or 0)
    sys.exit(code)  # threads are waited for, and what can't be written is reported


def main() -> None:
    """Serve; and, in a fork, run what was asked for."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    importlib.import_module(sys.argv[2])
    assert threading.active_count() == 1, "a fork has one thread"
    gc.collect()
    gc.freeze()
    code: str | int | None = None
    try:
        run(Server(listener).serve())
    except SystemExit as end:
        code = end.code
    leave(code)


if __name__ == "__main__":
    main()
