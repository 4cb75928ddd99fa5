"""`mmusset serve`: started, watched over, stopped whole; with a stub behind vLLM's command line."""

import json
import os
import shlex
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mmusset.errors import UsageError
from mmusset.speakers.vllm.serve import find_vllm
from tests.speakers.test_adapter import adapter_folder
from tests.support.command import SHORT, Process, environment, start
from tests.support.media import library

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Bench:
    """A folder to work in, with an interpreter that has a vLLM of sorts."""

    folder: Path
    python: Path

    def run(self, *words: str) -> Process:
        return start(
            *words,
            cwd=self.folder,
            env=environment() | {"FAKE_VLLM": str(self.folder), "PYTHONPATH": str(ROOT)},
        )

    def serve(self, *words: str) -> Process:
        return self.run("serve", "--python", str(self.python), "--port", "0", *words)

    def started(self) -> list[dict[str, Any]]:
        """Each start of the server: its words, its process and its engine's."""
        path = self.folder / "started.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    python = tmp_path / "python"
    paths = os.pathsep.join([str(ROOT / "tests" / "support" / "fake_vllm"), str(ROOT)])
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(paths)} exec {shlex.quote(sys.executable)} "$@"\n'
    )
    python.chmod(0o755)
    return Bench(tmp_path, python)


def url_of(process: Process) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def models(url: str) -> list[str]:
    with urllib.request.urlopen(f"{url}/models") as response:
        return [model["id"] for model in json.load(response)["data"]]


def until(true: Callable[[], bool], process: Process) -> None:
    while not true() and process.poll() is None:
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ended(process: Process, number: signal.Signals = signal.SIGINT) -> str:
    """What it said until it ended well on a signal."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return errors


@pytest.mark.slow
def test_it_is_served_with_the_right_flags_and_stopped_whole(bench: Bench) -> None:
    folder = adapter_folder(bench.folder / "My LoRA", rank=24)
    process = bench.serve("--model", "some/stubborn", "--adapter", str(folder))
    base, adapter = models(url_of(process))
    assert base == "some/stubborn"
    assert adapter.startswith("my-lora-")
    (start,) = bench.started()
    words = " ".join(start["words"])
    for told in (
        "--host 127.0.0.1",
        '--limit-mm-per-prompt {"image":1}',
        '"backend":"guidance","disable_any_whitespace":true',
        "--enable-prefix-caching",
        "--enable-lora --max-loras 1 --max-lora-rank 32",
        f"--lora-modules {adapter}={folder}",
    ):
        assert told in words
    assert "--allowed-local-media-path" not in words
    assert "--enforce-eager" not in words, "there is a GPU"
    errors = ended(process)
    assert "warming up with a picture" in errors
    assert "Ctrl-C stops it" in errors
    assert not lives(start["server"])
    assert not lives(start["engine"])


def test_nothing_of_the_current_folder_is_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a stranger's, with a vLLM, or an environment, of his own in it."""
    theirs = bench.folder / "vllm"
    theirs.mkdir()
    (theirs / "__init__.py").write_text("raise SystemExit('imported from a stranger')")
    process = bench.serve()
    assert url_of(process), process.communicate()[1]
    ended(process)
    theirs = bench.folder / ".venv-vllm" / "bin" / "python"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("#!/bin/sh\ntouch was-run\n")
    theirs.chmod(0o755)
    monkeypatch.chdir(bench.folder)
    with suppress(UsageError):  # raised where this checkout has none either
        assert find_vllm(None) != theirs
    assert not Path("was-run").exists()


@pytest.mark.slow
def test_a_server_that_dies_is_started_again_at_the_same_place(bench: Bench) -> None:
    process = bench.serve()
    url = url_of(process)
    (first,) = bench.started()
    os.kill(first["server"], signal.SIGKILL)
    until(lambda: len(bench.started()) == 2, process)
    second = bench.started()[1]
    until(lambda: answers(url), process)
    assert not lives(first["engine"]), "an engine without its server holds the GPU's memory"
    assert "starting it again" in ended(process, signal.SIGTERM)
    assert not lives(second["engine"])


def answers(url: str) -> bool:
    try:
        return bool(models(url))
    except OSError:
        return False


@pytest.mark.slow
def test_a_server_that_listens_no_more_is_taken_for_ended(bench: Bench) -> None:
    process = bench.serve()
    url = url_of(process)
    (first,) = bench.started()
    os.kill(first["server"], signal.SIGUSR1)
    until(lambda: len(bench.started()) == 2, process)
    until(lambda: answers(url), process)
    assert not lives(first["server"])
    ended(process)


@pytest.mark.slow
def test_a_server_that_can_not_start_leaves_its_last_words(bench: Bench) -> None:
    process = bench.serve("--model", "broken")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "vLLM ended while it started" in errors
    assert "no CUDA-capable device is detected" in errors
    assert "Traceback" not in errors
    assert not lives(bench.started()[0]["engine"])


@pytest.mark.slow
def test_a_server_that_is_healthy_and_can_not_answer_is_not_ready(bench: Bench) -> None:
    process = bench.serve("--model", "mad")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output == ""
    assert "the server started, but could not answer" in errors
    assert not lives(bench.started()[0]["engine"])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_start_can_be_stopped(number: signal.Signals, bench: Bench) -> None:
    process = bench.serve("--model", "slow")
    until(lambda: bool(bench.started()), process)
    ended(process, number)
    assert not lives(bench.started()[0]["server"])
    assert not lives(bench.started()[0]["engine"])


@pytest.mark.slow
def test_a_server_does_not_outlive_a_killed_mmusset(bench: Bench) -> None:
    process = bench.serve()
    url_of(process)
    (start,) = bench.started()
    process.kill()
    process.communicate()
    while lives(start["server"]):
        time.sleep(0.02)
    os.kill(start["engine"], signal.SIGKILL)  # a real engine watches its server


@pytest.mark.slow
def test_a_port_that_is_taken_is_refused(bench: Bench) -> None:
    process = bench.serve()
    port = url_of(process).rpartition(":")[2].removesuffix("/v1")
    second = bench.serve("--port", port)
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"port {port} is taken" in errors
    ended(process)


@pytest.mark.slow
def test_without_a_vllm_it_says_how_to_get_one(bench: Bench) -> None:
    process = bench.run("serve", "--python", sys.executable)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "mmusset[vllm]" in errors
    assert "make vllm" in errors


@pytest.mark.slow
def test_it_tells_the_command_that_builds_with_it(bench: Bench) -> None:
    source, out = library(bench.folder / "source", 3), bench.folder / "out"
    folder = adapter_folder(bench.folder / "lora")
    server = bench.serve("--model", "qwen", "--adapter", str(folder))
    url_of(server)
    assert server.stderr
    told = next(line for line in server.stderr if line.startswith("  mmusset build"))
    words = shlex.split(told.replace("DIR", shlex.quote(str(source))))[1:]
    process = bench.run(*words, "--out", str(out), *SHORT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    ended(server)
    models = json.loads((out / "manifest.json").read_text())["models"]
    assert all(name.startswith("lora-") for name in models.values())


@pytest.mark.slow
def test_build_with_serve_does_both(bench: Bench) -> None:
    source, out = library(bench.folder / "source", 3), bench.folder / "out"
    folder = adapter_folder(bench.folder / "lora")
    words = ["build", "--source", str(source), "--out", str(out), *SHORT, "--speaker", "vllm"]
    own = ["--serve", "--model", "qwen", "--adapter", str(folder), "--python", str(bench.python)]
    process = bench.run(*words, *own)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    facts = json.loads((out / "manifest.json").read_text())
    assert facts["accepted"] == 3
    assert len({*facts["models"].values()}) == 1, "all speak through the adapter"
    assert facts["models"]["critic"].startswith("lora-")
    (start,) = bench.started()
    assert not lives(start["server"])
    assert not lives(start["engine"])
    again = bench.run(*words, *own)
    output, errors = again.communicate(timeout=120)
    assert output.startswith("nothing to do"), errors
    assert len(bench.started()) == 1, "nothing to do needs no server"


@pytest.mark.slow
def test_an_own_server_that_can_not_be_started_again_stops_the_build(bench: Bench) -> None:
    source, out = library(bench.folder / "source", 3), bench.folder / "out"
    words = ["build", "--source", str(source), "--out", str(out), *SHORT, "--speaker", "vllm"]
    own = ["--serve", "--python", str(bench.python), "--model"]
    process = bench.run(*words, *own, "frail")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 3, errors
    assert "could not be started again" in errors
    assert "no CUDA-capable device is detected" in errors
    assert not [start for start in bench.started() if lives(start["engine"])]


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_an_own_server_that_starts(bench: Bench) -> None:
    source, out = library(bench.folder / "source", 3), bench.folder / "out"
    words = ["build", "--source", str(source), "--out", str(out), *SHORT, "--speaker", "vllm"]
    process = bench.run(*words, "--serve", "--python", str(bench.python), "--model", "slow")
    until(lambda: bool(bench.started()), process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "run the same command to go on" in output
    assert not lives(bench.started()[0]["server"])


def test_what_is_served_is_only_said_with_serve(bench: Bench) -> None:
    process = bench.run("build", "--source", ".", "--speaker", "vllm", "--model", "qwen")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--serve" in errors
