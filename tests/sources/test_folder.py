"""A folder as a source: every name once, in the order of its bytes, with nothing followed."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.errors import UsageError
from mmusset.sources.folder import walk
from mmusset.sources.left_out import DELETED, OF_A_SYSTEM, UNKNOWN, why_by_suffix
from mmusset.sources.source import SUFFIXES, Entry, kind_of
from tests.support.hostile import odd_names


def skips(folder: Path) -> dict[bytes, str]:
    """Why each entry is left out; "" for those that are not."""
    return {entry.path: entry.skip for entry in walk(folder)}


def write(path: Path, data: bytes = b"x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_entries_come_in_the_order_of_the_bytes_of_the_whole_path(tmp_path: Path) -> None:
    names = ["a/z.mp3", "a.mp3", "B.mp3", "a/b/c.mp3", "a b.mp3", "é.mp3"]
    for name in names:
        write(tmp_path / name)
    assert [entry.path for entry in walk(tmp_path)] == sorted(os.fsencode(name) for name in names)


def test_an_entry_tells_size_and_time(tmp_path: Path) -> None:
    write(tmp_path / "song.FLAC", b"12345")
    os.utime(tmp_path / "song.FLAC", ns=(0, 1_700_000_000_123_456_789))
    assert list(walk(tmp_path)) == [Entry(b"song.FLAC", "music", 5, 1_700_000_000_123_456_789)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.Mp3", "music"),
        ("a.aif", "music"),
        ("a.b.JPEG", "image"),
        ("a.webm", "video"),
        ("a.story.txt", "text"),
        ("Thumbs.db", "other"),
        ("desktop.ini", "other"),
        ("mp3", "other"),
    ],
)
def test_the_suffix_says_the_kind(name: str, kind: str) -> None:
    assert kind_of(name.encode()) == kind


def test_what_is_no_media_file_is_left_out_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path / "song.mp3")
    write(tmp_path / "nothing.mp3", b"")
    write(tmp_path / "Thumbs.db")
    write(tmp_path / ".DS_Store")
    write(tmp_path / ".trash/old.mp3")
    write(tmp_path / "out/.mmusset/ledger.db")
    write(tmp_path / "out/data/train-000000.tar")
    assert skips(tmp_path) == {
        b".DS_Store": "hidden",
        b".trash": "deleted: it lies in a recycle bin",
        b"Thumbs.db": "a system's own, such as thumbnails",
        b"nothing.mp3": "empty file",
        b"out": "a dataset of mmusset",
        b"song.mp3": "",
    }


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        *((name, DELETED) for name in ("$RECYCLE.BIN/S-1-5-21", "$Recycle.Bin", "RECYCLER")),
        *((name, DELETED) for name in ("#recycle", "@Recycle", ".Trash-1000/files", ".Trashes")),
        *((name, OF_A_SYSTEM) for name in ("@eaDir", "__MACOSX", "System Volume Information")),
        *((name, OF_A_SYSTEM) for name in ("lost+found", "#snapshot", "found.000")),
        *((name, "hidden") for name in (".thumbnails", ".AppleDouble")),
    ],
)
def test_bins_and_thumbnails_are_not_the_library(tmp_path: Path, folder: str, why: str) -> None:
    """However much is in them, each is one entry."""
    for name in ("song.mp3", "cover.jpg", "deeper/song.mp3"):
        write(tmp_path / "album" / folder / name)
    write(tmp_path / "album/song.mp3")
    root = os.fsencode("album/" + folder.split("/")[0])
    assert skips(tmp_path) == {root: why, b"album/song.mp3": ""}


@pytest.mark.parametrize("album", ["Trash", "Recycle", "Recycler", "Lost and Found", "Desktop"])
def test_an_album_may_be_named_like_a_bin(tmp_path: Path, album: str) -> None:
    write(tmp_path / album / "song.mp3")
    assert skips(tmp_path) == {os.fsencode(album) + b"/song.mp3": ""}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("mix.m3u8", "a playlist, which names other files"),
        ("album.cue", "a cue sheet, which names parts of another file"),
        ("Booklet.PDF", "a document"),
        ("album.zip", "an archive: unpack it"),
        ("song.als", "a project of a music program: export it as FLAC"),
        ("song.mod", "notes and no sound: render it to FLAC"),
        ("song.ape", "sound in a format that mmusset does not read: convert it to FLAC"),
        ("film.rmvb", "a video in a format that mmusset does not read: convert it to MP4"),
        ("photo.CR2", "a picture in a format that mmusset does not read: save it as JPEG"),
        ("song.mp3.part", "an unfinished download"),
        ("._song.mp3", "hidden"),
        ("desktop.ini", OF_A_SYSTEM),
        ("README", "a document"),
        ("song", "its name has no suffix that tells what it is"),
        ("song.", "its name has no suffix that tells what it is"),
        ("song.qqq", UNKNOWN),
    ],
)
def test_a_file_that_is_left_out_is_called_what_it_is(tmp_path: Path, name: str, why: str) -> None:
    write(tmp_path / name)
    assert skips(tmp_path) == {os.fsencode(name): why}


def test_what_is_read_is_nowhere_called_unread() -> None:
    read = [suffix for suffixes in SUFFIXES.values() for suffix in suffixes]
    assert {why_by_suffix(b"x" + suffix) for suffix in read} == {UNKNOWN}


def test_links_and_pipes_are_not_followed_or_opened(tmp_path: Path) -> None:
    fates = odd_names(tmp_path / "source")
    found = skips(tmp_path / "source")
    for reason in ("a link", "not a regular file", "hidden", "a document"):
        named = {name for name, fate in fates.items() if fate == reason}
        assert named == {path for path, skip in found.items() if skip == reason}


def test_names_in_two_unicode_forms_or_in_none_stay_apart(tmp_path: Path) -> None:
    names = {"é.mp3".encode(), "e\u0301.mp3".encode(), b"\xe9.mp3"}
    for name in names:
        write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)))
    assert skips(tmp_path).keys() == names


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is open to root")
def test_what_is_closed_to_us_is_told(tmp_path: Path) -> None:
    write(tmp_path / "closed.mp3")
    write(tmp_path / "folder/song.mp3")
    (tmp_path / "closed.mp3").chmod(0)
    (tmp_path / "folder").chmod(0)
    try:
        found = skips(tmp_path)
        with pytest.raises(UsageError, match=r"can't be read"):
            walk(tmp_path / "folder" / "inner")
    finally:
        (tmp_path / "folder").chmod(0o700)
    assert found == {b"closed.mp3": "can't be read", b"folder": "can't be read"}


def test_a_source_that_is_no_folder_is_a_usage_error(tmp_path: Path) -> None:
    write(tmp_path / "file")
    with pytest.raises(UsageError, match="is not a folder"):
        walk(tmp_path / "file")
    with pytest.raises(UsageError, match="is not there"):
        walk(tmp_path / "nothing")


def test_a_very_deep_tree_is_walked(tmp_path: Path) -> None:
    write(tmp_path.joinpath(*["d"] * 300) / "song.mp3")
    (entry,) = walk(tmp_path)
    assert entry.path.count(b"/") == 300


@pytest.mark.parametrize("out", ["out", "../source/out", ".hidden/out"])
def test_what_is_made_of_a_source_is_no_part_of_it(tmp_path: Path, out: str) -> None:
    write(tmp_path / "source/song.mp3")
    write(tmp_path / "source/outside.mp3")
    write(tmp_path / "source" / out / ".mmusset/ledger.db")
    found = walk(tmp_path / "source", tmp_path / "source" / out)
    assert [entry.path for entry in found] == [b"outside.mp3", b"song.mp3"]


def test_a_source_whose_name_is_too_long_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="can't be read: File name too long"):
        walk(Path("a" * 5000))


@given(st.binary())
def test_any_bytes_have_a_kind(name: bytes) -> None:
    assert kind_of(name) == kind_of(name.upper())
