"""Marks: a person's own word on a sample, kept in the ledger whatever else is going on."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.builder.ledger.file import open_to_read
from mmusset.builder.marks import Mark, forget_mark, read_marks, save_mark
from mmusset.errors import MmussetError, UsageError
from tests.support.command import SHORT, Process, core, mmusset, start_python
from tests.support.marking import keys
from tests.support.media import library

PIECES = 7


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `source` and `out`, which was built from it."""
    folder = tmp_path_factory.mktemp("marks")
    source = library(folder / "source", PIECES)
    done = mmusset("build", "--source", source, "--out", folder / "out", *SHORT)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def out(begun: Path, tmp_path: Path) -> Path:
    """A copy of what was built."""
    return Path(shutil.copytree(begun / "out", tmp_path / "out"))


def test_a_mark_is_kept_changed_and_forgotten(out: Path) -> None:
    first, second, *_ = keys(out)
    assert read_marks(out) == {}
    save_mark(out, Mark(first, "drop", "it clips"))
    save_mark(out, Mark(second, "fix", "the story: no dog is there"))
    save_mark(out, Mark(first, "keep", ""))
    assert read_marks(out) == {
        first: Mark(first, "keep", ""),
        second: Mark(second, "fix", "the story: no dog is there"),
    }
    forget_mark(out, first)
    forget_mark(out, first)
    assert list(read_marks(out)) == [second]


def test_what_can_not_be_marked_gets_one_clear_line(out: Path, tmp_path: Path) -> None:
    key = keys(out)[0]
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(MmussetError, match="is not a dataset of mmusset"):
            save_mark(folder, Mark(key, "keep", ""))
        with pytest.raises(MmussetError, match="is not a dataset of mmusset"):
            read_marks(folder)
        assert not (folder / ".mmusset").exists()
    with pytest.raises(MmussetError, match="has the key 'nosuchkey'"):
        save_mark(out, Mark("nosuchkey", "keep", ""))
    with pytest.raises(MmussetError, match="has the key 'nosuchkey'"):
        forget_mark(out, "nosuchkey")
    for verdict, note, message in (
        ("keep", "x" * 2001, "at most 2000 characters, not 2001"),
        ("keep", "half a \ud83d", "half a character"),
        ("fix", " \n", "says what is to be mended"),
        ("love", "", "keep, drop, fix, not 'love'"),
    ):
        with pytest.raises(UsageError, match=message):
            save_mark(out, Mark(key, verdict, note))  # type: ignore[arg-type]
    assert read_marks(out) == {}


@pytest.mark.slow
@given(note=st.text(max_size=2000))
def test_every_note_comes_back_as_it_was_written(begun: Path, note: str) -> None:
    key = keys(begun / "out")[-1]
    save_mark(begun / "out", Mark(key, "keep", note))
    try:
        assert read_marks(begun / "out")[key].note == note
    finally:
        forget_mark(begun / "out", key)


MARKER = """
import sys
from pathlib import Path
from mmusset.builder.marks import Mark, save_mark
out, name, *keys = sys.argv[1:]
for number in range(25):
    for key in keys:
        save_mark(Path(out), Mark(key, "keep", f"{name} {number}"))
        print(key, number, flush=True)
"""


def marker(out: Path, name: str, *marked: str) -> Process:
    """A process that marks samples again and again, and tells each mark once it is saved."""
    return start_python("-c", MARKER, out, name, *marked, server=core, stderr=None)


@pytest.mark.slow
def test_two_who_mark_at_once_lose_nothing(out: Path) -> None:
    first, second, shared, *_ = keys(out)
    one, two = marker(out, "one", first, shared), marker(out, "two", second, shared)
    assert (one.communicate()[0].count("\n"), two.communicate()[0].count("\n")) == (50, 50)
    notes = {key: mark.note for key, mark in read_marks(out).items()}
    assert (notes[first], notes[second]) == ("one 24", "two 24")
    assert notes[shared] in {"one 24", "two 24"}


def test_a_mark_that_was_saved_outlives_a_kill(out: Path) -> None:
    key, *_ = keys(out)
    process = marker(out, "one", key)
    assert process.stdout
    told = [process.stdout.readline() for _ in range(5)]
    process.kill()
    rest, _ = process.communicate()
    last = int((told + rest.splitlines())[-1].split()[1])
    assert int(read_marks(out)[key].note.split()[1]) in {last, last + 1}


def test_marks_can_be_read_while_somebody_marks(out: Path) -> None:
    key, *_ = keys(out)
    with open_to_read(out) as ledger:
        assert ledger.marks.all() == []
        save_mark(out, Mark(key, "drop", ""))
        assert ledger.marks.all() == [Mark(key, "drop", "")]
