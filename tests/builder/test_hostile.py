"""A build over folders that mean harm: it ends, stays small, and accounts for every entry."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import SHORT, environment, mmusset
from tests.support.hostile import hostile_folder, odd_names


def fates(out: Path) -> dict[str, str]:
    """Every file's fate as `status --json` tells it, by path."""
    told = json.loads(mmusset("status", out, "--json").stdout)
    tally = told["tally"]
    assert tally["undecided"] == 0
    lost = {item["path"]: item["reason"] for item in told["lost"]}
    assert len(lost) == tally["rejected"] + tally["failed"]
    skipped = {path: reason for path, reason, _ in told["skipped"]}
    assert len(skipped) == tally["skipped"]
    return lost | skipped


def test_bad_media_cost_only_themselves(tmp_path: Path) -> None:
    expected = hostile_folder(tmp_path / "source")
    done = mmusset("build", "--source", tmp_path / "source", "--out", tmp_path / "out", *SHORT)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    found = fates(tmp_path / "out")
    assert found == {name: fate for name, fate in expected.items() if fate != "accepted"}
    assert mmusset("verify", tmp_path / "out").stdout == "2 samples read, no problems\n"


@pytest.mark.slow
def test_odd_names_are_safe_and_accounted_for(tmp_path: Path) -> None:
    expected = odd_names(tmp_path / "source")
    done = mmusset("build", "--source", tmp_path / "source", "--out", tmp_path / "out", *SHORT)
    assert done.returncode == 0, done.stderr
    found = fates(tmp_path / "out")
    lost = {name: fate for name, fate in expected.items() if fate != "accepted"}
    assert found == {os.fsdecode(name): fate for name, fate in lost.items()}
    accepted = sum(fate == "accepted" for fate in expected.values())
    assert mmusset("verify", tmp_path / "out").stdout == f"{accepted} samples read, no problems\n"
    for name in (tmp_path / "out" / "data").iterdir():
        assert b"\xe9" not in name.read_bytes()[:512], "keys never come from names"


def test_names_are_shown_without_their_control_characters(tmp_path: Path) -> None:
    odd_names(tmp_path / "source")
    shown = mmusset("scan", tmp_path / "source", *SHORT).stdout
    assert "\x1b" not in shown and "\u202e" not in shown


@pytest.mark.slow
def test_a_bomb_does_not_fill_the_memory(tmp_path: Path) -> None:
    hostile_folder(tmp_path / "source")
    words = ["build", "--source", str(tmp_path / "source"), "--out", str(tmp_path / "out"), *SHORT]
    # In a process of its own: this one has had other children.
    script = (
        "import resource, subprocess, sys\n"
        "command = [sys.executable, '-m', 'mmusset', *sys.argv[1:]]\n"
        "subprocess.run(command, capture_output=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    largest_mb = int(done.stdout) / 1024
    assert largest_mb > 30, "a build was measured"
    assert largest_mb < 600


@pytest.mark.parametrize(
    ("marker", "where"),
    [(b"SECRETARTIST", "tags"), (b"SECRETEXIF", "exif"), (b"SECRETNAME", "file name")],
)
def test_nothing_private_reaches_the_shards(tmp_path: Path, marker: bytes, where: str) -> None:
    from PIL import Image

    from tests.support.media import picture, piece

    source = tmp_path / "source"
    piece(source / "SECRETNAME.flac", 1)
    picture(source / "plain.png", 1)
    exif = Image.Exif()
    exif[0x010E] = "SECRETEXIF"
    with Image.open(source / "plain.png") as image:
        image.save(source / "SECRETNAME.jpg", exif=exif, comment=b"SECRETEXIF")
    (source / "plain.png").unlink()
    tag_flac(source / "SECRETNAME.flac", "SECRETARTIST")
    assert mmusset("build", "--source", source, "--out", tmp_path / "out", *SHORT).returncode == 0
    (shard,) = (tmp_path / "out" / "data").iterdir()
    published = shard.read_bytes() + (tmp_path / "out" / "manifest.json").read_bytes()
    assert marker not in published, f"what the {where} say is private"


def tag_flac(path: Path, artist: str) -> None:
    """Write the piece again, with an artist in its tags."""
    import soundfile

    samples, rate_hz = soundfile.read(path)
    with soundfile.SoundFile(path, "w", rate_hz, samples.shape[1], format="FLAC") as file:
        file.artist = artist
        file.write(samples)
