"""Builds of shards: WebDataset's, and datasets that a build wrote."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from mmusset.recipe_parts.source import Role
from mmusset.sources.choose import source_of
from mmusset.sources.sharded import ShardSource
from mmusset.sources.source import Entry
from tests.builder.test_hostile import fates
from tests.support.command import SHORT, mmusset
from tests.support.marking import samples
from tests.support.media import library, picture, piece

CAPTION = "Somebody plays the piano, number {}."


def tar_of(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def media(folder: Path, number: int) -> tuple[bytes, bytes]:
    """A sound and a picture, as bytes."""
    sound, shown = folder / f"{number}.flac", folder / f"{number}.png"
    piece(sound, number)
    picture(shown, number)
    return sound.read_bytes(), shown.read_bytes()


def facts_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(members["json"]) for members in samples(out).values()]


def listed(source: object) -> dict[str, Entry]:
    assert isinstance(source, ShardSource)
    return {entry.path.decode(): entry for entry in source.entries()}


def test_a_webdataset_s_samples_are_pieces_with_captions_and_facts(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for shard in range(2):
        members: dict[str, bytes] = {}
        for number in (2 * shard, 2 * shard + 1):
            sound, shown = media(tmp_path / "media", number)
            members |= {f"a/{number}.mix.flac": sound, f"a/{number}.png": shown}
            if number % 2:
                facts = {"text": [CAPTION.format(number)], "artist": "Ann"}
                members[f"a/{number}.json"] = json.dumps(facts).encode()
            else:
                members[f"a/{number}.txt"] = CAPTION.format(number).encode()
        tar_of(tmp_path / f"shards/{shard}.tar", members)
    done = mmusset("build", "--source", tmp_path / "shards/*.tar", "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    found = facts_of(out)
    assert {f["caption"]["text"] for f in found} == {CAPTION.format(n) for n in range(4)}
    assert {f["image"]["origin"] for f in found} == {"named"}
    assert len({f["group"] for f in found}) == 3, "Ann's two pieces stay together"
    assert isinstance(source_of(tmp_path / "shards"), ShardSource)


def test_what_a_tar_holds_that_is_no_sample_is_left_out(tmp_path: Path) -> None:
    tar = tar_of(tmp_path / "x.tar", {"a.wav": b"x", "b.pyd": b"x", ".c": b"x", "a.story.txt": b""})
    with tarfile.open(tar, "a") as more:
        link = tarfile.TarInfo("d.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        more.addfile(link)
        twice = tarfile.TarInfo("a.wav")
        twice.size = 1
        more.addfile(twice, io.BytesIO(b"y"))
    cut = tar_of(tmp_path / "cut.tar", {"a.wav": b"x" * 5000, "b.wav": b"x" * 5000})
    cut.write_bytes(cut.read_bytes()[:7000])
    source = source_of(tmp_path / "*.tar")
    skipped = {name: entry.skip for name, entry in listed(source).items() if entry.skip}
    assert skipped == {
        "x.tar/d.wav#": "not a regular file",
        "x.tar/a.wav#": "a name that stands twice in its tar",
        "x.tar.c#": "a name without a key",
        "cut.tar": "a damaged tar: unexpected end of data",
    }


def test_a_recipe_says_what_members_hold(tmp_path: Path) -> None:
    tar_of(tmp_path / "x.tar", {"a.wav": b"x", "a.txt": b"A boat.", "a.prompt": b"A waltz."})
    columns: dict[Role, str] = {"story": "txt", "caption": "prompt"}
    found = listed(source_of(tmp_path / "x.tar", columns))
    assert (found["x.tar/a.txt"].kind, found["x.tar/a.prompt"].kind) == ("text", "caption")


@pytest.mark.slow
def test_a_dataset_is_built_again_with_its_groups_splits_and_given_texts(tmp_path: Path) -> None:
    source, first, again = library(tmp_path / "source", 6), tmp_path / "first", tmp_path / "again"
    (source / "artist 0/song 0.caption.txt").write_text(CAPTION.format(0))
    parts = ("--set", "split={train: 0.4, validation: 0.3, test: 0.3}")
    assert mmusset("build", "--source", source, "--out", first, *SHORT, *parts).returncode == 0
    done = mmusset("build", "--source", first, "--out", again, *SHORT, "--set", "speaker.seed=7")
    assert done.returncode == 0, done.stderr
    assert mmusset("verify", again).returncode == 0
    old = {m["music.flac"]: json.loads(m["json"]) for m in samples(first).values()}
    new = {m["music.flac"]: json.loads(m["json"]) for m in samples(again).values()}
    assert set(old) == set(new), "the same sound"
    assert {f["split"] for f in new.values()} == {"train", "validation", "test"}
    groups: dict[str, set[str]] = {}
    for sound, facts in new.items():
        assert facts["split"] == old[sound]["split"]
        groups.setdefault(facts["group"], set()).add(old[sound]["group"])
    assert all(len(group) == 1 for group in groups.values()) and len(groups) == 3
    given = [f["caption"]["text"] for f in new.values() if f["caption"]["writer"] == "given"]
    assert given == [CAPTION.format(0)], "what agents wrote is not given"
    assert not fates(again)
