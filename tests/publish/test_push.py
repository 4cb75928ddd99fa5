"""`mmusset push`: what is sent, what is refused, and what becomes of an older version."""

import json
import os
import pty
import shutil
from pathlib import Path

import pytest

from mmusset.publish.licence import licence_text
from mmusset.shards.manifest import ListedEye
from mmusset.text import byte_size
from tests.support.hub_repos import Fault
from tests.support.hub_writing import TOKEN, hub
from tests.support.pushing import dataset, on_hub, published, push


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return dataset(tmp_path / "out", 3, 2)


def test_a_push_sends_the_published_files_and_no_others(out: Path) -> None:
    (out / "notes.txt").write_text("private")
    (out / "assets").mkdir()
    (out / "assets" / "samples.jpg").write_bytes(b"a picture")
    (out / "assets" / ".hidden").write_bytes(b"private")
    (out / "assets" / "samples.jpg.partial").write_bytes(b"half a pict")
    with hub() as there:
        first, again = on_hub(there, push(out), push(out, "--json"))
        changes = [asked for asked in there.asked if not asked.startswith(("GET", "HEAD"))]
        assert "/commit/" in changes[-1], "the second one only asks what is there"
        assert there.files() == published(out, "assets/samples.jpg")
        assert there.commits() == 1
    assert first.code == again.code == 0
    assert "5 files added, 0 replaced, 0 deleted" in first.out
    assert json.loads(again.out)["added"] == 0
    assert json.loads(again.out)["commit"][:12] in first.out
    assert TOKEN not in first.out + first.err


def test_a_dry_run_shows_all_and_changes_nothing(out: Path) -> None:
    with hub() as there:
        told, as_json = on_hub(
            there,
            ("push", out, "user/name", "--dry-run", "--tag", "v1"),
            ("push", out, "user/name", "--dry-run", "--json"),
            token="",
        )
        assert not there.repos
        assert all(request.startswith("GET") for request in there.asked)
    for words in (
        "(new), branch main; public: everyone",
        "cc-by-4.0",
        "5 in 2 shards: train 5",
        "v1",
    ):
        assert words in told.out
    assert f"add       data/train-000000.tar, {size_of(out)}" in told.out
    assert json.loads(as_json.out)["added"] == sent_in_order(out)


def test_a_dry_run_names_the_licences_of_the_models_that_judged_the_samples(out: Path) -> None:
    eye = ListedEye(
        identity="clip 0a1b", licence="mit", calibrated_on="90 pictures", pictures=90, right=0.9
    )
    change_manifest(
        out,
        recipe={"quality": {"aesthetics": "facebook/audiobox-aesthetics"}},
        model_licences={"quality.aesthetics": "cc-by-4.0"},
        eye=eye.model_dump(),
    )
    with hub() as there:
        told, as_json = on_hub(
            there,
            ("push", out, "user/name", "--dry-run"),
            ("push", out, "user/name", "--dry-run", "--json"),
            token="",
        )
    audiobox = "judged by facebook/audiobox-aesthetics, for quality.aesthetics: cc-by-4.0\n"
    assert audiobox in told.out
    assert "judged by clip 0a1b, for critic.least_picture_fit: mit\n" in told.out
    assert [model["licence"] for model in json.loads(as_json.out)["models"]] == ["cc-by-4.0", "mit"]


def size_of(out: Path) -> str:
    return byte_size((out / "data" / "train-000000.tar").stat().st_size)


def test_a_dry_run_without_the_hub_shows_the_plan_for_a_new_repo(out: Path) -> None:
    with hub() as there:
        pass  # nobody listens there any more
    (done,) = on_hub(there, ("push", out, "user/name", "--dry-run"), token="")
    assert done.code == 0
    assert f"add       data/train-000000.tar, {size_of(out)}" in done.out
    assert "what the repo holds is unknown; this is the plan for a new one: the Hub" in done.out


def sent_in_order(out: Path) -> list[str]:
    shards = sorted(name for name in published(out) if name.startswith("data/"))
    return [*shards, "README.md", "manifest.json"]


def test_nobody_is_there_to_be_asked(out: Path) -> None:
    with hub() as there:
        (done,) = on_hub(there, ("push", out, "user/name"))
        assert not there.asked
    assert done.code == 2
    assert "give --yes" in done.err


@pytest.mark.parametrize(("answer", "commits"), [(b"n\n", None), (b"y\n", 1)])
def test_the_user_is_asked(out: Path, answer: bytes, commits: int | None) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    with hub() as there:
        (done,) = on_hub(there, ("push", out, "user/name"), stdin=theirs)
        assert (there.commits() if there.repos else None) == commits
    os.close(ours)
    os.close(theirs)
    assert done.code == 0
    assert "Send it?" in done.err


def test_what_is_not_fit_to_be_published_is_refused_before_the_hub_is_asked(
    tmp_path: Path,
) -> None:
    names = (
        *("licence", "card", "stale", "unlike", "broken", "home", "recipe", "model"),
        *("link", "folder", "none", "name"),
    )
    outs = {name: dataset(tmp_path / name, 1) for name in names}
    croissant_of(outs["stale"], sha256="0" * 64)
    croissant_of(outs["unlike"], licence="mit")
    (outs["folder"] / "assets").symlink_to("/etc")
    shutil.rmtree(outs["none"] / "data")
    change_manifest(outs["none"], shards=[], found=0, accepted=0)
    (outs["licence"] / "README.md").write_text("---\nlicense: unknown\n---\n")
    (outs["card"] / "README.md").unlink()
    (outs["broken"] / "data" / "train-000000.tar").write_bytes(b"no tar")
    with (outs["home"] / "README.md").open("a") as card:
        card.write(f"made in {outs['home']}\n")
    change_manifest(outs["recipe"], recipe={"speaker": {"model": "/home/me/qwen"}})
    change_manifest(outs["model"], models={"critic": "~/qwen"})
    (outs["link"] / "assets").mkdir()
    (outs["link"] / "assets" / "samples.jpg").symlink_to("/etc/hostname")
    commands = [
        push(out, name="name" if what == "name" else f"user/{what}") for what, out in outs.items()
    ]
    with hub() as there:
        found = dict(zip(names, on_hub(there, *commands), strict=True))
        assert there.asked == []
    assert [done.code for done in found.values()] == [1] * 11 + [2]
    why = {
        "licence": f"run `mmusset card {outs['licence']} --license cc-by-4.0`",
        "card": f"has no README.md, the dataset's card: run `mmusset card {outs['card']}`",
        "stale": f"another version of {outs['stale']}: run `mmusset card {outs['stale']}`",
        "unlike": "is not the one on the card: run `mmusset card",
        "folder": "assets is a link",
        "none": f"{outs['none']} holds no sample",
        "broken": "data/train-000000.tar: changed since it was written",
        "home": "README.md names a folder of this machine",
        "recipe": "a path of this machine (recipe.speaker.model: /home/me/qwen)",
        "model": "a path of this machine (models.critic: ~/qwen)",
        "link": "assets/samples.jpg is a link",
        "name": "name is no name on the Hub: give user/name",
    }
    for name, words in why.items():
        assert words in found[name].err


def croissant_of(out: Path, sha256: str = "", licence: str = "cc-by-4.0") -> None:
    """What `mmusset card` writes last, as far as a push looks at it."""
    (shard,) = json.loads((out / "manifest.json").read_text())["shards"]
    listed = [{"sha256": sha256 or shard["sha256"]}]
    (out / "croissant.json").write_text(json.dumps({"distribution": listed, "license": licence}))


def change_manifest(out: Path, **changes: object) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps(manifest | changes))


def test_licences_are_read_from_a_cards_front_matter() -> None:
    assert licence_text({"license": "cc-by-4.0"}) == "cc-by-4.0"
    assert licence_text({"license": "other", "license_name": "mine"}) == "mine"
    assert licence_text({"license": ["mit", "cc0-1.0"]}) == "mit, cc0-1.0"
    for none in ({}, {"license_name": "mine"}, {"license": "unknown"}, {"license": None}):
        assert licence_text(none) == ""


def test_a_new_version_replaces_deletes_and_leaves_alone_what_is_not_ours(
    out: Path, tmp_path: Path
) -> None:
    new = dataset(tmp_path / "new", 3)
    with (new / "README.md").open("a") as card:
        card.write("The second version.\n")
    with hub() as there:
        (first,) = on_hub(there, push(out, "--tag", "v1"))
        there.somebody(**{"LICENSE": b"theirs", "assets/theirs.png": b"theirs"})
        plan, second, again, old_tag = on_hub(
            there,
            ("push", new, "user/name", "--dry-run"),
            push(new, "--tag", "v2"),
            push(new, "--tag", "v2"),
            push(new, "--tag", "v1"),
        )
        others = {"LICENSE": b"theirs", "assets/theirs.png": b"theirs"}
        assert there.files() == published(new) | others
        assert there.files(revision="v1") == published(out)
        assert there.files(revision="v2") == published(new) | others
        assert there.commits() == 3, "the first, somebody's, the second"
    assert first.code == second.code == again.code == 0
    for words in ("replace   README.md", "replace   manifest.json", "delete    data/train-000001"):
        assert words in plan.out
    assert "data/train-000000.tar" not in plan.out, "it stays"
    assert "0 files added, 2 replaced, 1 deleted" in second.out
    assert "all of it was there already" in again.out
    assert old_tag.code == 1
    assert "has a tag v1 of another version" in old_tag.err


def test_others_datasets_are_not_harmed(out: Path) -> None:
    """Whatever the files of a repo are that we did not write."""
    ours = published(out)
    repos = {
        "another": {"manifest.json": b'{"format": "theirs/1"}'},
        "card": {"README.md": b"# Their work\n"},
        "shard": ours | {"data/train-000007.tar": b"theirs"},
        "changed": {"data/train-000000.tar": b"theirs"},
    }
    with hub() as there:
        for name, files in repos.items():
            there.make(name, **files)
        found = on_hub(there, *(push(out, name=f"user/{name}") for name in repos))
        for name, files in repos.items():
            assert there.files(name) == files
    assert [done.code for done in found] == [1] * 4
    assert "holds another dataset" in found[0].err
    assert "README.md" in found[1].err
    assert "data/train-000007.tar" in found[2].err
    assert "data/train-000000.tar" in found[3].err


@pytest.mark.slow
def test_private_public_and_other_branches(out: Path) -> None:
    with hub() as there:
        there.make("public")
        found = on_hub(
            there,
            push(out, "--private"),
            push(out, "--private", name="user/public"),
            push(out, "--revision", "next", name="user/public"),
            push(out, "--revision", "next", "--tag", "v1", name="user/public"),
            push(out, "--revision", "v1", name="user/public"),
            push(out, "--revision", "copy"),
            push(out, "--revision", "copy"),
        )
        assert there.files(revision="copy") == there.files() == published(out)
        assert there.commits() == 1
        assert there.repos["user/name"].private
        assert there.files("public") == {}
        assert there.files("public", "next") == there.files("public", "v1") == published(out)
        assert there.commits("public") == 1
    assert [done.code for done in found] == [0, 1, 0, 0, 2, 0, 0]
    assert "is public already" in found[1].err
    assert "is a tag" in found[4].err


def test_tokens_are_never_printed(out: Path) -> None:
    """Not even where the Hub says them."""
    wrong = "hf_wRoNg"
    said = Fault("commit", 403, body=json.dumps({"error": f"not with Bearer {TOKEN}"}).encode())
    with hub() as there:
        there.faults.append(said)
        (forbidden,) = on_hub(there, push(out))
        (unknown,) = on_hub(there, push(out), token=wrong)
        (none,) = on_hub(there, push(out), token="")
        assert there.files() == {}
    assert "not with Bearer ***" in forbidden.err
    assert "does not let you" in unknown.err
    assert "hf auth login" in none.err
    assert [done.code for done in (forbidden, unknown, none)] == [1, 1, 1]
    for done in (forbidden, unknown, none):
        assert TOKEN not in done.out + done.err
        assert wrong not in done.out + done.err


@pytest.mark.parametrize(
    ("licences", "why"),
    [
        ({"cc-by-nc-4.0": 5}, "5 clips are cc-by-nc-4.0, which forbids commercial use"),
        ({"cc-by-4.0": 4, "cc-by-nd-4.0": 1}, "1 clip is cc-by-nd-4.0, which lets nobody share"),
    ],
)
def test_what_the_licences_of_the_music_forbid_is_refused_unless_it_is_private(
    licences: dict[str, int], why: str, out: Path
) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps(manifest | {"licences": licences}))
    with hub() as there:
        public, private = on_hub(there, push(out), push(out, "--private"))
        assert there.commits() == 1
    assert public.code == 1
    assert why in public.err
    assert private.code == 0, private.err
