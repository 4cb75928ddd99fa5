"""A temporary folder goes with its process; what a killed one left goes with the next."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from mmusset.temporary_folder import JUST_MADE_S, PREFIX, TemporaryFolder, remove_abandoned

HOLDER = """
import sys, time
from pathlib import Path
from mmusset.temporary_folder import TemporaryFolder
held = TemporaryFolder(Path(sys.argv[1]))
Path(held.name, "block.tar").write_bytes(b"media")
print(held.name, flush=True)
time.sleep(600)
"""


def held_in(where: Path) -> "tuple[subprocess.Popen[str], Path]":
    """A process that has made a folder, long ago by the folder's clock, and that folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, where], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    folder = Path(process.stdout.readline().strip())
    age(folder)
    return process, folder


def age(folder: Path) -> None:
    then_s = time.time() - 2 * JUST_MADE_S
    os.utime(folder, (then_s, then_s))


def test_it_is_gone_at_the_end_with_all_that_is_in_it(tmp_path: Path) -> None:
    with TemporaryFolder(tmp_path) as name:
        (Path(name) / "deep" / "er").mkdir(parents=True)
        assert Path(name).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_and_nothing_else(tmp_path: Path) -> None:
    dead, left = held_in(tmp_path)
    living, used = held_in(tmp_path)
    dead.send_signal(signal.SIGKILL)
    dead.wait()
    fresh = tmp_path / f"{PREFIX}12345678.partial"  # just made, and not locked yet
    foreign = tmp_path / "mmusset-another-machine-12345678.partial"
    own, elsewhere = tmp_path / f"{PREFIX}datasets", tmp_path / "elsewhere"
    linked = tmp_path / f"{PREFIX}abcdefgh.partial"
    for folder in (fresh, foreign, own, elsewhere):
        folder.mkdir()
    linked.symlink_to(elsewhere)
    (elsewhere / "kept").touch()
    for folder in (foreign, own, elsewhere):
        age(folder)
    os.utime(linked, (0, 0), follow_symlinks=False)
    remove_abandoned.cache_clear()
    with TemporaryFolder(tmp_path):
        assert not left.exists()
        assert (used / "block.tar").read_bytes() == b"media"
        assert all(folder.exists() for folder in (fresh, foreign, own))
        assert linked.is_symlink()
        assert (elsewhere / "kept").exists()
    living.send_signal(signal.SIGKILL)
    living.communicate()
    dead.communicate()


def test_one_that_is_forgotten_goes_when_python_ends(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from mmusset.temporary_folder import *;"
    code += "kept = TemporaryFolder(Path(sys.argv[1])); Path(kept.name, 'file').touch()"
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    assert list(tmp_path.iterdir()) == []
