"""Shards: the same samples give the same bytes, and nothing wrong with them goes unseen."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mmusset.errors import MmussetError
from mmusset.files import write_durably
from mmusset.shards.tar import MEMBERS, Sample, read_shard, write_shard
from mmusset.shards.verify import verify
from tests.support.samples import sample


def write_folder(out: Path, shards: dict[str, list[Sample]]) -> None:
    """A dataset folder of these shards, with the manifest that names them."""
    written = [write_shard(out, name, samples) for name, samples in shards.items()]
    rows = [
        {"name": s.name, "samples": s.samples, "bytes": s.size, "sha256": s.sha256} for s in written
    ]
    write_manifest(out, rows)


def write_manifest(out: Path, rows: list[dict[str, object]], **changes: object) -> None:
    """The manifest of these shards, to which nothing was lost; and what is to be wrong in it."""
    count = sum(int(str(row["samples"])) for row in rows)
    facts: dict[str, object] = {"format": "mmusset/1", "found": count, "accepted": count}
    facts |= {"rejected": 0, "failed": 0, "skipped": 0, "shards": rows}
    (out / "manifest.json").write_text(json.dumps(facts | changes))


def problems(out: Path) -> list[str]:
    return [problem.what for problem in verify(out)[1]]


def test_a_shard_holds_five_members_a_sample_in_order(tmp_path: Path) -> None:
    write_shard(tmp_path, "data/train-000000.tar", [sample(1), sample(2)])
    with tarfile.open(tmp_path / "data/train-000000.tar") as tar:
        infos = tar.getmembers()
    assert [info.name for info in infos] == [f"k0000{n}.{m}" for n in (1, 2) for m in MEMBERS]
    assert {(i.mtime, i.uid, i.gid, i.mode, i.uname) for i in infos} == {(0, 0, 0, 0o644, "")}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = sample(7)
    write_shard(tmp_path, "data/test-000000.tar", [written])
    assert list(read_shard(tmp_path / "data/test-000000.tar")) == [("k00007", written.members())]


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    once = write_shard(tmp_path / "a", "data/train-000000.tar", [sample(n) for n in range(5)])
    again = write_shard(tmp_path / "b", "data/train-000000.tar", [sample(n) for n in range(5)])
    assert once == again


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail_halfway(file: object) -> None:
        assert not (tmp_path / "x").exists()
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_durably(tmp_path / "x", fail_halfway, "x")
    assert not list(tmp_path.iterdir())


def test_a_shard_gives_way_only_to_what_is_expected(tmp_path: Path) -> None:
    name = "data/train-000000.tar"
    expected = write_shard(tmp_path, name, [sample(1)])
    before = (tmp_path / name).read_bytes()
    with pytest.raises(MmussetError, match="other bytes"):
        write_shard(tmp_path, name, [sample(2)], expected)
    assert (tmp_path / name).read_bytes() == before
    assert list((tmp_path / "data").iterdir()) == [tmp_path / name]
    assert write_shard(tmp_path, name, [sample(1)], expected) == expected


def test_a_sound_folder_has_no_problem(tmp_path: Path) -> None:
    write_folder(
        tmp_path,
        {
            "data/train-000000.tar": [sample(1), sample(2)],
            "data/test-000000.tar": [sample(3, "test")],
        },
    )
    assert verify(tmp_path) == (3, [])


def shift_captions(samples: list[Sample]) -> list[Sample]:
    """Every caption and its claims moved on to the next sample, as a slipped index does."""
    captions = [s.quadruple.caption for s in samples]
    flacs = [s.music_flac for s in samples]
    return [
        Sample(
            s.quadruple.model_copy(update={"caption": captions[n - 1]}), s.image_jpeg, flacs[n - 1]
        )
        for n, s in enumerate(samples)
    ]


def damaged(change: Callable[[bytes], bytes]) -> Sample:
    good = sample(1)
    return Sample(good.quadruple, good.image_jpeg, change(good.music_flac))


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([sample(1), sample(2), sample(1)], "its key stands twice"),
        ([damaged(lambda b: b[:-200])], "its music is not the one that its JSON describes"),
        ([damaged(lambda b: b"no flac")], "its music does not decode"),
        (shift_captions([sample(1), sample(2)]), "its music is not the one"),
        ([sample(1, "test")], "its JSON says it is test/k00001"),
    ],
)
def test_wrong_samples_are_found(tmp_path: Path, samples: list[Sample], expected: str) -> None:
    write_folder(tmp_path, {"data/train-000000.tar": samples})
    assert any(expected in what for what in problems(tmp_path))


def test_a_member_with_a_name_of_odd_bytes_is_a_broken_tar(tmp_path: Path) -> None:
    write_folder(tmp_path, {"data/train-000000.tar": [sample(1)]})
    with tarfile.open(tmp_path / "data/train-000000.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("k\udcff1.image.jpg"))
    assert "broken tar: k\\udcff1.image.jpg is no member of a sample" in problems(tmp_path)


def test_a_group_in_two_splits_is_found(tmp_path: Path) -> None:
    write_folder(
        tmp_path,
        {
            "data/train-000000.tar": [sample(1, group="gx")],
            "data/test-000000.tar": [sample(2, "test", group="gx")],
        },
    )
    assert problems(tmp_path) == ["its group is in train too"]


def test_a_clip_in_two_splits_is_found(tmp_path: Path) -> None:
    """Two files that hold the same recording give the same clip."""
    one, other = sample(1), sample(2, "test")
    facts = other.quadruple.model_copy(update={"music": one.quadruple.music})
    copy = Sample(facts, other.image_jpeg, one.music_flac)
    write_folder(tmp_path, {"data/train-000000.tar": [one], "data/test-000000.tar": [copy]})
    assert problems(tmp_path) == ["its clip is in train too"]


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    write_folder(tmp_path, {"data/train-000000.tar": [sample(1)]})
    path = tmp_path / "data/train-000000.tar"
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    assert "changed since it was written" in problems(tmp_path)[0]


def test_missing_and_unlisted_shards_are_found(tmp_path: Path) -> None:
    write_folder(tmp_path, {"data/train-000000.tar": [sample(1)]})
    (tmp_path / "data/train-000000.tar").rename(tmp_path / "data/train-000001.tar")
    found = problems(tmp_path)
    assert found[0].startswith("missing")
    assert found[1] == "is not in the manifest"


def test_members_with_dangerous_names_are_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = tmp_path / "data/train-000000.tar"
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo("k1.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    row = {"name": "data/train-000000.tar", "samples": 1, "bytes": 1, "sha256": "0" * 64}
    write_manifest(tmp_path, [row])
    assert any("not a regular file" in what for what in problems(tmp_path))


ELSEWHERE = {"name": "../train-000000.tar", "samples": 1, "bytes": 1, "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"found": 3}, "3 found, but 2 accepted, rejected, failed or skipped"),
        ({"found": 3, "accepted": 3}, "3 accepted, but its shards hold 2"),
        ({"accepted": "many"}, "accepted: Input should be a valid integer"),
        ({"format": "other/1"}, "format: Input should be 'mmusset/1'"),
        ({"shards": [ELSEWHERE]}, "shards.0.name: String should match pattern"),
        ({"shards": None}, "shards: Input should be a valid array"),
    ],
)
def test_a_manifest_that_is_wrong_is_found(
    tmp_path: Path, changes: dict[str, object], expected: str
) -> None:
    write_folder(tmp_path, {"data/train-000000.tar": [sample(1), sample(2)]})
    rows = json.loads((tmp_path / "manifest.json").read_text())["shards"]
    write_manifest(tmp_path, rows, **changes)
    assert problems(tmp_path)[0].startswith(expected)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"{"])
def test_a_manifest_that_is_none_is_found(tmp_path: Path, data: bytes) -> None:
    write_folder(tmp_path, {"data/train-000000.tar": [sample(1)]})
    (tmp_path / "manifest.json").write_bytes(data)
    assert len(problems(tmp_path)) == 1
