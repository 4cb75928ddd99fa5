"""What tests start commands with: a fork is like a process of `subprocess`, and is what is used."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.command import core, environment, mmusset, python, start, start_python
from tests.support.media import library
from tests.support.warm import WarmProcess

ECHO = "import os, sys; print(os.getcwd(), os.environ['OPENAI_API_KEY']); sys.stderr.write('oh'); "
SLEEP = "import time; print('up', flush=True); time.sleep(60)"


def test_whatever_libraries_have_set_by_now_commands_are_forked() -> None:
    """Else all later tests start interpreters, and take three times as long."""
    assert core.fits(environment())


COUNT_FORKS = """
import collections, sys
from mmusset.cli.main import command
from tests.support.command import SHORT

events = collections.Counter()
sys.addaudithook(lambda event, args: events.update([event]))
command()(["build", "--source", sys.argv[1], "--out", "out", *SHORT], standalone_mode=False)
command()(["verify", "out"], standalone_mode=False)
print("forks", events["os.fork"], "of", events["subprocess.Popen"])
"""


def test_their_decoders_are_forked_as_well(tmp_path: Path) -> None:
    source = library(tmp_path / "source", 1)
    done = python("-c", COUNT_FORKS, source, server=core, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "forks 2 of 2", "one that surveys, one that verifies"


@pytest.mark.parametrize("cold", [False, True])
def test_output_exit_code_folder_and_environment(cold: bool, tmp_path: Path) -> None:
    env = environment() | {"OPENAI_API_KEY": "a key"}
    process = start_python(
        *("-c", ECHO + "sys.exit(3)"), server=None if cold else core, env=env, cwd=tmp_path
    )
    with process:
        assert process.communicate(timeout=60) == (f"{tmp_path} a key\n", "oh")
    assert process.returncode == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_signals_end_it(number: int) -> None:
    with start_python("-c", SLEEP, server=core) as process:
        assert process.stdout and process.stdout.readline() == "up\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
        os.kill(process.pid, number)
        assert process.wait(timeout=60) == -number


def test_an_error_is_a_traceback_and_exit_code_1() -> None:
    done = python("-c", "import atexit; atexit.register(print, 'bye'); 1 / 0", server=core)
    assert (done.returncode, done.stdout) == (1, "bye\n")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_another_environment_gets_an_interpreter_of_its_own() -> None:
    with start("--version", env=environment() | {"PYTHONUTF8": "1"}) as process:
        assert not isinstance(process, WarmProcess)
        out, _ = process.communicate(timeout=60)
    assert out == mmusset("--version").stdout


def test_what_a_test_sets_itself_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", "elsewhere")
    assert not core.fits(environment())
