"""Whatever a file says of its size, and whatever it is: no command takes memory without a bound."""

import contextlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.bounded import MB, read_bounded, read_text_bounded
from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.generate.requests import FILE, GenerationRequest, expand, text_of
from mmusset.shards.reader import raw_samples
from mmusset.shards.tar import MEMBERS, headers, read_shard, write_shard
from mmusset.speakers.stub import plan as stub_plan
from mmusset.view.members import Members
from tests.support.command import core, python
from tests.support.samples import sample
from tests.support.thorough import slow

GB = 1000 * MB
SHARD = "data/train-000000.tar"
# Enough to start and work in, and far less than what these files ask for.
ROOM = 3 * GB
Make = Callable[[Path], None]


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A tar's header of a member that says it has so many bytes."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def sparse(path: Path, *parts: tuple[bytes, int]) -> None:
    """A file that holds each of the parts at its offset, and holes between: 10 kB on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for data, offset in parts:
            file.seek(offset)
            file.write(data)
        file.truncate(offset + len(data) + 1024)


def member_of(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> Make:
    """A shard with one member of so many bytes, which are all there, as a hole."""
    end = 512 + size + -size % 512
    return lambda path: sparse(path, (header(name, size, kind), 0), (header("k2.json", 0), end))


def gnu_sparse(path: Path) -> None:
    """A member that is 30 GB of holes by its own account: 2 kB in all."""
    block = bytearray(header("k1.image.jpg", 0, tarfile.GNUTYPE_SPARSE))
    block[386:410] = b"%011o\0%011o\0" % (30 * GB, 0)
    block[483:495] = b"\x80" + (30 * GB).to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(block) + bytes(1024))


def negative(path: Path) -> None:
    """A member that ends where it begins: the next header would be this one, for ever."""
    block = bytearray(header("k1.json", 0))
    block[124:136] = b"\xff" * 10 + b"\xfe\x00"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(block) + bytes(1024))


def many_members(path: Path) -> None:
    """A sample of 20 members, each as large as one may be."""
    step = 512 + 200 * MB
    sparse(path, *((header(f"k1.x{n}", 200 * MB), n * step) for n in range(20)))


def long_names(path: Path) -> None:
    """A header that precedes a header that precedes a header, 5,000 times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    one = header("././@LongLink", 4, tarfile.GNUTYPE_LONGNAME) + b"k1\0".ljust(512, b"\0")
    path.write_bytes(one * 5000 + bytes(1024))


HOSTILE: dict[str, tuple[Make, str]] = {
    "picture": (member_of("k1.image.jpg", 30 * GB), "k1.image.jpg is larger than 64 MB"),
    "music": (member_of("k1.music.flac", 30 * GB), "k1.music.flac is larger than 256 MB"),
    "text": (member_of("k1.story.txt", 5 * MB), "k1.story.txt is larger than 4 MB"),
    "JSON": (member_of("k1.json", 30 * GB), "k1.json is larger than 4 MB"),
    "other": (member_of("k1.npy", 30 * GB), "k1.npy is larger than 256 MB"),
    "sample": (many_members, "k1 is larger than 512 MB"),
    "pax": (member_of("x", 30 * GB, tarfile.XHDTYPE), "a header is larger than 1 MB"),
    "long name": (
        member_of("x", 30 * GB, tarfile.GNUTYPE_LONGNAME),
        "a header is larger than 1 MB",
    ),
    "GNU sparse": (gnu_sparse, "k1.image.jpg is not a plain file"),
    "negative": (negative, "k1.json is not a plain file"),
    "nested": (long_names, "a header can't be read (RecursionError)"),
}


def bounded(script: str, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """A command in a process that may not take more memory than `ROOM`."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({ROOM}, {ROOM}))\n"
    return python("-c", limit + script, *words, server=core)


RUN = "from mmusset.cli.main import main; main()"


@pytest.mark.parametrize("name", [*list(HOSTILE)[::2], *slow(*list(HOSTILE)[1::2])])
def test_a_shard_that_asks_for_memory_is_a_problem_in_one_line(tmp_path: Path, name: str) -> None:
    make, why = HOSTILE[name]
    make(tmp_path / SHARD)
    listed = {"name": SHARD, "samples": 1, "bytes": 1, "sha256": "0" * 64}
    facts = {"format": "mmusset/1", "found": 1, "accepted": 1, "rejected": 0, "failed": 0}
    (tmp_path / "manifest.json").write_text(json.dumps(facts | {"skipped": 0, "shards": [listed]}))
    done = bounded(RUN, "verify", tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{SHARD}: broken tar: {why}" in done.stdout + done.stderr


@pytest.mark.parametrize("name", [*list(HOSTILE)[::2], *slow(*list(HOSTILE)[1::2])])
def test_nothing_that_reads_shards_takes_it(tmp_path: Path, name: str) -> None:
    make, why = HOSTILE[name]
    path = tmp_path / SHARD
    make(path)
    with pytest.raises(tarfile.TarError) as error:
        list(read_shard(path))
    assert str(error.value) == why
    with pytest.raises(MmussetError, match=r"train-000000.tar is broken or cut short \("):
        list(raw_samples(str(path)))
    assert Members().places(path) == {}, "to `view` it is a damaged shard"


def test_the_largest_members_that_are_taken_are_far_larger_than_ours(tmp_path: Path) -> None:
    ours = sample(1)
    shard = write_shard(tmp_path, SHARD, [ours])
    assert list(read_shard(tmp_path / SHARD)) == [("k00001", ours.members())]
    assert shard.size < MB
    member_of("k1.music.flac", 256 * MB)(tmp_path / "x.tar")
    with (tmp_path / "x.tar").open("rb") as file:
        assert [info.size for info in headers(file)] == [256 * MB, 0]


@given(st.lists(st.tuples(st.integers(0, 10239), st.binary(min_size=1, max_size=12)), max_size=6))
def test_a_mutated_shard_is_read_or_is_a_broken_tar(changes: list[tuple[int, bytes]]) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in (*MEMBERS, "ü" * 120):
            info = tarfile.TarInfo(f"k1.{name}")
            info.size = 100
            tar.addfile(info, io.BytesIO(bytes(100)))
    data = bytearray(file.getvalue())
    for place, new in changes:
        data[place : place + len(new)] = new
        start = place - place % 512  # its checksum is made to fit, so that the header is believed
        data[start + 148 : start + 156] = b" " * 8
        data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])
    with contextlib.suppress(tarfile.TarError, OSError):
        list(headers(io.BytesIO(bytes(data))))


# --- files that users give ------------------------------------------------------------------


def test_only_regular_files_are_read_and_only_so_far(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (Path("/dev/zero"), Path("/dev/tty"), pipe):
        with pytest.raises(OSError) as error:
            read_bounded(path, 100)
        assert error.value.strerror in ("it is not a regular file", "No such device or address")
    with pytest.raises(IsADirectoryError):
        read_bounded(tmp_path, 100)
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert read_bounded(tmp_path / "x", 7) == b"\xef\xbb\xbfa\r\nb"
    assert read_text_bounded(tmp_path / "x", 7) == "a\nb"
    with pytest.raises(OSError) as error:
        read_bounded(tmp_path / "x", 6)
    assert error.value.strerror == "it is larger than 0.006 kB"
    assert read_bounded(Path("/proc/self/status"), MB), "it says that it has 0 bytes"


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/full", "PIPE", "FOLDER", "HOLE"])
def test_what_is_no_usual_file_is_one_line_wherever_a_file_is_given(
    tmp_path: Path, path: str
) -> None:
    given = tmp_path / f"{path.strip('/').replace('/', '-')}.yaml"
    if path == "PIPE":
        os.mkfifo(given)
    elif path == "FOLDER":
        given.mkdir()
    elif path == "HOLE":
        sparse(given, (b"", 30 * GB))
    else:
        given.symlink_to(path)
    text = given.with_suffix(".txt")
    text.symlink_to(given)
    with pytest.raises(UsageError, match="can't read"):
        GenerationRequest(Path("x.flac"), image=given).picture()
    with pytest.raises(UsageError, match=r"can't read|longer than|it holds NUL"):
        text_of(str(text), "--story")
    with pytest.raises(UsageError, match="can't read"):
        expand(GenerationRequest(FILE), given, None, ())
    with pytest.raises(UsageError, match="can't read"):
        stub_plan.load(given)
    done = bounded(RUN, "scan", tmp_path, "--recipe", given)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "can't read" in done.stderr
