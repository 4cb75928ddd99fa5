"""`mmusset pull`: a copy that is whole and right, or said not to be."""

import json
import shutil
from pathlib import Path

import pytest

from mmusset.shards.reader import shards_of
from mmusset.shards.verify import verify
from tests.support.command import tree
from tests.support.hub_repos import Fault
from tests.support.hub_writing import hub
from tests.support.pushing import dataset, on_hub, published, push


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return dataset(tmp_path / "out", 3, 2)


def content(folder: Path) -> dict[str, bytes]:
    """Every file, less what is still arriving."""
    files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    return {n: p.read_bytes() for n, p in files.items() if not n.startswith(".mmusset-pull/")}


def test_a_pull_gives_what_was_pushed(out: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with hub() as there:
        words = ("pull", "user/name", "--out", copy)
        _, first, again, as_json = on_hub(there, push(out), words, words, (*words, "--json"))
    assert content(copy) == published(out)
    assert verify(copy) == (5, [])
    assert len(shards_of(str(copy))) == 2
    assert "5 samples in 2 shards" in first.out and "(3 files fetched, 0 there" in first.out
    assert "(0 files fetched, 3 there already" in again.out
    assert json.loads(as_json.out)["kept"] == 3


def test_another_version_replaces_and_deletes(out: Path, tmp_path: Path) -> None:
    new, copy = dataset(tmp_path / "new", 3), tmp_path / "copy"
    (new / "README.md").write_text("---\nlicense: mit\n---\n")
    with hub() as there:
        words = ("pull", "user/name", "--out", copy)
        found = on_hub(
            there, push(out, "--tag", "v1"), words, push(new), words, (*words, "--revision", "v1")
        )
        assert content(copy) == published(out), "and back"
        (last,) = on_hub(there, words)
    assert [done.code for done in found] == [0] * 5
    assert "(1 files fetched, 1 there already, 1 deleted)" in found[3].out
    assert content(copy) == published(new)
    assert last.code == 0


def test_a_pull_that_is_broken_off_goes_on(out: Path, tmp_path: Path) -> None:
    """Killed, cut, lied to: what is under a file's name is always whole and right."""
    copy = tmp_path / "copy"
    words = ("pull", "user/name", "--out", copy)
    right = published(out)
    with hub() as there:
        on_hub(there, push(out))
        for failpoint in ("pull_manifest_synced", "pull_fetched"):
            assert on_hub(there, words, failpoint=failpoint) == []
            assert all(right.get(n.removesuffix(".partial")) == d for n, d in content(copy).items())
        there.faults += [Fault("GET .*train-000001.tar", "kill"), Fault("HEAD .*README.md", 503)]
        assert on_hub(there, words) == []
        (done,) = on_hub(there, words)
        (copy / "data" / "train-000000.tar").write_bytes(b"damaged")
        (mended,) = on_hub(there, words)
    assert done.code == mended.code == 0
    assert "(1 files fetched" in mended.out
    assert content(copy) == right
    assert [path.name for path in (copy / ".mmusset-pull").iterdir()] == ["pulled.json"]


def test_other_bytes_than_were_published_are_refused(out: Path, tmp_path: Path) -> None:
    """A Hub, or somebody between, that sends another shard under the same name."""
    with hub() as there:
        on_hub(there, push(out))
        there.somebody(**{"data/train-000001.tar": b"other bytes"})
        (done,) = on_hub(there, ("pull", "user/name", "--out", tmp_path / "copy"))
    assert done.code == 1
    assert "data/train-000001.tar came with other bytes" in done.err
    assert not (tmp_path / "copy" / "data" / "train-000001.tar").exists()


def test_folders_that_hold_something_else_are_left_as_they_are(out: Path, tmp_path: Path) -> None:
    build, notes, other, tars = (tmp_path / name for name in ("build", "notes", "other", "tars"))
    shutil.copytree(out, build)
    notes.mkdir()
    (notes / "notes.txt").write_text("mine")
    dataset(other, 3, 2, 1)
    shutil.rmtree(other / ".mmusset")
    (other / "data" / "mine-000000.tar").write_text("mine")
    (tars / "data").mkdir(parents=True)
    (tars / "data" / "train-000000.tar").write_text("mine")
    folders = (build, notes, other, tars)
    before = [tree(folder) for folder in folders]
    with hub() as there:
        commands = [("pull", "user/name", "--out", folder) for folder in folders]
        found = on_hub(there, push(out), *commands)[1:]
    assert [tree(folder) for folder in folders] == before
    assert [done.code for done in found] == [1] * 4
    assert "is a build of yours" in found[0].err
    assert "holds something else" in found[1].err
    assert "holds something else" in found[2].err
    assert "holds something else" in found[3].err


@pytest.mark.slow
def test_a_copy_keeps_what_no_pull_put_there(out: Path, tmp_path: Path) -> None:
    """Another dataset, a file of the user's, a card that the user changed."""
    copy = tmp_path / "copy"
    words = ("pull", "user/name", "--out", copy)
    other = dataset(tmp_path / "other", 1)
    with hub() as there:
        on_hub(there, push(out), push(other, name="user/other"), words)
        before = tree(copy)
        (foreign,) = on_hub(there, ("pull", "user/other", "--out", copy))
        assert tree(copy) == before
        (copy / "assets").mkdir()
        (copy / "assets" / "mine.txt").write_text("mine")
        (strange,) = on_hub(there, words)
        shutil.rmtree(copy / "assets")
        (copy / "README.md").write_text("my own words")
        (changed,) = on_hub(there, words)
    assert "holds a copy of user/name" in foreign.err
    assert "assets/mine.txt, which no pull put there" in strange.err
    assert "README.md was changed since it was pulled" in changed.err
    assert [done.code for done in (foreign, strange, changed)] == [1] * 3
    assert (copy / "README.md").read_text() == "my own words"


def test_what_is_no_dataset_of_ours_is_said(tmp_path: Path) -> None:
    with hub() as there:
        there.make("empty")
        there.make("other", **{"manifest.json": b"{}"})
        there.make("private", private=True)
        names = ("nobody", "empty", "other", "private")
        commands = [("pull", f"user/{name}", "--out", tmp_path / "copy") for name in names]
        found = on_hub(there, *commands, token="")
        (tagless,) = on_hub(there, ("pull", "user/empty", "--revision", "v9"))
    assert [done.code for done in found] == [1] * 4
    assert "no dataset user/nobody" in found[0].err
    assert "it has no manifest.json" in found[1].err
    assert "of another kind" in found[2].err
    assert "no dataset user/private that you may see" in found[3].err
    assert "with a branch, tag or commit v9" in tagless.err
    assert not (tmp_path / "copy").exists()
