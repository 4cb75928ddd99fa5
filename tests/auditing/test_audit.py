"""`mmusset audit`: captions that exist, by their own sound and by other music's."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mmusset.sources.default_out import audit_out
from tests.support.command import SHORT, mmusset
from tests.support.media import RATE_HZ, library

SECONDS = 6.0
ESCAPED = "<script>alert(1)</script>"


def sounding(path: Path, loud: bool, number: int, seconds: float = SECONDS) -> None:
    """A loud beat of noise with a bright tone, or a quiet low chord without any drums."""
    rng = np.random.default_rng(number)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    if loud:
        since = time_s % 0.25
        sound = 0.9 * np.exp(-40 * since) * rng.standard_normal(len(time_s))
        sound += 0.3 * np.sin(2 * np.pi * (1500 + 10 * number) * time_s)
    else:
        sound = sum(np.sin(2 * np.pi * (110 + number) * ratio * time_s) for ratio in (1, 1.26, 1.5))
        sound = 0.02 * sound
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(sound, -0.95, 0.95), RATE_HZ)


LOUD = "A loud, bright piece. It is energetic."
QUIET = "A quiet, dark piece."


def captioned(folder: Path, wrong: bool = False) -> Path:
    """Ten loud pieces and ten quiet ones by turns, with captions of theirs or of the others'."""
    for number in range(20):
        loud = bool(number % 2)
        sounding(folder / f"{number:02d}.wav", loud, number)
        text = LOUD if loud != wrong else QUIET
        (folder / f"{number:02d}.caption.txt").write_text(text)
    return folder


def audited(source: Path, out: Path, *words: str) -> dict[str, Any]:
    done = mmusset("audit", source, "--out", out, *words)
    assert done.returncode == 0, done.stderr
    findings: dict[str, Any] = json.loads((out / "audit.json").read_text())
    return findings | {"text": done.stdout}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captioned(tmp_path_factory.mktemp("audit") / "songs")


def test_captions_of_their_own_music_are_supported_and_moved_ones_are_not(
    source: Path, tmp_path: Path
) -> None:
    found = audited(source, tmp_path / "out")
    assert len(found["captions"]) == 20
    assert found["all"]["contradicted"] == 0
    assert found["by_attribute"]["loudness"]["supported"] == 20
    assert found["moved"]["counts"]["contradicted"] >= 40
    assert found["moved"]["low"] > 0.5
    assert "100.0% of" in found["text"]
    assert "shows nothing" not in found["text"]
    assert found["worst"] == []
    assert "No caption is contradicted." in (tmp_path / "out/audit.html").read_text()


def test_false_statements_are_listed_with_both_sides(source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "songs")
    (tmp_path / "songs/03.caption.txt").write_text(f"{ESCAPED} A quiet, bright piece.")
    found = audited(tmp_path / "songs", tmp_path / "out")
    (worst,) = found["worst"]
    assert worst["music_path"] == "03.wav"
    claims = {claim["attribute"]: claim for claim in worst["claims"]}
    assert claims["loudness"]["verdict"] == "contradicted"
    assert claims["loudness"]["measured"].endswith("LUFS")
    assert claims["brightness"]["verdict"] == "supported"
    assert '"quiet" says loudness quiet; measured' in found["text"]
    page = (tmp_path / "out/audit.html").read_text()
    assert '<mark class="contradicted"' in page
    assert ESCAPED not in page


def test_captions_that_fit_any_music_show_nothing(tmp_path: Path) -> None:
    """All say the same of music that is all alike: they would be as true of each other."""
    for number in range(8):
        sounding(tmp_path / f"songs/{number}.wav", loud=False, number=number)
        (tmp_path / f"songs/{number}.caption.txt").write_text(QUIET)
    found = audited(tmp_path / "songs", tmp_path / "out")
    assert found["all"]["contradicted"] == 0
    assert "this audit shows nothing about whether they belong to theirs" in found["text"]


@pytest.mark.slow
def test_captions_that_came_to_the_wrong_music_are_noticed(tmp_path: Path) -> None:
    found = audited(captioned(tmp_path / "songs", wrong=True), tmp_path / "out")
    assert found["all"]["contradicted"] >= 40
    assert found["moved"]["high"] < 0
    assert "they may have come to the wrong music" in found["text"]


def test_what_can_not_be_judged_is_counted_with_its_reason(tmp_path: Path) -> None:
    songs = tmp_path / "songs"
    for number in range(3):
        sounding(songs / f"{number}.wav", loud=True, number=number)
    (songs / "0.json").write_text(json.dumps({"caption": LOUD}))
    (songs / "1.json").write_text(json.dumps({"bpm": 120}))  # no caption, and no fault either
    (songs / "2.caption.txt").write_text("Somebody recorded this in 1997.")
    sounding(songs / "short.wav", loud=True, number=9, seconds=1.0)
    (songs / "short.caption.txt").write_text(LOUD)
    (songs / "broken.mp3").write_bytes(b"no music at all")
    (songs / "broken.caption.txt").write_text(LOUD)
    found = audited(songs, tmp_path / "out")
    assert [each["music_path"] for each in found["captions"]] == ["0.wav", "2.wav"]
    assert found["silent"] == 1
    assert found["skipped"]["too short to be measured"] == ["short.wav: 1.00 s of 2 s"]
    assert any("broken.mp3" in path for paths in found["skipped"].values() for path in paths)
    assert "say nothing that can be judged" in found["text"]


def test_a_table_names_music_stretches_and_captions(tmp_path: Path) -> None:
    """One file, of which the first six seconds are loud, and the others quiet."""
    loud, quiet, both = (tmp_path / name for name in ("loud.wav", "quiet.wav", "both.wav"))
    sounding(loud, loud=True, number=1)
    sounding(quiet, loud=False, number=1)
    sounds = [soundfile.read(path)[0] for path in (loud, quiet)]
    soundfile.write(both, np.concatenate(sounds), RATE_HZ)
    table = tmp_path / "captions.csv"
    rows = [("both.wav", 0, 6, LOUD), ("both.wav", 6, 12, LOUD)]
    lines = (f'{file},{start},{end},"{text}"' for file, start, end, text in rows)
    table.write_text("\n".join(["path,start_s,end_s,caption", *lines]) + "\n")
    found = audited(table, tmp_path / "out")
    right, wrong = found["captions"]
    assert {claim["verdict"] for claim in right["claims"]} == {"supported"}
    verdicts = [claim["verdict"] for claim in wrong["claims"]]
    assert "contradicted" in verdicts
    assert "supported" not in verdicts


def test_what_a_build_wrote_is_audited_too(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 4), tmp_path / "out"
    assert mmusset("build", "--source", source, "--out", out, *SHORT).returncode == 0
    found = audited(out, tmp_path / "audit")
    assert len(found["captions"]) == 4
    assert found["all"]["supported"] > 4
    assert found["all"]["contradicted"] == 0
    # Where its source is there, a clip's piece is known, and what belongs to the piece measured.
    assert {Path(each["cut_from"]).parent.parent for each in found["captions"]} == {source}
    source.rename(tmp_path / "elsewhere")
    alone = audited(out, tmp_path / "again")
    assert {each["cut_from"] for each in alone["captions"]} == {""}
    assert alone["all"]["supported"] <= found["all"]["supported"]


def test_it_is_written_beside_what_it_is_of(source: Path, tmp_path: Path) -> None:
    songs = tmp_path / "below" / "songs"
    shutil.copytree(source, songs)
    done = mmusset("audit", songs, "--sample", "2")
    assert done.returncode == 0
    assert f"all of it: {songs}-audit/audit.html" in done.stderr
    assert audit_out("hf://ann/songs") == Path("songs-audit")
    assert audit_out(str(songs / "*.tar")) == Path(f"{songs}-audit")


def test_a_sample_is_drawn_alike_each_time(source: Path, tmp_path: Path) -> None:
    first, second = (audited(source, tmp_path / n, "--sample", "5") for n in ("a", "b"))
    assert first["captions"] == second["captions"]
    assert len(first["captions"]) == 5


def test_a_source_without_captions_says_what_it_needs(tmp_path: Path) -> None:
    sounding(tmp_path / "songs/1.wav", loud=True, number=1)
    done = mmusset("audit", tmp_path / "songs", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "give each song.mp3 a song.caption.txt" in done.stderr
    assert not (tmp_path / "out").exists()


def test_nothing_is_built(source: Path, tmp_path: Path) -> None:
    before = sorted(source.rglob("*"))
    done = mmusset("audit", source, "--out", tmp_path / "out", "--json")
    assert json.loads(done.stdout)["all"]["statements"] >= 40
    assert sorted(source.rglob("*")) == before
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"audit.html", "audit.json"}
