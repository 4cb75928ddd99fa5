"""Folders that mean harm, or just happen: what a build must survive."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import soundfile

from tests.support.media import picture, piece


def bomb_png(path: Path, side_px: int = 30_000) -> None:
    """Half a megabyte that unpacks to 900 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    packer = zlib.compressobj(1)
    row = bytes(1 + side_px // 8)
    packed = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def silent_flac(path: Path, seconds: int = 3600, rate_hz: int = 8000) -> None:
    """An hour of nothing, in a small file."""
    silence = np.zeros(60 * rate_hz, np.int16)
    with soundfile.SoundFile(path, "w", rate_hz, 1, "PCM_16", format="FLAC") as file:
        for _ in range(seconds // 60):
            file.write(silence)


def truncated(path: Path) -> None:
    """A wav whose header promises more than half of it holds."""
    piece(path, 3, seconds=4.0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])


def truncated_mp3(path: Path) -> None:
    """An mp3 that stops in the middle of a frame."""
    piece(path, 11, seconds=4.0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])


def wrong_suffix(path: Path) -> None:
    """Sound music in a FLAC, whatever the name says."""
    flac = path.with_suffix(".flac")
    piece(flac, 12)
    flac.rename(path)


def hostile_folder(folder: Path) -> dict[str, str]:
    """A folder of all of it, and the fate that each name must meet: a reason, or "accepted"."""
    folder.mkdir(parents=True)
    fates = {}

    def with_picture(name: str, number: int) -> Path:
        picture((folder / name).with_suffix(".png"), number)
        return folder / name

    piece(with_picture("good.wav", 1), 1)
    fates["good.wav"] = "accepted"
    truncated(with_picture("truncated.wav", 2))
    fates["truncated.wav"] = "shorter than a clip"
    truncated_mp3(with_picture("truncated.mp3", 11))
    fates["truncated.mp3"] = "shorter than a clip"
    with_picture("garbage.mp3", 3).write_bytes(np.random.default_rng(3).bytes(5000))
    fates["garbage.mp3"] = "music can't be decoded"
    with_picture("words.flac", 4).write_text("this is no music")
    fates["words.flac"] = "music can't be decoded"
    with_picture("empty.ogg", 5).write_bytes(b"")
    fates["empty.ogg"] = "empty file"
    fates["empty.png"] = "picture of no music"
    silent_flac(with_picture("hour of silence.flac", 6))
    fates["hour of silence.flac"] = "silent"
    piece(folder / "bomb.wav", 7)
    bomb_png(folder / "bomb.png")
    fates["bomb.wav"] = "picture can't be decoded"
    piece(folder / "tiny.wav", 8)
    picture(folder / "tiny.png", 8, size=(20, 90))
    fates["tiny.wav"] = "picture is too small"
    piece(folder / "lonely.wav", 9)
    fates["lonely.wav"] = "no picture: put cover.jpg beside it, or a picture of the same name"
    piece(with_picture("video that is none.mp4", 10).with_suffix(".wav"), 10)
    (folder / "video that is none.wav").rename(folder / "video that is none.mp4")
    fates["video that is none.mp4"] = "accepted"  # sound alone, with a picture of its name
    return fates


def odd_names(folder: Path) -> dict[bytes, str]:
    """Names and kinds of entries that trip programs, and the fate of each."""
    folder.mkdir(parents=True)
    fates = {}
    raw = os.fsencode(folder)
    for number, stem in enumerate(
        (
            b"caf\xe9",
            "e\u0301t\u00e9".encode(),
            "nf\u00e9".encode(),
            "nfe\u0301".encode(),
            b"esc\x1b[31mape",
            "\u202egnp.exe".encode(),
            b"a.b.c",
        )
    ):
        piece(folder / "x.wav", 20 + number)
        picture(folder / "x.png", 20 + number)
        (folder / "x.wav").rename(os.fsdecode(raw + b"/" + stem + b".wav"))
        (folder / "x.png").rename(os.fsdecode(raw + b"/" + stem + b".png"))
        fates[stem + b".wav"] = "accepted"
    piece(folder / "twin.wav", 30)
    piece(folder / "twin.flac", 31)
    picture(folder / "twin.png", 30)
    fates[b"twin.flac"] = "accepted"
    (folder / "copy.wav").write_bytes((folder / "twin.wav").read_bytes())
    picture(folder / "copy.png", 33)
    fates |= {b"copy.wav": "accepted", b"twin.wav": "same bytes as another"}
    wrong_suffix(folder / "a flac.mp3")
    picture(folder / "a flac.png", 12)
    fates[b"a flac.mp3"] = "accepted"
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "passwd.txt").symlink_to("/etc/passwd")
    (folder / "gone.wav").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.wav")
    (folder / ".hidden").mkdir()
    piece(folder / ".hidden" / "song.wav", 34)
    (folder / "notes.md").write_text("a document")
    return fates | {
        b"loop": "a link",
        b"passwd.txt": "a link",
        b"gone.wav": "a link",
        b"pipe.wav": "not a regular file",
        b".hidden": "hidden",
        b"notes.md": "a document",
    }
