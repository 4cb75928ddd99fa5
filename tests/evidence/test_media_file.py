"""A source file is opened once: what is hashed is what is decoded, and no failed read is lost."""

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmusset.errors import Unread, Unusable
from mmusset.evidence import media_file
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from tests.support.media import piece


def test_a_file_put_in_its_place_is_never_taken_for_it(tmp_path: Path) -> None:
    song, other = tmp_path / "song.wav", tmp_path / "other.wav"
    piece(song, 1)
    piece(other, 2)
    was, sound = song.read_bytes(), soundfile.read(song, dtype="float32", always_2d=True)[0]
    with pytest.raises(Unread, match="changed while it was read"), MediaFile(song) as media:
        other.replace(song)
        assert media.sha256() == hashlib.sha256(was).hexdigest()
        window = open_sound(media).window(0.0, 1.0)
        assert np.array_equal(window, sound[: len(window)])


def test_a_file_written_over_meanwhile_is_not_used(tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    piece(song, 1)
    with pytest.raises(Unread, match="changed while it was read"), MediaFile(song) as media:
        media.sha256()
        piece(song, 2)


def test_a_file_deleted_meanwhile_was_read_all_the_same(tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    piece(song, 1)
    was = hashlib.sha256(song.read_bytes()).hexdigest()
    with MediaFile(song) as media:
        song.unlink()
        assert media.sha256() == was


def test_a_file_is_hashed_again_where_its_bytes_changed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool that sets the old time leaves another time of the change itself."""
    monkeypatch.setattr(media_file, "SETTLED_S", 0.0)
    song = tmp_path / "song.txt"
    song.write_bytes(b"one")
    with MediaFile(song) as media:
        media.sha256()
    times = song.stat()
    time.sleep(0.02)  # a file system's clock has steps
    song.write_bytes(b"two")
    os.utime(song, ns=(times.st_atime_ns, times.st_mtime_ns))
    with MediaFile(song) as media:
        assert media.sha256() == hashlib.sha256(b"two").hexdigest()


def test_a_file_that_nobody_changes_is_read_once_to_be_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_file, "SETTLED_S", 0.0)
    (tmp_path / "song.txt").write_bytes(b"one")
    read = list[int]()

    class Watched(MediaFile):
        def read_at(self, place: int, size: int) -> bytes:
            read.append(place)
            return super().read_at(place, size)

    def hashed() -> str:
        with Watched(tmp_path / "song.txt") as media:
            return media.sha256()

    first, reads = hashed(), len(read)
    assert (hashed(), len(read)) == (first, reads)
    assert first == hashlib.sha256(b"one").hexdigest()


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a", ".mp4"])
def test_no_decoder_takes_a_failed_read_for_a_damaged_file(suffix: str) -> None:
    """Linux gives EIO, as a broken disk does, to who reads this file."""
    with pytest.raises(Unread, match="Input/output error"), MediaFile(Path("/proc/self/mem")) as m:
        m.suffix = suffix
        open_sound(m)


def test_a_link_a_pipe_and_nothing_are_told_apart(tmp_path: Path) -> None:
    piece(tmp_path / "song.wav", 1)
    (tmp_path / "link.wav").symlink_to(tmp_path / "song.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    for name in ("link.wav", "pipe.wav"):
        with pytest.raises(Unusable, match="not a regular file"):
            MediaFile(tmp_path / name)
    with pytest.raises(Unusable, match="file is gone"):
        MediaFile(tmp_path / "gone.wav")


def test_readers_keep_their_own_places(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(bytes(range(256)) * 1000)
    with MediaFile(tmp_path / "x.txt") as media:
        first, second = media.reader(), media.reader()
        first.seek(-3, os.SEEK_END)
        assert second.read(2) == b"\x00\x01"
        assert first.read() == b"\xfd\xfe\xff"
        with pytest.raises(OSError, match="Invalid argument"):
            second.raw.seek(-1)
