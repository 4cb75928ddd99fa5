"""The ledger knows itself: its rows, its age, its shards, its copy; and it is its owner's alone."""

import os
import shutil
import signal
import stat
from pathlib import Path

import pytest

from mmusset.builder.ledger.file import open_to_write
from tests.support.command import SHORT, mmusset, tree
from tests.support.ledgers import flip_letter, of_version, tables
from tests.support.marking import keys, manifest
from tests.support.media import library


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("ledger") / "source", 4)


@pytest.fixture(scope="module")
def built(source: Path) -> Path:
    out = source.parent / "built"
    assert mmusset(*words_of(source, out)).returncode == 0
    return out


@pytest.fixture
def out(built: Path, tmp_path: Path) -> Path:
    """A copy to damage. Its marks stand in tables that are empty otherwise."""
    return Path(shutil.copytree(built, tmp_path / "out"))


def words_of(source: Path, out: Path) -> tuple[str | Path, ...]:
    return ("build", "--source", source, "--out", out, *SHORT)


def ledger_of(out: Path) -> Path:
    return out / ".mmusset" / "ledger.db"


def refusal_of(out: Path, source: Path, *more: str) -> str:
    """What a build says that refuses in one line."""
    done = mmusset(*words_of(source, out), *more)
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.slow
def test_no_flipped_letter_is_taken_for_true(out: Path, source: Path) -> None:
    """Each column of each table, by what every command opens the ledger with."""
    from mmusset.errors import MmussetError

    assert mmusset("mark", out, keys(out)[0], "drop", "--note", "wrong cover").returncode == 0
    assert mmusset(*words_of(source, out), "--apply-marks").returncode == 0
    assert mmusset("mark", out, keys(out)[1], "fix", "--note", "no drums").returncode == 0
    whole = ledger_of(out).read_bytes()
    flipped = 0
    for table, columns in tables(ledger_of(out)).items():
        for column in columns:
            ledger_of(out).write_bytes(whole)
            if not flip_letter(ledger_of(out), table, column):
                continue
            flipped += 1
            with pytest.raises(MmussetError) as refused:
                open_to_write(out)
            assert f"mmusset recover {out}" in str(refused.value), f"{table}.{column}"
    assert flipped > 50


@pytest.mark.parametrize(
    ("table", "column"), [("verdict", "outcome"), ("prepared", "value"), ("item", "tags")]
)
def test_a_flipped_letter_stops_every_command(
    table: str, column: str, out: Path, source: Path
) -> None:
    before = tree(out)
    assert flip_letter(ledger_of(out), table, column)
    for more in ((), ("--replay",), ("--check",)):
        assert f"its table {table} is damaged" in refusal_of(out, source, *more)
    for words in (("status", out), ("explain", out, keys(out)[0])):
        done = mmusset(*words)
        assert (done.returncode, done.stdout) == (1, "")
        assert "is damaged" in done.stderr and f"mmusset recover {out}" in done.stderr
    assert tree(out) == before


def test_the_manifest_names_the_ledger_and_an_older_one_is_refused(out: Path, source: Path) -> None:
    assert manifest(out)["ledger"] == {"generation": 1, "verdicts": 4}
    old = ledger_of(out).read_bytes()
    (out / ".mmusset" / "ledger.copy.db").unlink()
    library(source.parent / "grown", 6)
    assert mmusset(*words_of(source.parent / "grown", out)).returncode == 0
    ledger_of(out).write_bytes(old)
    (out / ".mmusset" / "ledger.copy.db").unlink()
    assert "the manifest was made from a later one" in refusal_of(out, source)


def test_verdicts_that_were_taken_back_are_not_missed(out: Path, source: Path) -> None:
    """A build that asks again is killed before its manifest: it goes on."""
    assert mmusset("mark", out, keys(out)[0], "fix", "--note", "shorter").returncode == 0
    words = (*words_of(source, out), "--apply-marks")
    assert mmusset(*words, failpoint="marks_applied").returncode == -signal.SIGKILL
    assert mmusset(*words_of(source, out)).returncode in (0, 4)


def test_a_shard_that_the_ledger_does_not_know_is_refused(out: Path, source: Path) -> None:
    shard = sorted((out / "data").glob("*.tar"))[0]
    shutil.copyfile(shard, shard.with_name("train-000099.tar"))
    before = tree(out)
    assert "it does not know data/train-000099.tar" in refusal_of(out, source)
    assert tree(out) == before


@pytest.mark.parametrize("gone", ["ledger", "folder", "emptied"])
def test_a_lost_ledger_is_never_a_new_build(gone: str, out: Path, source: Path) -> None:
    before = tree(out)
    if gone == "folder":
        shutil.rmtree(out / ".mmusset")
    elif gone == "ledger":
        ledger_of(out).unlink()
    else:
        ledger_of(out).write_bytes(b"")
    for more in ((), ("--replay",)):
        done = mmusset(*words_of(source, out), *more)
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert "ledger" in done.stderr
    assert "is gone" in refusal_of(out, source)
    assert tree(out) == before


def test_a_ledger_of_another_version_is_refused_and_stays_as_it_is(out: Path, source: Path) -> None:
    of_version(ledger_of(out), "4")
    before = (tree(out), ledger_of(out).read_bytes())
    for words in (words_of(source, out), ("status", out), ("recover", out)):
        done = mmusset(*words)
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert "another version of mmusset made" in done.stderr
    assert (tree(out), ledger_of(out).read_bytes()) == before


def test_a_copy_of_another_version_is_not_recovered_from(out: Path, source: Path) -> None:
    of_version(out / ".mmusset/ledger.copy.db", "4")
    ledger_of(out).unlink()
    done = mmusset("recover", out)
    assert done.returncode == 1 and "another version of mmusset made" in done.stderr


def test_the_folder_is_its_owners_alone(out: Path, source: Path) -> None:
    folder = out / ".mmusset"
    assert modes(folder) == {0o600} and stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    assert mmusset(*words_of(source, out)).returncode == 0
    assert modes(folder) == {0o600} and stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_files_are_private_while_a_build_runs(source: Path, tmp_path: Path) -> None:
    killed = mmusset(*words_of(source, tmp_path / "out"), failpoint="verdict_kept")
    assert killed.returncode == -signal.SIGKILL
    folder = tmp_path / "out" / ".mmusset"
    assert (folder / "ledger.db-wal").exists()
    assert modes(folder) == {0o600}


def modes(folder: Path) -> set[int]:
    return {
        stat.S_IMODE(path.stat().st_mode)
        for path in folder.iterdir()
        if path.name.startswith(("ledger", "lock"))
    }


def test_a_finished_build_reads_no_shard_but_with_check(out: Path, source: Path) -> None:
    shard = sorted((out / "data").glob("*.tar"))[0]
    mmusset(*words_of(source, out))  # the times of a copied folder are new
    before, whole = shard.stat(), shard.read_bytes()
    shard.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    os.utime(shard, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert mmusset(*words_of(source, out)).returncode == 0
    assert shard.read_bytes() != whole, "size and time are the same: it was not read"
    assert "changed since it was written" in mmusset("verify", out).stdout
    assert mmusset(*words_of(source, out), "--check").returncode == 0
    assert shard.read_bytes() == whole


def test_a_shard_of_another_time_is_read_and_mended(out: Path, source: Path) -> None:
    shard = sorted((out / "data").glob("*.tar"))[0]
    whole = shard.read_bytes()
    shard.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    assert mmusset(*words_of(source, out)).returncode == 0
    assert shard.read_bytes() == whole


def test_a_finished_build_writes_nothing(out: Path, source: Path) -> None:
    mmusset(*words_of(source, out))
    names = ("ledger.db", "ledger.copy.db", "lock")
    before = {name: (out / ".mmusset" / name).stat().st_mtime_ns for name in names[1:]}
    content = (tree(out), ledger_of(out).read_bytes())
    assert mmusset(*words_of(source, out)).returncode == 0
    assert (tree(out), ledger_of(out).read_bytes()) == content
    assert {name: (out / ".mmusset" / name).stat().st_mtime_ns for name in names[1:]} == before
