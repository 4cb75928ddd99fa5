"""Embedded covers, however old the tag, and whatever player wrote it."""

import base64
from pathlib import Path

import pytest

from mmusset.sources.covers import Cover
from tests.support.fuzz_targets import ape_tag, sevens, unsynchronised
from tests.support.media import piece

from .test_tags import read

DATA = b"\xff\xd8\xff\xe0 a cover\xff\x00 with bytes that are stuffed \xff\xff\x00"


@pytest.mark.parametrize("version", [3, 4])
def test_a_cover_in_an_unsynchronised_tag_comes_out_whole(tmp_path: Path, version: int) -> None:
    piece(tmp_path / "x.mp3", 1)
    (tmp_path / "x.mp3").write_bytes(
        unsynchronised(version, DATA) + (tmp_path / "x.mp3").read_bytes()
    )
    found = read(tmp_path / "x.mp3")
    assert found.covers == (Cover(DATA),)


def test_a_tag_that_only_looks_stuffed_is_left_as_it_is(tmp_path: Path) -> None:
    """A byte 255 before a zero, in a tag that does not say that it is unsynchronised."""
    body = b"\0image/jpeg\0\3\0" + DATA
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    piece(tmp_path / "x.mp3", 1)
    tag = b"ID3\3\0\0" + sevens(len(frame)) + frame
    (tmp_path / "x.mp3").write_bytes(tag + (tmp_path / "x.mp3").read_bytes())
    assert read(tmp_path / "x.mp3").covers == (Cover(DATA),)


@pytest.mark.parametrize("behind", [b"", b"TAG" + bytes(125)])
def test_a_cover_and_a_title_in_an_ape_tag(tmp_path: Path, behind: bytes) -> None:
    piece(tmp_path / "x.mp3", 1)
    for suffix in ("mp3", "wv"):
        path = tmp_path / f"x.{suffix}"
        path.write_bytes(ape_tag((tmp_path / "x.mp3").read_bytes(), DATA) + behind)
        assert read(path).covers == (Cover(DATA),)
        assert read(path).tags.title == "A title"


def test_the_back_in_an_ape_tag_is_known_for_one(tmp_path: Path) -> None:
    piece(tmp_path / "x.mp3", 1)
    (tmp_path / "x.mp3").write_bytes(ape_tag((tmp_path / "x.mp3").read_bytes(), DATA, "Back"))
    assert read(tmp_path / "x.mp3").covers == (Cover(DATA, is_front=False),)


@pytest.mark.parametrize("cut", [20, 33, 60])
def test_an_ape_tag_that_is_damaged_says_nothing(tmp_path: Path, cut: int) -> None:
    piece(tmp_path / "x.mp3", 1)
    tagged = ape_tag((tmp_path / "x.mp3").read_bytes(), DATA)
    (tmp_path / "x.mp3").write_bytes(tagged[:-cut] + bytes(cut))
    assert read(tmp_path / "x.mp3").covers == ()


def test_a_cover_as_text_of_a_vorbis_comment(tmp_path: Path) -> None:
    """COVERART, from before there was METADATA_BLOCK_PICTURE."""
    piece(tmp_path / "x.flac", 1)
    data = (tmp_path / "x.flac").read_bytes()
    comment = b"COVERART=" + base64.b64encode(DATA)
    block = len(b"me").to_bytes(4, "little") + b"me" + (1).to_bytes(4, "little")
    block += len(comment).to_bytes(4, "little") + comment
    # Behind STREAMINFO; what libsndfile wrote there becomes padding's business.
    head = data[:42]
    (tmp_path / "x.flac").write_bytes(
        head[:4] + b"\0" + head[5:] + b"\4" + len(block).to_bytes(3, "big") + block + data[42:]
    )
    assert read(tmp_path / "x.flac").covers == (Cover(DATA),)
