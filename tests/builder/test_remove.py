"""`mmusset remove`: pieces leave for good, whatever kills it, and nothing tells what they were."""

import re
import shutil
import signal
from pathlib import Path

import pytest

from mmusset.builder.ledger.file import open_to_read
from mmusset.builder.ledger.removals import _BY_MUSIC, _BY_PLACE
from mmusset.builder.ledger.schema import SCHEMA
from tests.support.command import mmusset, tree
from tests.support.marking import begin, command, copied, keys, manifest, published, samples

PIECES = 7
WHY = "the owner asked for it"
FAILPOINTS = [
    "removal_written",  # nothing is removed yet
    "removal_kept",
    "shard_begun",
    "shard_renamed",
    "shard_recorded",
    "copy_synced",
    "manifest_renamed",
    "replaced_removed",
]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("remove"), PIECES)


@pytest.fixture
def out(begun: Path, tmp_path: Path) -> Path:
    return copied(begun, tmp_path)


def remove(out: Path, *words: str, code: int = 0) -> str:
    done = mmusset("remove", out, *words, "--why", WHY, "--yes")
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def path_of(out: Path, key: str) -> str:
    return mmusset("explain", out, key).stdout.splitlines()[0].split("  ")[1]


def test_a_piece_leaves_in_a_new_shard(out: Path) -> None:
    first, *others = keys(out)
    before, shards = samples(out), tree(out / "data")
    assert "removed 1 piece with 1 accepted sample" in remove(out, "--item", first)
    assert samples(out) == {key: before[key] for key in others}
    now = tree(out / "data")
    assert len(set(shards) - set(now)) == 1 == len(set(now) - set(shards))
    assert all(now[name] == shards[name] for name in set(now) & set(shards))
    facts = manifest(out)
    assert (facts["found"], facts["accepted"]) == (6, 6)
    assert mmusset("verify", out).stdout == "6 samples read, no problems\n"


def test_when_and_why_is_told_and_how_many(out: Path) -> None:
    remove(out, "--item", keys(out)[0])
    (record,) = manifest(out)["removed"]
    assert (record["why"], record["samples"], record["pieces"]) == (WHY, 1, 1)
    assert len(record["at"]) == len("2026-11-29")
    assert f"1 sample of 1 piece ({WHY})" in (out / "README.md").read_text()


def test_nothing_tells_what_it_was(out: Path) -> None:
    key = keys(out)[0]
    name = path_of(out, key)
    caption = samples(out)[key]["caption.txt"]
    story = samples(out)[key]["story.txt"]
    remove(out, "--item", key)
    kept = b"".join(path.read_bytes() for path in (out / ".mmusset").rglob("*") if path.is_file())
    for text in (key.encode(), key[:24].encode(), name.encode()):
        assert text not in kept
        assert text not in published(out)
    # Another piece may have the same short caption; no other has both texts in one row.
    assert caption not in kept or story not in kept


def test_a_folder_of_the_source_is_removed_with_all_that_is_in_it(out: Path) -> None:
    folder = path_of(out, keys(out)[0]).rpartition("/")[0]
    shown = mmusset("remove", out, "--source", folder, "--dry-run").stdout
    first, *paths = shown.splitlines()
    assert first == "would remove 2 pieces:"
    assert [line.strip().rpartition("/")[0] for line in paths] == [folder] * 2
    assert len(samples(out)) == PIECES
    assert "removed 2 pieces" in remove(out, "--source", folder)
    assert len(samples(out)) == PIECES - 2


def test_a_later_build_leaves_it_out(out: Path) -> None:
    first, *others = keys(out)
    name = path_of(out, first)
    remove(out, "--item", name)
    before = tree(out / "data")
    done = mmusset(*command(out.parent))
    assert done.returncode == 0, done.stderr
    assert "removed from the dataset by `mmusset remove`: 1" in done.stdout
    assert tree(out / "data") == before
    assert sorted(keys(out)) == sorted(others)


@pytest.mark.slow
def test_all_may_be_removed_and_the_rest_may_come_back(out: Path) -> None:
    for key in keys(out):
        remove(out, "--item", key)
    assert manifest(out)["shards"] == []
    assert len(manifest(out)["removed"]) == PIECES


def test_what_is_removed_twice_is_removed(out: Path) -> None:
    key = keys(out)[0]
    remove(out, "--item", key)
    assert "nothing new to remove" in remove(out, "--item", key)


def test_it_needs_no_source(out: Path) -> None:
    (out.parent / "source").unlink()
    first, *others = keys(out)
    remove(out, "--item", first)
    assert set(samples(out)) == set(others)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--item", "nobody", "--why", WHY, "--yes"), "no sample of the dataset has the key"),
        (("--source", "nowhere", "--why", WHY, "--yes"), "nothing in the dataset was made of"),
        (("--why", WHY, "--yes"), "say what to remove"),
        (("--item", "KEY", "--yes"), "a removal needs a reason"),
        (("--item", "KEY", "--why", WHY), "no terminal to ask on"),
    ],
)
def test_what_can_not_be_done_is_told_and_changes_nothing(
    out: Path, words: tuple[str, ...], why: str
) -> None:
    before = tree(out / "data")
    done = mmusset("remove", out, *(keys(out)[0] if word == "KEY" else word for word in words))
    assert done.returncode == 2
    assert why in done.stderr
    assert tree(out / "data") == before


@pytest.mark.parametrize(
    ("failpoint", "finish"),
    [
        *((failpoint, "remove") for failpoint in FAILPOINTS[::3]),
        *((failpoint, "build") for failpoint in FAILPOINTS[1::3]),
        *(
            pytest.param(failpoint, finish, marks=pytest.mark.slow)
            for finish, others in (
                ("remove", (*FAILPOINTS[1::3], *FAILPOINTS[2::3])),
                ("build", (*FAILPOINTS[2::3], *FAILPOINTS[3::3])),
            )
            for failpoint in others
        ),
    ],
)
def test_killed_anywhere_it_is_finished(
    begun: Path, out: Path, failpoint: str, finish: str
) -> None:
    key = keys(out)[0]
    whole = begun / "whole" / "out"
    if not whole.exists():
        shutil.copytree(out, whole)
        remove(whole, "--item", key)
    killed = mmusset("remove", out, "--item", key, "--why", WHY, "--yes", failpoint=failpoint)
    assert killed.returncode == -signal.SIGKILL, f"{failpoint} was not reached: {killed.stderr}"
    assert len(samples(out)) in (PIECES, PIECES - 1)  # what the manifest names is there
    if finish == "remove":
        remove(out, "--item", key)
    else:
        assert mmusset(*command(out.parent)).returncode == 0
    assert samples(out) == samples(whole)
    assert tree(out / "data") == tree(whole / "data")
    assert mmusset("verify", out).returncode == 0
    with open_to_read(out) as ledger:
        assert [removal.samples for removal in ledger.removals.all()] == [1]


def test_whoever_adds_a_table_says_whether_a_removal_has_to_forget_it() -> None:
    made = set(re.findall(r"CREATE TABLE (\w+)", SCHEMA))
    forgotten = {"file", "item", "call", "skipped", "mark_aside", "label", "grp"}
    forgotten |= {*_BY_MUSIC, *_BY_PLACE}
    of_no_piece = {"meta", "block", "sealing", "shard", "replaced", "removal"}
    assert made == forgotten | of_no_piece | {"removed", "unread"}


def test_a_place_of_which_nothing_is_there_is_refused_after_a_removal_too(out: Path) -> None:
    remove(out, "--item", keys(out)[0])
    said = remove(out, "--source", "nowhere", code=2)
    assert "nothing in the dataset was made of nowhere" in said
