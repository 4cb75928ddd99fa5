"""The build, run as users run it: a folder in, shards out; again, and nothing changes."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.command import SHORT, Process, environment, mmusset, start, tree
from tests.support.media import library, picture, piece
from tests.support.thorough import slow

PIECES = 5


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("build") / "source", PIECES)


@pytest.fixture(scope="module")
def first_built(source: Path) -> Path:
    out = source.parent / "out"
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def built(first_built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(first_built, tmp_path / "out"))


def manifest(out: Path) -> dict[str, int]:
    facts: dict[str, int] = json.loads((out / "manifest.json").read_text())
    return facts


def test_a_folder_in_shards_out(built: Path) -> None:
    facts = manifest(built)
    assert facts["found"] == facts["accepted"] == PIECES
    assert mmusset("verify", built).stdout == f"{PIECES} samples read, no problems\n"


@pytest.mark.slow
def test_the_same_source_gives_the_same_bytes(built: Path, source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(source, copy)
    words = ("build", "--source", copy, "--out", tmp_path / "b", *SHORT)
    assert mmusset(*words, cold=True).returncode == 0, "another `hash()` too"
    assert tree(tmp_path / "b") == tree(built)


def test_a_second_build_has_nothing_to_do(built: Path, source: Path) -> None:
    before = tree(built)
    again = mmusset("build", "--source", source, "--out", built, *SHORT)
    assert again.stdout.startswith("nothing to do")
    assert tree(built) == before


def test_files_added_since_go_into_new_shards(source: Path, tmp_path: Path) -> None:
    growing = tmp_path / "growing"
    shutil.copytree(source, growing)
    out = tmp_path / "out"
    assert mmusset("build", "--source", growing, "--out", out, *SHORT).returncode == 0
    before = tree(out)
    library(growing, 3, start=20)
    assert mmusset("build", "--source", growing, "--out", out, *SHORT).returncode == 0
    after = tree(out)
    shards = {name: digest for name, digest in before.items() if name.startswith("data/")}
    assert {name: after[name] for name in shards} == shards
    assert len(after) > len(before)
    assert manifest(out)["accepted"] == PIECES + 3
    assert mmusset("verify", out).returncode == 0


def test_a_file_that_moved_is_still_the_same_item(
    built: Path, source: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(source, moved / "deeper")
    before = tree(built)
    done = mmusset("build", "--source", moved, "--out", built, *SHORT)
    assert done.stdout.startswith("nothing to do")
    shutil.rmtree(built / "data")
    assert mmusset("build", "--source", moved, "--out", built, *SHORT, "--replay").returncode == 0
    assert tree(built) == before


@pytest.mark.slow
def test_a_copy_that_sorts_earlier_changes_nothing(source: Path, tmp_path: Path) -> None:
    growing, out = tmp_path / "growing", tmp_path / "out"
    shutil.copytree(source, growing)
    assert mmusset("build", "--source", growing, "--out", out, *SHORT).returncode == 0
    shards = tree(out / "data")
    shutil.copytree(growing / "artist 1", growing / "a copy of artist 1")
    assert mmusset("build", "--source", growing, "--out", out, *SHORT).returncode == 0
    assert tree(out / "data") == shards
    skipped = json.loads(mmusset("status", out, "--json").stdout)["skipped"]
    twins = [path for path, reason, _ in skipped if reason == "same bytes as another"]
    assert twins == [f"a copy of artist 1/song {n}.wav" for n in (2, 3)]


def test_music_that_changes_after_the_plan_is_never_taken_for_the_old(
    source: Path, tmp_path: Path
) -> None:
    changing, out = tmp_path / "changing", tmp_path / "out"
    shutil.copytree(source, changing)
    words = ("build", "--source", changing, "--out", out, *SHORT)
    assert mmusset(*words, failpoint="plan_frozen").returncode == -signal.SIGKILL
    piece(changing / "artist 0" / "song 1.wav", 99)
    assert mmusset(*words).returncode == 4
    told = json.loads(mmusset("status", out, "--json").stdout)
    assert [lost["reason"] for lost in told["lost"]] == ["changed since it was planned"]
    assert told["tally"]["accepted"] == PIECES, "the new bytes are an item of their own"


def test_a_picture_that_changes_after_the_plan_is_never_taken_for_the_old(
    source: Path, tmp_path: Path
) -> None:
    changing, out = tmp_path / "changing", tmp_path / "out"
    shutil.copytree(source, changing)
    words = ("build", "--source", changing, "--out", out, *SHORT)
    assert mmusset(*words, failpoint="plan_frozen").returncode == -signal.SIGKILL
    picture(changing / "artist 0" / "song 1.png", 99)
    assert mmusset(*words).returncode == 4
    told = json.loads(mmusset("status", out, "--json").stdout)
    assert [lost["reason"] for lost in told["lost"]] == ["picture changed since it was planned"]
    assert (told["tally"]["accepted"], told["tally"]["failed"]) == (PIECES - 1, 1)


@pytest.mark.slow
def test_a_replay_needs_no_story_file(source: Path, tmp_path: Path) -> None:
    told, out = tmp_path / "told", tmp_path / "out"
    shutil.copytree(source, told)
    story = told / "artist 0" / "song 1.txt"
    story.write_text("The ferry left before dawn. " * 12)
    words = ("build", "--source", told, "--out", out, *SHORT)
    assert mmusset(*words).returncode == 0
    before = tree(out)
    story.unlink()
    assert mmusset(*words, "--replay").returncode == 0
    assert tree(out) == before


def test_replay_writes_the_same_bytes_again(built: Path, source: Path) -> None:
    before = tree(built)
    shutil.rmtree(built / "data")
    (built / "manifest.json").unlink()
    done = mmusset("build", "--source", source, "--out", built, *SHORT, "--replay")
    assert done.returncode == 0, done.stderr
    assert tree(built) == before


def test_a_replay_of_nothing_is_an_error_and_makes_no_folder(source: Path, tmp_path: Path) -> None:
    words = ("build", "--source", source, "--out", tmp_path / "nothing", *SHORT, "--replay")
    done = mmusset(*words)
    assert done.returncode == 1
    assert "is not a dataset of mmusset" in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_a_replay_of_half_a_build_writes_no_manifest(source: Path, tmp_path: Path) -> None:
    words = ("build", "--source", source, "--out", tmp_path / "half", *SHORT)
    assert mmusset(*words, failpoint="shard_recorded").returncode == -signal.SIGKILL
    done = mmusset(*words, "--replay")
    assert done.stdout == "1 shards written again, byte for byte\n"
    assert not (tmp_path / "half" / "manifest.json").exists()


def test_a_damaged_manifest_is_written_again(built: Path, source: Path) -> None:
    before = tree(built)
    (built / "manifest.json").write_bytes(b"\xff\x00 damaged")
    assert mmusset("build", "--source", source, "--out", built, *SHORT).returncode == 0
    assert tree(built) == before


@pytest.mark.slow
def test_a_replay_from_a_changed_source_is_refused(source: Path, tmp_path: Path) -> None:
    changing = tmp_path / "changing"
    shutil.copytree(source, changing)
    out = tmp_path / "out"
    assert mmusset("build", "--source", changing, "--out", out, *SHORT).returncode == 0
    before = tree(out)
    piece(changing / "artist 0" / "song 1.wav", 99)
    done = mmusset("build", "--source", changing, "--out", out, *SHORT, "--replay")
    assert done.returncode == 1
    assert "song 1.wav or its picture has changed" in done.stderr
    assert tree(out) == before


@pytest.mark.parametrize("inside", ["out", *slow("new/out", ".hidden/out")])
def test_a_dataset_inside_its_source_is_no_part_of_it(
    source: Path, tmp_path: Path, inside: str
) -> None:
    shutil.copytree(source, tmp_path / "source")
    out = tmp_path / "source" / inside
    words = ("build", "--source", tmp_path / "source", "--out", out, *SHORT)
    assert mmusset(*words).returncode == 0
    before = tree(out)
    assert mmusset(*words).stdout.startswith("nothing to do")
    assert tree(out) == before
    assert manifest(out)["skipped"] == 0


def test_a_damaged_shard_is_written_again(built: Path, source: Path) -> None:
    before = tree(built)
    (built / "data" / "train-000000.tar").write_bytes(b"damaged")
    assert mmusset("build", "--source", source, "--out", built, *SHORT).returncode == 0
    assert tree(built) == before


def test_long_pieces_give_several_clips_that_are_not_silent(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    piece(source / "long.wav", 1, seconds=11.0)
    picture(source / "long.png", 1)
    words = ("--set", "clip.seconds=2", "--set", "clip.per_track=4")
    assert mmusset("build", "--source", source, "--out", out, *words).returncode == 0
    story = json.loads(mmusset("explain", out, "long.wav", "--json").stdout)
    starts = [item["prepared"]["media"]["music"]["start_s"] for item in story]
    assert len(starts) == 4
    assert all(later - earlier >= 2.0 for earlier, later in pairwise(starts))


def test_another_recipe_on_the_same_folder_is_refused(built: Path, source: Path) -> None:
    done = mmusset("build", "--source", source, "--out", built, "--set", "clip.seconds=3")
    assert done.returncode == 1
    assert "clip.seconds: 2.0 -> 3.0" in done.stderr


def test_a_folder_that_holds_something_else_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    done = mmusset("build", "--source", source, "--out", tmp_path, *SHORT)
    assert done.returncode == 1
    assert "is not a dataset of mmusset" in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "thesis.tex"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--source", "nowhere"], 2, "the source nowhere is not there"),
        (["--source", "."], 2, "no music and no video in ."),
        (["--source", ".", "--recipe", "quikstart"], 2, "Did you mean 'quickstart'?"),
        (["--source", ".", "--set", "clip.secnds=2"], 2, "Did you mean 'clip.seconds'?"),
        (["--source", ".", "--set", "split.train=0.5"], 2, "must be 1, not 0.6"),
    ],
)
def test_bad_input_gets_one_clear_line(
    words: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = mmusset("build", *words)
    assert done.returncode == code
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir()), "bad input left something behind"


def started(words: list[str]) -> Process:
    """A build that has decided its first item, and goes on."""
    process = start(*words, "--log-json")
    assert process.stderr
    assert any('"event": "decided"' in line for line in process.stderr)
    return process


def test_a_second_builder_is_refused(source: Path, tmp_path: Path) -> None:
    words = ["build", "--source", str(source), "--out", str(tmp_path / "out"), *SHORT]
    with started(words) as first:
        first.send_signal(signal.SIGSTOP)
        second = mmusset(*words)
        first.send_signal(signal.SIGCONT)
        first.communicate()
    assert first.returncode == 0
    assert second.returncode == 1
    assert "another build is running" in second.stderr


def test_ctrl_c_drains_and_says_how_to_go_on(source: Path, built: Path, tmp_path: Path) -> None:
    words = ["build", "--source", str(source), "--out", str(tmp_path / "stopped"), *SHORT]
    with started(words) as process:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate()
    assert process.returncode == 130
    assert "run the same command to go on" in said
    assert mmusset(*words).returncode == 0
    assert tree(tmp_path / "stopped") == tree(built)


def test_a_stop_before_the_plan_stands_leaves_no_traceback(tmp_path: Path) -> None:
    source = library(tmp_path / "source", 1)
    picture(source / "0.png", 0, size=(2000, 2000))
    for number in range(1, 60):  # the same pixels in other bytes: each is opened, and takes a while
        (source / f"{number}.png").write_bytes((source / "0.png").read_bytes() + bytes([number]))
    words = ["build", "--source", str(source), "--out", str(tmp_path / "out"), "--log-json"]
    for number in (signal.SIGTERM, signal.SIGINT):
        with start(*words) as process:
            assert process.stderr and '"reading the source"' in process.stderr.readline()
            process.send_signal(number)
            _, said = process.communicate()
        assert process.returncode == 130
        assert "Traceback" not in said


def overwrite_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(4096, len(data), 4096):
        data[at : at + 200] = b"\xff" * 200
    path.write_bytes(data)


def lose_verdicts(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE verdict")


@pytest.mark.parametrize("damage", [overwrite_pages, lose_verdicts])
def test_a_damaged_ledger_gets_one_clear_line(
    built: Path, source: Path, damage: Callable[[Path], None]
) -> None:
    damage(built / ".mmusset" / "ledger.db")
    for words in (("status", built), ("build", "--source", source, "--out", built, *SHORT)):
        done = mmusset(*words)
        assert done.returncode == 1
        assert "the ledger" in done.stderr and "can't be" in done.stderr
        assert "Traceback" not in done.stderr


def decoders_of(process: Process) -> list[int]:
    """The process ids of a running build's children."""
    return [
        int(n) for n in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ]


def test_decoders_leave_stopping_to_the_build(source: Path, built: Path, tmp_path: Path) -> None:
    words = ["build", "--source", str(source), "--out", str(tmp_path / "stopped"), *SHORT]
    with started(words) as process:
        for child in decoders_of(process):
            os.kill(child, signal.SIGTERM)
            os.kill(child, signal.SIGINT)
        process.communicate()
    assert process.returncode == 0
    assert tree(tmp_path / "stopped") == tree(built)


@pytest.mark.slow
def test_a_decoder_killed_while_stopping_is_no_items_fault(
    source: Path, built: Path, tmp_path: Path
) -> None:
    """What a service manager does: it stops all, waits, then kills all."""
    words = ["build", "--source", str(source), "--out", str(tmp_path / "stopped"), *SHORT]
    with started(words) as process:
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        for child in decoders_of(process):
            os.kill(child, signal.SIGKILL)
        process.send_signal(signal.SIGCONT)
        process.communicate()
    assert process.returncode == 130
    tally = json.loads(mmusset("status", tmp_path / "stopped", "--json").stdout)["tally"]
    assert tally["failed"] == 0
    assert mmusset(*words).returncode == 0
    assert tree(tmp_path / "stopped") == tree(built)


def test_a_dry_run_writes_nothing(source: Path, tmp_path: Path) -> None:
    done = mmusset("build", "--source", source, "--out", tmp_path / "out", *SHORT, "--dry-run")
    assert f"{PIECES} samples" in done.stdout
    assert not (tmp_path / "out").exists()


def test_limit_takes_the_first_pieces_and_accounts_for_the_rest(
    source: Path, tmp_path: Path
) -> None:
    words = ("build", "--source", source, "--out", tmp_path / "out", *SHORT)
    assert mmusset(*words, "--limit", "3").returncode == 0
    facts = manifest(tmp_path / "out")
    assert (facts["found"], facts["accepted"], facts["skipped"]) == (PIECES, 3, PIECES - 3)
    assert mmusset(*words).returncode == 0
    assert manifest(tmp_path / "out")["accepted"] == PIECES


@pytest.mark.slow
def test_a_full_disk_stops_the_build_and_loses_nothing(
    source: Path, built: Path, tmp_path: Path
) -> None:
    """A file size limit stands for a full disk: between the ledger's size and a shard's."""
    words = ["build", "--source", str(source), "--out", str(tmp_path / "full"), *SHORT]
    limited = "import resource, runpy, signal, sys\n" + (
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (260_000, 260_000))\n"
        "sys.argv = ['mmusset', *sys.argv[1:]]\n"
        "runpy.run_module('mmusset', run_name='__main__')\n"
    )
    stopped = subprocess.run(
        [sys.executable, "-c", limited, *words],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert stopped.returncode == 1, stopped.stdout
    assert "again" in stopped.stderr and "Traceback" not in stopped.stderr
    assert mmusset(*words).returncode == 0
    assert tree(tmp_path / "full") == tree(built)
