"""Shards are read whole, from wherever they are, and nothing in them is run or unpickled."""

import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmusset.errors import MmussetError, UsageError
from mmusset.evidence.still import FORMATS, open_image
from mmusset.shards.reader import (
    BadSample,
    decoded,
    listed_samples,
    raw_samples,
    shards_of,
    split_of,
)
from mmusset.training.picture import decode_image
from tests.support.command import python, with_torch
from tests.support.musflow_parts import dataset, remake, tone

TRAIN = "data/train-000000.tar"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return dataset(tmp_path / "out", train_0=[tone(n) for n in range(4)], validation_0=[tone(4)])


def keys(shard: Path) -> list[str]:
    return [key for key, _ in raw_samples(str(shard))]


def test_a_folder_a_glob_and_a_tar_are_sources(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, validation = str(out / TRAIN), str(out / "data/validation-000000.tar")
    assert shards_of(str(out)) == shards_of(str(out / "data")) == [train, validation]
    assert shards_of(str(out / "data" / "train-*.tar")) == shards_of(train) == [train]
    monkeypatch.chdir(out)
    assert shards_of("data/t*.tar") == [TRAIN]
    assert shards_of(".") == [TRAIN, "data/validation-000000.tar"]
    with pytest.raises(UsageError, match="no shards in nowhere"):
        shards_of("nowhere")
    with pytest.raises(UsageError, match=r"\*\*x/"):
        shards_of("**x/*.tar")


def test_a_shards_name_tells_its_split() -> None:
    names = ("data/train-000007.tar", "validation-1.tar", "hf://datasets/a/b/data/test-000000.tar")
    assert [split_of(name) for name in names] == ["train", "validation", "test"]
    assert split_of("my-music.tar") == "train"


def test_members_are_read_as_they_were_written(out: Path) -> None:
    assert list(raw_samples(str(out / TRAIN))) == [
        (f"k0000{n}", tone(n).members()) for n in range(4)
    ]


def test_a_process_of_several_reads_all_that_it_is_given(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert len(keys(out / TRAIN)) == 4


def test_a_sample_is_decoded() -> None:
    read = decoded("k00007", tone(7, seconds=0.25, channels=2).members())
    assert read.sound.shape == (4000, 2)
    assert (read.key, read.rate_hz, read.image.mode) == ("k00007", 16000, "RGB")
    assert read.caption == "A quiet piece, number 7."


def picture(kind: str, size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new("L", size).save(file, kind)
    return file.getvalue()


def wav() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(800), 16000, format="WAV")
    return file.getvalue()


WHOLE = tone(1).members()


@pytest.mark.parametrize(
    ("member", "data", "why"),
    [
        ("music.flac", None, "has no music.flac"),
        ("image.jpg", b"no picture", "image is no JPEG"),
        ("image.jpg", WHOLE["image.jpg"][:300], "image does not decode"),
        ("image.jpg", picture("PNG"), "image is no JPEG"),
        ("image.jpg", picture("JPEG", (8000, 7000)), "8000 x 7000 pixels"),
        ("music.flac", b"no music", "music does not decode"),
        ("music.flac", WHOLE["music.flac"][:2000], "music"),
        ("music.flac", wav(), "no FLAC"),
        ("music.flac", b"", "Format not recognised"),
        ("story.txt", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_can_not_be_used_is_said(member: str, data: bytes | None, why: str) -> None:
    members = {name: part for name, part in WHOLE.items() if name != member}
    if data is not None:
        members[member] = data
    with pytest.raises(BadSample, match=why):
        decoded("k00001", members)


@pytest.mark.parametrize("size", [(10_000, 9_000), (20_000, 10_000)])
def test_pictures_with_far_too_many_pixels_are_not_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(BadSample, match="pixels"):
        decode_image(picture("PNG", size))


def test_nothing_but_the_error_is_said_of_too_many_pixels(tmp_path: Path) -> None:
    """Pillow warns of them by itself, where warnings are no errors."""
    (tmp_path / "huge.png").write_bytes(picture("PNG", (10_000, 9_000)))
    (tmp_path / "huge.jpg").write_bytes(picture("JPEG", (10_000, 9_000)))
    script = """
import sys
from pathlib import Path
from mmusset.shards.reader import BadSample, decoded
from mmusset.training.picture import decode_image
from tests.support.musflow_parts import tone

members = tone(1).members() | {"image.jpg": Path(sys.argv[2]).read_bytes()}
for read in (lambda: decode_image(Path(sys.argv[1]).read_bytes()), lambda: decoded("k1", members)):
    try:
        read()
    except BadSample as error:
        print(error)
"""
    files = (tmp_path / "huge.png", tmp_path / "huge.jpg")
    done = python("-c", script, *files, server=with_torch)
    assert done.stdout == 2 * "its image has 10000 x 9000 pixels\n"
    assert done.stderr == ""


def test_pictures_of_the_user_may_be_of_any_kind_that_a_build_takes() -> None:
    for kind in FORMATS:
        assert decode_image(picture(kind)).size == (8, 8)
    with pytest.raises(BadSample, match="is no picture"):
        decode_image(b"no picture")
    with pytest.raises(BadSample, match="does not decode"):
        decode_image(WHOLE["image.jpg"][:300])


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def test_pictures_of_the_user_are_seen_as_a_build_sees_them() -> None:
    """Upright, on white, and 16 bits of grey brought to 8."""
    lying = Image.new("RGB", (20, 10), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    grey = Image.fromarray(np.full((8, 8), 257 * 100, np.uint16))
    pictures = {
        "upright": saved(lying, "JPEG", exif=exif),
        "clear": saved(clear, "PNG"),
        "grey": saved(grey, "PNG"),
    }
    found = {name: decode_image(data) for name, data in pictures.items()}
    assert found["upright"].size == (10, 20)
    assert found["clear"].getpixel((3, 3)) == (255, 255, 255)
    assert found["grey"].getpixel((3, 3)) == (100, 100, 100)
    for name, data in pictures.items():
        assert found[name].tobytes() == open_image(data, 1, 1024).tobytes(), name
    with pytest.raises(BadSample, match="say not what is white"):
        decode_image(saved(Image.new("F", (8, 8)), "TIFF"))


def test_a_tar_that_was_cut_is_known(out: Path) -> None:
    """Within a member, within a header, or between two samples."""
    tar = out / TRAIN
    whole = tar.read_bytes()
    with tarfile.open(tar) as file:
        music, third = file.getmember("k00001.music.flac"), file.getmember("k00002.image.jpg")
    (out / "manifest.json").unlink()
    for length in (music.offset_data + 1000, third.offset + 100, third.offset, 0):
        tar.write_bytes(whole[:length])
        with pytest.raises(MmussetError, match="broken or cut short"):
            keys(tar)


def test_a_tar_with_a_damaged_header_is_known(tmp_path: Path) -> None:
    tar = dataset(tmp_path, train_0=[tone(n, seconds=2) for n in range(3)]) / TRAIN
    (tmp_path / "manifest.json").unlink()
    data = bytearray(tar.read_bytes())
    with tarfile.open(tar) as file:
        at = file.getmember("k00001.image.jpg").offset
    data[at + 148 : at + 156] = b"nonsense"  # its checksum
    tar.write_bytes(data)
    with pytest.raises(MmussetError, match="does not end as a tar does"):
        keys(tar)


def test_the_manifest_knows_how_many_samples_there_are(out: Path) -> None:
    tar = out / TRAIN
    assert listed_samples(str(tar)) == 4
    remake(tar, lambda name, data: None if "k00003" in name else data)
    with pytest.raises(MmussetError, match="it holds 3 of 4 samples"):
        keys(tar)
    (out / "manifest.json").write_text("{}")
    assert listed_samples(str(tar)) is None
    assert keys(tar) == ["k00000", "k00001", "k00002"]


def test_a_member_that_stands_twice_is_known(out: Path) -> None:
    tar = out / TRAIN
    twice = io.BytesIO(tar.read_bytes().rstrip(b"\0") + b"\0" * 512)
    with tarfile.open(fileobj=twice) as file:
        last = file.getmembers()[-1]
    end = last.offset_data + -(-last.size // 512) * 512
    whole = tar.read_bytes()
    tar.write_bytes(whole[:end] + whole[last.offset : end] + b"\0" * 1024)
    with pytest.raises(MmussetError, match="duplicate"):
        keys(tar)


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return os.mkdir, (str(self.path),)


def test_nothing_is_unpickled(out: Path, tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    remake(
        out / TRAIN,
        lambda _, data: data,
        k00003__pyd=bomb,
        k00003__pickle=bomb,
        k00003__pth=bomb,
    )
    *_, (key, members) = raw_samples(str(out / TRAIN))
    assert members["pyd"] == members["pickle"] == bomb
    assert decoded(key, members).story == tone(3).quadruple.story.text
    assert not (tmp_path / "exploded").exists()
    pickle.loads(bomb)
    assert (tmp_path / "exploded").exists(), "it was a bomb"


def test_a_shard_that_is_gone_is_named(out: Path) -> None:
    with pytest.raises(MmussetError, match=r"train-000009\.tar is gone"):
        keys(out / "data/train-000009.tar")
