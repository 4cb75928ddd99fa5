"""Builds of tables: their captions, pictures and stretches become samples, and nothing leaks."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.builder.test_hostile import fates
from tests.support.command import SHORT, mmusset
from tests.support.marking import samples
from tests.support.media import picture, piece

CAPTION = "Somebody plays the piano, number {}."


def facts_of(out: Path) -> dict[str, dict[str, Any]]:
    """Each sample's JSON by its caption."""
    return {m["caption.txt"].decode(): json.loads(m["json"]) for m in samples(out).values()}


def built(source: Path, out: Path, *options: str) -> dict[str, dict[str, Any]]:
    done = mmusset("build", "--source", source, "--out", out, *SHORT, *options)
    assert done.returncode == 0, done.stderr
    assert mmusset("verify", out).returncode == 0
    return facts_of(out)


def table(path: Path, *rows: dict[str, object]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue())
    return path


def test_a_table_gives_captions_pictures_stretches_and_tags(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    piece(source / "long.wav", 1, 12.0)
    for number in range(3):
        picture(source / f"art/{number}.png", number)
    piece(source / "cut.wav", 2, 3.0)
    rows = [
        {"audio": "long.wav", "start_s": start, "end_s": start + 3, "caption": CAPTION.format(n)}
        | {"image": f"art/{n}.png", "artist": f"Of a guest {n}"}
        for n, start in enumerate((0, 6))
    ]
    # This one was cut when it was downloaded: where it lay in the whole, nobody needs to know.
    rows.append(rows[0] | {"audio": "cut.wav", "start_s": 30, "end_s": 33, "image": "art/2.png"})
    rows[-1] |= {"caption": CAPTION.format(2), "artist": "Ann"}
    rows.append(rows[0] | {"audio": "gone.wav"})
    found = built(table(source / "clips.csv", *rows), out, "--set", "tags.keep=[artist]")
    assert set(found) == {CAPTION.format(n) for n in range(3)}
    first, second, third = (found[CAPTION.format(n)] for n in range(3))
    assert first["group"] == second["group"] != third["group"]
    assert first["source_sha256"] != second["source_sha256"]
    assert {f["image"]["origin"] for f in found.values()} == {"named"}
    assert third["tags"]["artist"] == "Ann"
    assert {f["caption"]["writer"] for f in found.values()} == {"given"}
    assert first["music_evidence"]["duration_s"] == pytest.approx(2.0, abs=0.1)
    assert fates(out)["clips.csv#4"] == "the table names music that is not there"
    assert "named by the source's table or shard" in mmusset("explain", out, "long#2.wav").stdout
    replayed = mmusset("build", "--source", source / "clips.csv", "--out", out, *SHORT, "--replay")
    assert replayed.returncode == 1, "another recipe: without tags.keep"


@pytest.mark.slow
def test_a_parquet_table_that_holds_its_sounds_and_pictures(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    source, out, rows = tmp_path / "source", tmp_path / "out", []
    for number in range(3):
        piece(tmp_path / f"{number}.flac", number)
        picture(tmp_path / f"{number}.png", number)
        sound, shown = (tmp_path / f"{number}{s}" for s in (".flac", ".png"))
        audio = {"bytes": sound.read_bytes(), "path": f"{number}.flac" if number else None}
        image = {"bytes": shown.read_bytes(), "path": None}
        rows.append({"audio": audio, "image": image, "caption": CAPTION.format(number)})
    rows.append(
        {"audio": {"bytes": b"", "path": "x.wav"}, "image": rows[0]["image"], "caption": ""}
    )
    source.mkdir()
    (source / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), source / "data/train-0.parquet", row_group_size=2)
    found = built(source, out)
    assert set(found) == {CAPTION.format(n) for n in range(3)}
    assert {f["image"]["origin"] for f in found.values()} == {"named"}
    assert fates(out)["data/train-0.parquet#4.wav"] == "the table holds no bytes for it"


def test_a_mapped_column_that_is_not_there_is_a_mistake_of_the_command(tmp_path: Path) -> None:
    piece(tmp_path / "a.wav", 1)
    source = table(tmp_path / "t.csv", {"sound": "a.wav", "words": "A slow piano."})
    columns = ("--set", "source.columns={music: sound, caption: word}")
    done = mmusset("scan", source, *columns)
    assert done.returncode == 2
    assert "the table has no column 'word'; did you mean words?" in done.stderr
