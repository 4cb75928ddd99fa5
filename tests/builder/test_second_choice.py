"""Builds of folders whose nearest pictures can't be used, and of formats of every kind."""

import io
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mmusset.shards.tar import read_shard
from tests.builder.test_hostile import fates
from tests.sources.test_tags import FRONT, cover, tagged_mp3
from tests.support.cards import card
from tests.support.command import SHORT, mmusset
from tests.support.media import piece
from tests.support.sounds import encoded, filmed, put


def test_a_sample_says_that_its_picture_is_the_second_choice(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    for album in ("embedded", "same name", "small"):
        (source / album).mkdir(parents=True)
        card().save(source / album / "folder.jpg")
    tagged_mp3(source / "embedded/song.mp3", cover(FRONT, b"no picture"))
    piece(source / "same name/song.wav", 2)
    (source / "same name/song.jpg").write_text("<html>404</html>")
    piece(source / "small/song.wav", 3)
    card((20, 20)).save(source / "small/cover.jpg")
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    assert origins(out) == ["folder, second choice"] * 3
    assert fates(out) == {
        "same name/song.jpg": "picture can't be decoded",
        "small/cover.jpg": "picture is too small",
    }
    told = mmusset("explain", out, "embedded/song.mp3").stdout
    assert "folder.jpg, the folder's cover, since nearer ones can't be used" in told


@pytest.mark.slow
def test_sound_in_a_video_s_container_and_unread_formats(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    rng = np.random.default_rng(1)
    swell = np.linspace(0, 0.2, 3 * 44100)[:, None]
    sound = (rng.standard_normal((3 * 44100, 2)) * swell).clip(-0.9, 0.9)
    (source / "alone.mp4").write_bytes(encoded(sound.astype(np.float32), "m4a"))
    with_cover(source / "attached.mka", sound[::-1].astype(np.float32))
    card().save(source / "alone.png")
    # A film of one colour, as a sound is put up, has the picture beside it.
    dull = [np.full((120, 160, 3), 16, np.uint8)] * 20
    filmed(source / "dull.mp4", (sound * 0.9).astype(np.float32), dull)
    card().rotate(180).save(source / "dull.png")
    (source / "old.ape").write_bytes(b"MAC " + bytes(100))
    (source / "photo.jxl").write_bytes(b"\xff\x0a" + bytes(100))
    (source / "list.m3u").write_text("alone.mp4")
    kept = ("--set", "tags.keep=[title]")
    done = mmusset("build", "--source", source, "--out", out, *SHORT, *kept)
    assert done.returncode == 0, done.stderr
    assert fates(out) == {
        "list.m3u": "a playlist, which names other files",
        "old.ape": "sound in a format that mmusset does not read: convert it to FLAC",
        "photo.jxl": "a picture in a format that mmusset does not read: save it as JPEG",
    }
    assert origins(out) == ["embedded", "stem", "stem"]
    assert {facts["tags"]["title"] for facts in facts_of(out)} == {"", "A title of Matroska"}


def facts_of(out: Path) -> list[dict[str, Any]]:
    """The facts of all samples."""
    samples = [m for shard in (out / "data").iterdir() for _, m in read_shard(shard)]
    return [json.loads(members["json"]) for members in samples]


def origins(out: Path) -> list[str]:
    """Where the pictures of all samples come from."""
    return sorted(facts["image"]["origin"] for facts in facts_of(out))


def with_cover(path: Path, samples: np.ndarray) -> None:
    """Matroska sound with a cover attached."""
    file = io.BytesIO()
    card((160, 120)).save(file, "JPEG")
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("aac", rate=44100, layout="stereo", bit_rate=192_000)
        container.metadata["title"] = "A title of Matroska"
        container.add_attachment("cover.jpg", "image/jpeg", file.getvalue())
        put(container, stream, samples)
