"""No text leaves for a tracing service: what LangSmith would trace is refused, the rest is off."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmusset.agents import AGENTS
from mmusset.agents.graph import build_graph
from mmusset.errors import Refused
from mmusset.recipe import Recipe
from mmusset.speakers.asking import Asker, InMemoryReplies
from mmusset.speakers.offline.speaker import OfflineSpeaker
from mmusset.tracing import without_tracing
from tests.support.command import SHORT, environment
from tests.support.media import library

# A reply that LangSmith's client takes for success, so that it goes on and sends all it has.
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Sink:
    """Where a tracing service would listen: keeps every byte that comes."""

    def __init__(self, listening: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.received = b""
        self.connections = 0

    def settings(self) -> dict[str, str]:
        """Everything LangSmith needs to send traces here, except the switch that turns it on."""
        told = {"ENDPOINT": self.url, "API_KEY": "lsv2_pt_not_a_real_key", "PROJECT": "mmusset"}
        told |= {"HIDE_INPUTS": "false", "HIDE_OUTPUTS": "false"}
        names = ("LANGSMITH", "LANGCHAIN")
        return {f"{space}_{name}": value for space in names for name, value in told.items()}

    def take(self, connection: socket.socket) -> None:
        self.connections += 1
        with connection:
            connection.settimeout(2)
            try:
                while data := connection.recv(65536):
                    self.received += data
                    connection.sendall(ACCEPTED)
            except OSError:
                return


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink on a socket of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        there, ended = Sink(listening), threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=there.take, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield there
        finally:
            ended.set()
            thread.join()


def build(
    source: Path, out: Path, there: Sink, **variables: str
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mmusset", "build", "--source", str(source), "--out", str(out)]
    return subprocess.run(
        [*command, *SHORT],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment() | there.settings() | variables,
        check=False,
    )


@pytest.mark.slow
def test_a_build_that_would_be_traced_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    source = library(tmp_path / "source", 2)
    with sink() as there:
        done = build(source, tmp_path / "out", there, LANGSMITH_TRACING="true")
    assert (there.connections, there.received) == (0, b"")
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines(keepends=True)[-1] == (
        "mmusset: LANGSMITH_TRACING is set: LangGraph would send every text to a tracing"
        " service; unset it, and run again\n"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LANGSMITH_TRACING", "true"),
        ("LANGSMITH_TRACING_V2", "true"),
        ("LANGCHAIN_TRACING", "true"),
        ("LANGCHAIN_TRACING_V2", "true"),
        ("LANGCHAIN_TRACING", "1"),  # LangChain of before would; that of today ends in a traceback
        ("LANGCHAIN_HANDLER", "langchain"),
    ],
)
def test_each_variable_that_turns_tracing_on_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Refused, match=f"^{name} is set: LangGraph would send every text"):
        build_graph(Asker(OfflineSpeaker(), InMemoryReplies()), Recipe(), AGENTS)


@pytest.mark.slow
def test_a_build_with_an_endpoint_set_and_tracing_off_sends_nothing(tmp_path: Path) -> None:
    source = library(tmp_path / "source", 2)
    off = {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "", "LANGCHAIN_TRACING": "0"}
    with sink() as there:
        done = build(source, tmp_path / "out", there, **off)
    assert done.returncode == 0, done.stderr
    assert (there.connections, there.received) == (0, b"")


@pytest.mark.slow
def test_what_turns_tracing_on_later_does_not_trace() -> None:
    """Another library of this process may set the variables once the graph is built."""
    with sink() as there:
        done = subprocess.run(
            [sys.executable, "-c", LATE],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment() | there.settings(),
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, "accepted\n"), done.stderr
    assert (there.connections, there.received) == (0, b"")


LATE = """
import asyncio, os
from mmusset.agents import AGENTS
from mmusset.agents.graph import build_graph
from mmusset.recipe import Recipe
from mmusset.speakers.asking import Asker, InMemoryReplies
from mmusset.speakers.offline.speaker import OfflineSpeaker
from tests.support.samples import material

graph = build_graph(Asker(OfflineSpeaker(), InMemoryReplies()), Recipe(), AGENTS)
os.environ["LANGSMITH_TRACING"] = "true"
from langsmith.utils import get_env_var
get_env_var.cache_clear()
print(asyncio.run(graph(material())).verdict.status)
from langchain_core.tracers.langchain import wait_for_all_tracers
wait_for_all_tracers()
"""


def test_tracing_that_langsmith_has_on_by_other_means_is_refused() -> None:
    """Its own check is asked too: a program that uses mmusset may have configured it."""
    from langsmith.run_helpers import tracing_context

    with (
        tracing_context(enabled=True),
        pytest.raises(Refused, match="LangSmith's tracing is on in this process"),
    ):
        build_graph(Asker(OfflineSpeaker(), InMemoryReplies()), Recipe(), AGENTS)


def test_its_variables_are_not_handed_on() -> None:
    told = {"LANGSMITH_API_KEY": "x", "langchain_endpoint": "x", "PATH": "/bin", "LANG": "C"}
    assert without_tracing(told) == {"PATH": "/bin", "LANG": "C"}
    assert without_tracing(dict(os.environ)).keys() <= os.environ.keys()
