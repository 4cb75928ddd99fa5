"""Builds of datasets on the Hub, by a stub of it: tars, Parquet, and files with a table."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.builder.test_shard_source import CAPTION, media, tar_of
from tests.support.command import SHORT, mmusset
from tests.support.hub_stub import hub
from tests.support.marking import samples
from tests.support.media import picture, piece

SOURCE = "hf://user/name"


def built(
    endpoint: str, folder: Path, source: str = SOURCE, *options: str
) -> "subprocess.CompletedProcess[str]":
    variables = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "0"}
    variables["XDG_CACHE_HOME"] = str(folder / "cache")
    words = ("build", "--source", source, "--out", folder / "out", *SHORT, *options)
    return mmusset(*words, variables=variables)


def captions(out: Path) -> set[str]:
    found: list[dict[str, Any]] = [json.loads(m["json"]) for m in samples(out).values()]
    assert {facts["caption"]["writer"] for facts in found} == {"given"}
    return {facts["caption"]["text"] for facts in found}


def test_tars_are_read_where_they_are(tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for number in range(2):
        sound, shown = media(tmp_path / "media", number)
        members |= {f"{number}.flac": sound, f"{number}.png": shown}
        members[f"{number}.txt"] = CAPTION.format(number).encode()
    tar_of(tmp_path / "repo/data/train-0.tar", members)
    with hub(tmp_path / "repo") as (endpoint, _):
        done = built(endpoint, tmp_path)
    assert done.returncode == 0, done.stderr
    assert captions(tmp_path / "out") == {CAPTION.format(0), CAPTION.format(1)}
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_parquet_is_fetched_once_and_only_what_is_asked_for(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    (tmp_path / "repo/data").mkdir(parents=True)
    for number in range(2):
        sound, shown = media(tmp_path / "media", number)
        row = {"audio": {"bytes": sound, "path": "x.flac"}, "text": CAPTION.format(number)}
        row |= {"image": {"bytes": shown, "path": "x.png"}}
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / f"repo/data/{number}.parquet")
    with hub(tmp_path / "repo") as (endpoint, fetched):
        first = built(endpoint, tmp_path, f"{SOURCE}/data/0.parquet")
        assert first.returncode == 0, first.stderr
        assert captions(tmp_path / "out") == {CAPTION.format(0)}
        asked = fetched.count("data/0.parquet")
        assert asked and "data/1.parquet" not in fetched
        assert built(endpoint, tmp_path, f"{SOURCE}/data/0.parquet").returncode == 0
        assert fetched.count("data/0.parquet") == asked


def test_files_with_a_table_are_fetched_one_by_one(tmp_path: Path) -> None:
    rows = ["file_name,caption"]
    for number in range(2):
        piece(tmp_path / f"repo/train/{number}.wav", number)
        picture(tmp_path / f"repo/train/{number}.png", number)
        rows.append(f'{number}.wav,"{CAPTION.format(number)}"')
    (tmp_path / "repo/train/metadata.csv").write_text("\n".join(rows))
    (tmp_path / "repo/README.md").write_text("# A dataset")
    with hub(tmp_path / "repo") as (endpoint, fetched):
        done = built(endpoint, tmp_path)
    assert done.returncode == 0, done.stderr
    assert captions(tmp_path / "out") == {CAPTION.format(0), CAPTION.format(1)}
    assert "README.md" not in fetched


@pytest.mark.parametrize(
    ("source", "status", "why"),
    [
        ("hf://name", 2, "is no dataset on the Hub: write hf://user/name"),
        ("hf://no/one", 2, "there is no dataset no/one that you may see on the Hub"),
        (f"{SOURCE}/data/*.parquet", 2, "has no file like data/*.parquet"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, source: str, status: int, why: str) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/README.md").write_text("# A dataset")
    with hub(tmp_path / "repo") as (endpoint, _):
        done = built(endpoint, tmp_path, source)
    assert done.returncode == status
    assert why in done.stderr


def test_a_hub_that_is_away_is_told(tmp_path: Path) -> None:
    done = built("http://127.0.0.1:9", tmp_path)
    assert done.returncode == 1
    assert "the Hub can't be asked for hf://user/name" in done.stderr
